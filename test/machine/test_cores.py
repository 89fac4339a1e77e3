import os
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from glm4v_ros.machine import cores as module
from glm4v_ros.machine.cores import Cores


@pytest.fixture
def machine(monkeypatch):
    """Of four cores, whose use of each is told to it in cores."""

    class Machine:
        now, busy, own = 100.0, 50.0, 20.0

        def run(self, seconds, others, own=0.0):
            self.now += seconds
            self.busy += seconds * (others + own)
            self.own += seconds * own

        def open(self, _path):
            ticks = round(self.busy / 4 * os.sysconf("SC_CLK_TCK"))
            return _Lines([f"cpu{core} {ticks} 999 0 0 0 0 0 0 0 0" for core in range(5)])

    class _Lines(list):
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    machine = Machine()
    monkeypatch.setattr(module.os, "sched_getaffinity", lambda _: {0, 1, 2, 3})
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: machine.now, process_time=lambda: machine.own))
    monkeypatch.setattr(module, "open", machine.open, raising=False)
    return machine


@pytest.mark.parametrize("others, own, free", [(0.0, 0.0, 4), (0.0, 4.0, 4), (0.3, 3.7, 4), (1.0, 3.0, 3), (2.0, 1.0, 2), (4.0, 0.0, 1)])
def test_what_others_leave(machine, others, own, free):
    cores = Cores(0)
    for _ in range(12):
        machine.run(0.25, others, own)
        cores.look()
    assert cores.free == free


def test_never_more_than_wanted_and_never_none(machine):
    assert Cores(3).free == 3
    cores = Cores(3)
    for _ in range(12):
        machine.run(0.25, 9.0)
        cores.look()
    assert cores.free == 1
    for _ in range(12):
        machine.run(0.25, 0.0)
        cores.look()
    assert cores.free == 3


def test_a_program_beside_this_one_is_seen():
    allowed = len(os.sched_getaffinity(0))
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(allowed)]
    try:
        cores, end = Cores(0), time.monotonic() + 30
        while cores.free > 1:
            assert time.monotonic() < end
            time.sleep(0.05)
            cores.look()
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()

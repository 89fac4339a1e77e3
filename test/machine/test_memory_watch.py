import os
import subprocess
import sys
import time

import pytest

from glm4v_ros.machine.memory_watch import MemoryWatch


@pytest.fixture
def nvidia_smi(tmp_path, monkeypatch):
    """One that prints these lines and ends when it is told to."""

    def install(*lines):
        smi = tmp_path / "nvidia-smi"
        smi.write_text("#!/bin/sh\n" + "".join(f"echo '{line}'\n" for line in lines) + "exec sleep 60\n")
        smi.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    return install


def await_that(condition, patience=60.0):
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_gpu_is_measured_over_what_was_taken_before(nvidia_smi):
    nvidia_smi("1000", "1500", "1200")
    with MemoryWatch(processes=False) as memory:
        await_that(lambda: memory.now_mib == 200)
    assert memory.gpu_mib == 500


def test_a_gpu_that_does_not_tell_is_left_out(nvidia_smi):
    nvidia_smi("[N/A]")
    with MemoryWatch(processes=False) as memory:
        pass
    assert memory.gpu_mib == 0


def test_child_processes_count_together(monkeypatch):
    monkeypatch.setenv("PATH", "")
    script = "x = bytearray(b'x') * (64 << 20); print(1, flush=True); input()"
    with MemoryWatch() as memory:
        children = [
            subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(2)
        ]
        for child in children:
            child.stdout.readline()
        await_that(lambda: memory.resident_mib >= 128)
        for child in children:
            child.communicate(b"\n")
    assert 128 <= memory.resident_mib < 256

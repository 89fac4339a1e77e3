"""What is done to the node. Each fault returns the steady time from which a question should be answered again."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, cycle
from pathlib import Path

from soaking.vqa import Vqa, wait_until

FLOOD, GARBAGE, VANISHING = 200, 10, 4  # requests
KINDS = {  # in the order in which they come
    "worker killed": "_kill",
    "worker stopped": "_stop",
    "camera gone": "_camera_gone",
    "model cut": "_model_cut",
    "memory limit": "_memory_limit",
    "garbage pictures": "_garbage",
    "flood of 200": "_flood",
    "client vanished": "_client_vanished",
    "clock jump": "_clock_jump",
    "model cut in place": "_model_cut_in_place",
    "no memory for the worker": "_no_memory",
    "clock jump, no camera": "_clock_jump_without_camera",
    "model cut for long": "_model_cut_for_long",
    "disk full": "_disk_full",  # only with an evidence log
}
RARE = {"model cut for long": 4}  # in one of so many rounds: for a while the node refuses everything, as it should


@dataclass
class Fault:
    """One that was injected. Times are steady, in seconds."""

    kind: str
    at: float
    over: float = 0.0  # the cause is gone, or was a moment's
    recovered: float = 0.0  # the first right answer to a question that was asked after that
    note: str = ""

    @property
    def recovery(self) -> float | None:
        return self.recovered - self.over if self.recovered else None


class Faults:
    """The kinds in turn (all of KINDS where none are named); ``send`` posts requests of the faults' own: (word, how many)."""

    def __init__(
        self,
        vqa: Vqa,
        model: Path,
        camera: Callable[[str], None],
        send: Callable[[str, int], None],
        vanish: Callable[[int], None],
        kinds: Sequence[str] = (),
        disk: Path | None = None,
    ):
        self._vqa, self._model, self._camera, self._send, self._vanish = vqa, model, camera, send, vanish
        self._whole = model.with_suffix(".whole")
        shutil.copy(model, self._whole)
        self._jumps = cycle((3600.0, -3600.0, -30.0, 30.0))
        self._disk = disk  # of the evidence log
        self._turn = _in_turn(kinds or [kind for kind in KINDS if disk or kind != "disk full"], {} if kinds else RARE)

    def inject(self) -> Fault:
        kind = next(self._turn)
        fault = Fault(kind, time.monotonic())
        try:
            fault.over = getattr(self, KINDS[kind])()
        except Exception as error:
            fault.note, fault.over = f"{type(error).__name__}: {error}", time.monotonic()
        return fault

    def _kill(self) -> float:
        self._signal(signal.SIGKILL)
        return time.monotonic()

    def _stop(self) -> float:
        """Nothing continues it: the watchdog has to find out."""
        self._signal(signal.SIGSTOP)
        return time.monotonic()

    def _camera_gone(self, seconds: float = 4.0) -> float:
        self._camera("stop")
        time.sleep(seconds)
        self._camera("go")
        return time.monotonic()

    def _model_cut(self) -> float:
        """Another file in its place, as an interrupted update leaves it, and a worker that has to start from it."""
        self._cut()
        self._signal(signal.SIGKILL)
        time.sleep(1.5)
        return self._put_back()

    def _model_cut_in_place(self) -> float:
        """The very file that the worker has mapped loses its second half."""
        os.truncate(self._model, self._whole.stat().st_size // 2)
        time.sleep(1.5)
        return self._put_back()

    def _model_cut_for_long(self) -> float:
        """Until no further worker is started; then only a lifecycle transition helps."""
        self._cut()
        self._signal(signal.SIGKILL)
        if not wait_until(lambda: self._vqa.level("engine") == 2, 60.0):
            raise TimeoutError("the node did not go to the error state")
        self._put_back()
        over = time.monotonic()
        if not self._vqa.change_state("deactivate", "activate"):
            raise RuntimeError(f"the node did not become active again: {self._vqa.message('node')}")
        return over

    def _memory_limit(self) -> float:
        """The worker is suddenly over its limit, and so is the next one until the limit is taken back."""
        worker = self._vqa.worker
        self._vqa.set("memory_limit_mib", 60)
        ended = wait_until(lambda: self._vqa.worker != worker, 20.0)
        self._vqa.set("memory_limit_mib", 0)
        if not ended:
            raise TimeoutError("the worker over its limit was not ended")
        return time.monotonic()

    def _no_memory(self) -> float:
        """The kernel refuses the worker every further byte."""
        resource.prlimit(self._vqa.worker, resource.RLIMIT_DATA, (1 << 20, 1 << 20))
        return time.monotonic()

    def _garbage(self) -> float:
        self._send("garbage", GARBAGE)
        return time.monotonic()

    def _flood(self) -> float:
        self._send("flood", FLOOD)
        return time.monotonic()

    def _client_vanished(self) -> float:
        self._vanish(VANISHING)
        return time.monotonic()

    def _clock_jump(self) -> float:
        self._camera(f"jump {next(self._jumps)}")
        return time.monotonic()

    def _clock_jump_without_camera(self) -> float:
        """The last picture must not become fresh again."""
        self._camera("stop")
        time.sleep(3.0)
        self._camera("jump -3600")
        time.sleep(2.0)
        self._camera("jump 3600")
        self._camera("go")
        return time.monotonic()

    def _disk_full(self) -> float:
        """Somebody else fills the disk of the evidence log: no question is answered that cannot be recorded."""
        filler = self._disk / "filler"
        try:
            end = time.monotonic() + 3.0
            with filler.open("wb", buffering=0) as file:
                while time.monotonic() < end:  # the log may give way, and gets nothing from that
                    with contextlib.suppress(OSError):
                        file.write(bytes(1 << 16))
                        continue
                    time.sleep(0.01)
        finally:
            filler.unlink()
        return time.monotonic()

    def _signal(self, number: int) -> None:
        wait_until(lambda: self._vqa.worker, 20.0)
        os.kill(self._vqa.worker, number)

    def _cut(self) -> None:
        cut = self._model.with_suffix(".cut")
        cut.write_bytes(self._whole.read_bytes()[: self._whole.stat().st_size // 2])
        cut.replace(self._model)

    def _put_back(self) -> float:
        whole = self._model.with_suffix(".new")
        shutil.copy(self._whole, whole)
        whole.replace(self._model)
        return time.monotonic()


def _in_turn(kinds: Sequence[str], rare: Mapping[str, int]) -> Iterator[str]:
    for number in count():
        yield from (kind for kind in kinds if number % rare.get(kind, 1) == 0)


def vanish(name: str, goals: int, directory: Path) -> tuple[int, int]:
    """A client that is killed in the middle of its goals: how many it had sent, and how many were accepted."""
    run = subprocess.run(
        [sys.executable, "-m", "soaking.asker", name, "--vanish", str(goals)],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
    )
    if run.returncode != -signal.SIGKILL:
        raise RuntimeError(f"the vanishing client ended with {run.returncode}")
    told = json.loads(run.stdout)
    return told["sent"], told["accepted"]

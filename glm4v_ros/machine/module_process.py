"""A module of this package that runs in a process of its own, with a channel to it."""

from __future__ import annotations

import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import glm4v_ros
from glm4v_ros.machine.channel import Channel

_log = logging.getLogger(__name__)

_END_PATIENCE = 2.0  # seconds between closing its socket and SIGKILL


def start_module(module: str, environment: Mapping[str, str]) -> tuple[subprocess.Popen, Channel]:
    """A fresh interpreter runs ``module``, whose one argument is the number of the channel's descriptor there. It finds the
    very modules that this process found, however it found them. Raises OSError.
    """
    package_root = str(Path(glm4v_ros.__file__).resolve().parent.parent)
    path = dict.fromkeys([package_root, *(entry for entry in sys.path if entry)])
    channel, theirs = Channel.pair()
    try:
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", module, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=2,  # stdout is for answers
                cwd="/",  # -m puts the working directory before everything else on the module path
                env={**environment, "PYTHONPATH": os.pathsep.join(path)},
            )
    except BaseException:
        channel.close()
        raise
    return process, channel


class ModuleProcess:
    """One of them. ``send`` never blocks."""

    def __init__(self, module: str, environment: Mapping[str, str]):
        """As ``start_module``."""
        self._process, self._channel = start_module(module, environment)
        self._started_at = time.monotonic()
        self._outbox: queue.SimpleQueue = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, name="glm4v-write", daemon=True)
        self._writer.start()

    @property
    def age(self) -> float:
        """Seconds since it was started."""
        return time.monotonic() - self._started_at

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, message: Any, fds: Iterable[int] = (), on_error: Callable[[OSError], None] = lambda _: None) -> None:
        """``fds`` is run through a little later in another thread, and what it gives is closed; ``on_error`` is called there when it
        raises, and then nothing is sent. What is sent to a dead process is lost."""
        self._outbox.put((message, fds, on_error))

    def hang_up(self) -> None:
        """Ends ``receive`` with EOFError; the process ends by itself when it notices."""
        self._channel.hang_up()

    def receive(self, timeout: float | None = None) -> Any:
        """Its next message. Raises EOFError once it is gone, TimeoutError."""
        return self._channel.receive(timeout)[0]

    def kill(self) -> None:
        self._process.kill()

    def close(self, patiently: bool = True) -> int:
        """Ends the process if it has not ended, and returns its exit code."""
        self._outbox.put(None)
        self._writer.join(_END_PATIENCE if patiently else 0)
        self._channel.close()
        try:
            return self._process.wait(_END_PATIENCE if patiently else 0.01)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _write(self) -> None:
        gone = False
        while (item := self._outbox.get()) is not None:
            if gone:
                continue
            message, descriptors, on_error = item
            fds: list[int] = []
            try:
                fds += descriptors
            except OSError as error:  # such as too many open files
                on_error(error)
            else:
                gone = not self._sent(message, fds)
            finally:
                for fd in fds:
                    os.close(fd)

    def _sent(self, message: Any, fds: list[int]) -> bool:
        """False when the process is gone: then it is, and nobody waits for it for ever."""
        try:
            self._channel.send(message, fds)
        except OSError as error:
            _log.debug("process %d cannot be told: %s", self.pid, error)
            self._process.kill()
            return False
        return True


def exit_reason(code: int, advice: str) -> str:
    """What an exit code says to a person, and what to do: ``advice``, unless that would not help."""
    if code == -signal.SIGILL:
        return (
            "(SIGILL): llama.cpp was built for another processor, which has instructions that this one lacks; build it here, or with "
            "CMAKE_ARGS=-DGGML_NATIVE=OFF for any processor of this kind"
        )
    reason = f"signal {-code}" if code < 0 else f"exit code {code}"
    if code == -signal.SIGKILL:
        reason = "SIGKILL: the kernel may have run out of memory"
    elif code == -signal.SIGBUS:
        reason = "SIGBUS: a model file was cut short, or its disk failed, while it was in use"
    return f"({reason}); {advice}"

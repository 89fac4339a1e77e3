"""The client's hold on one worker process."""

from __future__ import annotations

import logging
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from glm4v_ros.engine.config import WorkerConfig
from glm4v_ros.engine.messages import Start
from glm4v_ros.machine.module_process import start_module
from glm4v_ros.vision import shared_frame
from glm4v_ros.vision.frame import Frame

_log = logging.getLogger(__name__)

_END_PATIENCE = 2.0  # seconds between closing the worker's socket and SIGKILL


class WorkerProcess:
    """A fresh interpreter without rclpy. ``send`` never blocks."""

    def __init__(self, config: WorkerConfig):
        self._process, self._channel = start_module(config.worker, _environment())
        self._started_at = time.monotonic()
        self._outbox: queue.SimpleQueue = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, name="glm4v-write", daemon=True)
        self._writer.start()
        self.send(Start(config.portable, logging.getLogger("glm4v_ros").getEffectiveLevel()))

    @property
    def age(self) -> float:
        """Seconds since it was started."""
        return time.monotonic() - self._started_at

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(
        self, message: Any, frames: Sequence[Frame] = (), on_error: Callable[[OSError], None] = lambda _: None
    ) -> None:
        """The frames' pixels are copied a little later; ``on_error`` is called from another thread when they cannot be, and then
        nothing is sent. What is sent to a dead worker is lost."""
        self._outbox.put((message, frames, on_error))

    def hang_up(self) -> None:
        """Ends ``receive`` with EOFError; the worker ends by itself when it notices."""
        self._channel.hang_up()

    def receive(self, timeout: float) -> Any:
        """The worker's next message. Raises EOFError once it is gone, TimeoutError."""
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
            message, frames, on_error = item
            fds: list[int] = []
            try:
                fds += map(shared_frame.descriptor, frames)
            except OSError as error:  # such as too many open files
                on_error(error)
            else:
                gone = not self._sent(message, fds)
            finally:
                for fd in fds:
                    os.close(fd)

    def _sent(self, message: Any, fds: list[int]) -> bool:
        """False when the worker is gone: then it is, and no question waits for it for ever."""
        try:
            self._channel.send(message, fds)
        except OSError as error:
            _log.debug("the worker cannot be told: %s", error)
            self._process.kill()
            return False
        return True


def _environment() -> dict[str, str]:
    return {
        "CUBLAS_WORKSPACE_CONFIG": ":4096:2",  # 8 MiB a handle, not 32
        **os.environ,
        "GGML_NO_BACKTRACE": "1",  # else a debugger attaches when llama.cpp aborts
    }


def exit_reason(code: int) -> str:
    """What an exit code says to a person."""
    if code == -9:
        return "SIGKILL: the kernel may have run out of memory"
    if code == -signal.SIGBUS:
        return "SIGBUS: a model file was cut short, or its disk failed, while it was in use"
    return f"signal {-code}" if code < 0 else f"exit code {code}"

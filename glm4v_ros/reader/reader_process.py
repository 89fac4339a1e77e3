"""The client's hold on one reader process."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
from typing import Any

from glm4v_ros.machine.memory import resident_mib
from glm4v_ros.machine.module_process import start_module
from glm4v_ros.reader.config import ReaderConfig
from glm4v_ros.reader.messages import Start
from glm4v_ros.vision import shared_frame
from glm4v_ros.vision.frame import Frame

_END_PATIENCE = 2.0  # seconds between closing its socket and SIGKILL


class ReaderProcess:
    """A fresh interpreter without rclpy. It ends with the thread that started it."""

    def __init__(self, config: ReaderConfig):
        self._process, self._channel = start_module("glm4v_ros.reader.worker", _environment(config.threads))
        self._channel.send(Start(config, logging.getLogger("glm4v_ros").getEffectiveLevel()))

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def resident_mib(self) -> float:
        """0 once it is gone."""
        return resident_mib(self.pid)

    @property
    def fate(self) -> str:
        """How it ended."""
        code = self._process.wait()
        if code == -signal.SIGKILL:
            return "SIGKILL: the kernel may have run out of memory"
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def send(self, message: Any, frame: Frame | None = None) -> None:
        """With the frame's pixels beside it. Raises OSError when the process is gone or the frame cannot be copied."""
        fds = [shared_frame.descriptor(frame)] if frame else []
        try:
            self._channel.send(message, fds)
        finally:
            for fd in fds:
                os.close(fd)

    def receive(self, timeout: float) -> Any:
        """Its next message. Raises EOFError once it is gone, TimeoutError."""
        return self._channel.receive(timeout)[0]

    def close(self, patiently: bool = True) -> None:
        """Ends it if it has not ended."""
        self._channel.close()
        try:
            self._process.wait(_END_PATIENCE if patiently else 0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _environment(threads: int) -> dict[str, str]:
    return {
        **os.environ,
        "OMP_NUM_THREADS": str(threads),
        "OPENBLAS_NUM_THREADS": str(threads),
    }

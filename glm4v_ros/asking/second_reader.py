"""The second reader of an activation, and what became of its pictures lately."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from functools import partial
from typing import Protocol

from glm4v_ros.errors import NotRead
from glm4v_ros.reader.line import Line
from glm4v_ros.vision.frame import Frame


class Reader(Protocol):
    """As reader/client.py's SecondReader."""

    @property
    def missing(self) -> str: ...

    @property
    def pid(self) -> int: ...

    def read(self, frame: Frame) -> Future[tuple[Line, ...]]: ...

    def close(self) -> None: ...


class WatchedReader:
    """Hands pictures on to a reader and counts what comes back. May be used by any thread."""

    def __init__(self, reader: Reader):
        self._reader = reader
        self._lock = threading.Lock()
        self.pictures = 0  # read
        self.failures = 0
        self.last_failure = ""  # why; what was cancelled is none
        self._failed_at = float("-inf")
        self._seconds = 0.0

    @property
    def missing(self) -> str:
        """What is not installed and how to install it; empty: all is there."""
        return self._reader.missing

    @property
    def pid(self) -> int:
        """The process's, 0 while none runs."""
        return self._reader.pid

    @property
    def failure_age(self) -> float:
        """Seconds since a picture could not be read; infinite if none could not, or one could since."""
        return time.monotonic() - self._failed_at

    @property
    def mean_seconds(self) -> float:
        """That a picture took, its wait included."""
        return self._seconds / self.pictures if self.pictures else 0.0

    def read(self, frame: Frame) -> Future[tuple[Line, ...]]:
        """The lines of print; ends with NotRead. Never waits."""
        reading = self._reader.read(frame)
        if not self.missing:
            reading.add_done_callback(partial(self._note, time.monotonic()))
        return reading

    def close(self) -> None:
        """Returns at once; the process, which may hang, ends by itself or is ended within seconds."""
        # Not a daemon: Python waits for it at its end, so that no process is left.
        threading.Thread(target=self._reader.close, name="end second reader").start()

    def _note(self, begun: float, reading: Future) -> None:
        if reading.cancelled():
            return
        error = reading.exception()
        with self._lock:
            if error is None:
                self.pictures += 1
                self._seconds += time.monotonic() - begun
                self._failed_at = float("-inf")
            elif isinstance(error, NotRead):
                self.failures += 1
                self.last_failure, self._failed_at = str(error), time.monotonic()

"""A second reader without a process, which finds what a test says."""

from __future__ import annotations

from concurrent.futures import Future

from glm4v_ros.errors import NotRead
from glm4v_ros.reader.config import ReaderConfig
from glm4v_ros.reader.line import Line
from glm4v_ros.vision.frame import Frame


class ScriptedReader:
    """SecondReader's contract. ``prints`` has the lines of frames by their keys; of another one it finds nothing. Behind ``hold``
    it reads nothing until ``release``."""

    missing, pid = "", 0

    def __init__(self, config: ReaderConfig):
        self.config = config
        self.prints: dict[str, tuple[Line, ...]] = {}
        self.read_keys: list[str] = []
        self.closed = False
        self._held: list[tuple[Future, Frame]] | None = None

    def read(self, frame: Frame) -> Future[tuple[Line, ...]]:
        self.read_keys.append(frame.key)
        reading: Future[tuple[Line, ...]] = Future()
        if self._held is None:
            self._end(reading, frame)
        else:
            self._held.append((reading, frame))
        return reading

    def hold(self) -> None:
        self._held = []

    def release(self) -> None:
        held, self._held = self._held or [], None
        for reading, frame in held:
            self._end(reading, frame)

    def _end(self, reading: Future, frame: Frame) -> None:
        if self.missing:
            reading.set_exception(NotRead(self.missing))
        else:
            reading.set_result(self.prints.get(frame.key, ()))

    def close(self) -> None:
        self.closed = True

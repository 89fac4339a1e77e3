"""What the reader's client and its process say to each other."""

from __future__ import annotations

from dataclasses import dataclass

from glm4v_ros.errors import NotRead
from glm4v_ros.reader.config import ReaderConfig
from glm4v_ros.reader.line import Line
from glm4v_ros.vision.shared_frame import FrameHeader


@dataclass(frozen=True)
class Start:
    """The first message."""

    config: ReaderConfig
    log_level: int


@dataclass(frozen=True)
class Read:
    """The frame's pixels travel beside it as a file descriptor."""

    frame: FrameHeader


@dataclass(frozen=True)
class Cancel:
    key: str


@dataclass(frozen=True)
class Ready:
    """The models are loaded."""


@dataclass(frozen=True)
class Lines:
    key: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Failed:
    """An empty key: the process cannot read at all, and ends."""

    key: str
    error: NotRead

"""What the engine client and its worker say to each other. Each is a small picklable dataclass."""

from __future__ import annotations

from dataclasses import dataclass

from glm4v_ros.engine.answer import Answer
from glm4v_ros.engine.config import WorkerConfig
from glm4v_ros.engine.question import Question
from glm4v_ros.errors import VqaError
from glm4v_ros.vision.shared_frame import FrameHeader


# Client to worker.
@dataclass(frozen=True)
class Start:
    """The first message."""

    config: WorkerConfig
    log_level: int


@dataclass(frozen=True)
class Ask:
    """A question; its frames travel beside it as file descriptors, in order. ``taken_at`` is time.monotonic()."""

    question: Question
    frames: tuple[FrameHeader, ...]
    taken_at: float


@dataclass(frozen=True)
class Warm:
    """Encode this frame when there is nothing better to do; it replaces the one asked for before."""

    frame: FrameHeader
    system_prompt: str
    max_image_tokens: int


@dataclass(frozen=True)
class Cancel:
    request_id: str


@dataclass(frozen=True)
class ResetSession:
    """Empty: every session."""

    session_id: str


# Worker to client.
@dataclass(frozen=True)
class Loading:
    """How much of the model is in memory, 0 to 1."""

    fraction: float


@dataclass(frozen=True)
class Ready:
    """The model is loaded."""

    device: str
    gpu_offload: bool
    context_tokens: int


@dataclass(frozen=True)
class Done:
    answer: Answer


@dataclass(frozen=True)
class Failed:
    """``request_id`` is empty when the worker itself could not start or cannot go on."""

    request_id: str
    error: VqaError


@dataclass(frozen=True)
class Encoded:
    """The frame's image tokens are there: a question about it pays only for its own words."""

    frame_key: str


@dataclass(frozen=True)
class Evicted:
    frame_key: str


@dataclass(frozen=True)
class Beat:
    """A sign of life. ``progress`` grows whenever work was done; it may stand still only while ``busy`` is False."""

    stage: str
    busy: bool
    progress: int
    tokens_per_second: float = 0.0
    prefix_tokens: int = 0  # KV cells kept for frames and sessions
    used_tokens: int = 0  # KV cells in use altogether
    embedding_bytes: int = 0
    resident_mib: float = 0.0

"""What turns a frame into image tokens for a language model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Union

import numpy as np

from glm4v_ros.vision.frame import Frame


@dataclass(frozen=True, eq=False)
class TokenRun:
    """Text tokens inside an image, such as its begin and end markers. Each takes one cell and one position."""

    tokens: tuple[int, ...]

    @property
    def count(self) -> int:
        return len(self.tokens)

    @property
    def advance(self) -> int:
        return len(self.tokens)

    @property
    def nbytes(self) -> int:
        return 0


@dataclass(frozen=True, eq=False)
class EmbeddingRun:
    """Image embeddings in the language model's input space.

    ``embeddings`` is contiguous, (n, d), float32 or, rounded, float16. ``positions`` is (p, n), int32, p being 4 with
    M-RoPE (time, row, column, extra) and 1 without; relative to the run's first position, but for the extra stream, which is absolute (it
    is 0 in text). Time never falls. ``advance`` is how far the position of what follows lies behind the run's first
    position.
    """

    embeddings: np.ndarray
    positions: np.ndarray
    advance: int

    def __post_init__(self):
        embeddings = self.embeddings
        if embeddings.dtype not in (np.float32, np.float16) or embeddings.ndim != 2 or not embeddings.flags.c_contiguous:
            raise ValueError("embeddings are a contiguous (n, d) float32 or float16 array")
        if self.positions.dtype != np.int32 or self.positions.shape[1:] != self.embeddings.shape[:1]:
            raise ValueError("positions are a (p, n) int32 array, n as in the embeddings")

    @property
    def count(self) -> int:
        return len(self.embeddings)

    @property
    def nbytes(self) -> int:
        return self.embeddings.nbytes + self.positions.nbytes


Run = Union[TokenRun, EmbeddingRun]


@dataclass(frozen=True, eq=False)
class ImageTokens:
    """One image as the language model reads it: runs in order, each in KV cells of its own."""

    runs: tuple[Run, ...]

    @property
    def count(self) -> int:
        """KV cells."""
        return sum(run.count for run in self.runs)

    @property
    def advance(self) -> int:
        """How many positions the image takes."""
        return sum(run.advance for run in self.runs)

    @property
    def nbytes(self) -> int:
        return sum(run.nbytes for run in self.runs)


class EncodeStopped(Exception):
    """``should_stop`` said so before the image was encoded."""


class VisionTower(ABC):
    """A vision model and its projector.

    All methods are called from one thread at a time. ``progress``, given at construction, is called with no argument
    from inside ``load`` and ``encode`` whenever a piece of work is done: a watchdog listens.
    """

    @property
    @abstractmethod
    def loaded(self) -> bool:
        """Whether the weights are in memory."""

    @abstractmethod
    def load(self) -> None:
        """Brings the weights into memory; nothing to do when they are. Raises EngineFailed, OutOfMemory,
        Unsupported."""

    @abstractmethod
    def free(self) -> None:
        """Gives weights and buffers back; ``load`` brings them back. Image tokens made before stay valid."""

    @abstractmethod
    def encode(self, frame: Frame, max_tokens: int = 0, should_stop: Callable[[], bool] = lambda: False) -> ImageTokens:
        """Encodes one frame into at most ``max_tokens`` embeddings (0: the tower's own cap).

        The tower must be loaded. Raises EncodeStopped soon after ``should_stop()`` turned true, BadImage for a frame
        that it cannot take, Unsupported for a budget that it cannot meet, EngineFailed when llama.cpp fails.
        """

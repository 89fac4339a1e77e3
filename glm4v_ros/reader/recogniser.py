"""What another reader must be able to do."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from glm4v_ros.reader.line import Line


class Interrupted(Exception):
    """The picture is not read to its end: ``interrupt`` was called."""


class Recogniser(Protocol):
    """Runs in the reader's process.

    A module that offers one has two functions: ``missing()`` tells in the caller's process what is not installed and how
    to install it, "" when all is there, and imports nothing heavy; ``load(config)`` gives the recogniser and may raise
    NotRead.
    """

    def lines(self, rgb: np.ndarray) -> list[Line]:
        """Of (height, width, 3) uint8, in reading order. Raises Interrupted, NotRead."""

    def interrupt(self) -> None:
        """Ends ``lines``, which runs in another thread, soon."""

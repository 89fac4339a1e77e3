"""A prompt, and the answer that grows on it, in the KV cache."""

from __future__ import annotations

import numpy as np

from glm4v_ros.engine.layout import ImageSegment, Layout, TextSegment
from glm4v_ros.vision.half import whole


class Sequence:
    """Knows what is meant to lie in its cells and how much of it does.

    The first ``shared`` cells belong to ``base``; the rest, filled or only reserved, is its own.
    """

    def __init__(
        self, seq_id: int, layout: Layout, base: Sequence | None, shared: int, reserved: int, on_device: bool = False
    ):
        self.seq_id = seq_id
        self.on_device = on_device  # its next token is chosen in the graph, not on the host
        self.layout = layout
        self.base = base
        self.shared = shared
        self.cells = shared  # filled
        self.attached = False  # whether the shared cells are really there: not before ``base`` is ready
        self.reserved = reserved  # cells of its own that it may fill
        self.users = 0  # sequences that share its cells or requests that wait for them
        self.kept = False  # stays when nobody uses it, until the room is needed
        self.last_used = 0
        self.alive = True

    @property
    def ready(self) -> bool:
        return self.cells == self.layout.cells

    @property
    def waiting(self) -> bool:
        """Its base is still being prefilled."""
        return not self.attached and self.base is not None and not self.base.ready

    @property
    def idle(self) -> bool:
        return self.kept and not self.users

    @property
    def room(self) -> int:
        """Cells that may still be added."""
        return self.shared + self.reserved - self.layout.cells

    @property
    def position(self) -> int:
        """Of the next cell to be filled."""
        return self.layout.position(self.cells)

    @property
    def next_is_image(self) -> bool:
        return self.image_cells_left > 0

    @property
    def image_cells_left(self) -> int:
        """Of the image that is being prefilled."""
        if self.ready:
            return 0
        segment, start = self.layout.segment_at(self.cells)
        return segment.count - start if isinstance(segment, ImageSegment) else 0

    def next_tokens(self, most: int) -> list[int]:
        """What is to be prefilled next, when it is text."""
        segment, start = self.layout.segment_at(self.cells)
        assert isinstance(segment, TextSegment)
        return segment.tokens[start : start + most]

    def next_embeddings(self, most: int) -> tuple[np.ndarray, np.ndarray]:
        """What is to be prefilled next, when it is an image: embeddings (n, d) float32 and absolute positions (p, n)."""
        segment, start = self.layout.segment_at(self.cells)
        assert isinstance(segment, ImageSegment)
        positions = segment.run.positions[:, start : start + most].copy()
        positions[:3] += self.position  # the extra stream is absolute
        return whole(segment.run.embeddings[start : start + most]), positions

    def append(self, token: int) -> None:
        """Adds a token that was chosen; the next decode puts it into its cell."""
        self.layout.add_tokens((token,))

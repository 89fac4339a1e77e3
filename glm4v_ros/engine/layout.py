"""A prompt as it lies in the KV cache: text and images, cells and positions."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Union

from glm4v_ros.vision.tower import EmbeddingRun, ImageTokens, TokenRun


@dataclass(eq=False)
class TextSegment:
    """Tokens; each takes one cell and one position."""

    tokens: list[int] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.tokens)

    @property
    def advance(self) -> int:
        return len(self.tokens)

    def common(self, other: Segment) -> int:
        """How many leading cells agree."""
        if not isinstance(other, TextSegment):
            return 0
        if self.tokens == other.tokens:
            return len(self.tokens)
        pairs = zip(self.tokens, other.tokens)
        return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(self.tokens), len(other.tokens)))


@dataclass(eq=False)
class ImageSegment:
    """One run of image embeddings. ``identity`` names its content: frame, token budget, number of the run."""

    identity: tuple[str, int, int]
    run: EmbeddingRun

    @property
    def count(self) -> int:
        return self.run.count

    @property
    def advance(self) -> int:
        return self.run.advance

    def common(self, other: Segment) -> int:
        return self.count if isinstance(other, ImageSegment) and self.identity == other.identity else 0


Segment = Union[TextSegment, ImageSegment]


class Layout:
    """Segments in order; two texts never follow each other, so that equal prompts have equal segments."""

    def __init__(self):
        self.segments: list[Segment] = []
        self._starts: list[tuple[int, int]] = []  # first cell and position of each
        self.cells = 0
        self.positions = 0
        #: Cells up to the last image token: what another question about the same frames can share. The marker behind an
        #: image goes with the question's words; alone it would take a decode of its own.
        self.frame_cells = 0

    def add_tokens(self, tokens) -> None:
        if not tokens:
            return
        if not self.segments or not isinstance(self.segments[-1], TextSegment):
            self._begin(TextSegment())
        self.segments[-1].tokens.extend(tokens)
        self.cells += len(tokens)
        self.positions += len(tokens)

    def add_image(self, frame_key: str, budget: int, image: ImageTokens) -> None:
        for index, run in enumerate(image.runs):
            if isinstance(run, TokenRun):
                self.add_tokens(run.tokens)
            else:
                self._add_segment(ImageSegment((frame_key, budget, index), run))

    def _add_segment(self, segment: ImageSegment) -> None:
        self._begin(segment)
        self.cells += segment.count
        self.positions += segment.advance
        self.frame_cells = self.cells

    def _begin(self, segment: Segment) -> None:
        self.segments.append(segment)
        self._starts.append((self.cells, self.positions))

    @property
    def text(self) -> Iterator[int]:
        """All tokens, without the images between them."""
        return (token for segment in self.segments if isinstance(segment, TextSegment) for token in segment.tokens)

    @property
    def image_cells(self) -> int:
        return sum(segment.count for segment in self.segments if isinstance(segment, ImageSegment))

    @property
    def frame_keys(self) -> set[str]:
        return {segment.identity[0] for segment in self.segments if isinstance(segment, ImageSegment)}

    def common(self, other: Layout) -> int:
        """How many leading cells agree, never a part of an image."""
        cells = 0
        for ours, theirs in zip(self.segments, other.segments):
            agreed = ours.common(theirs)
            cells += agreed
            if agreed < max(ours.count, theirs.count):
                break
        return cells

    def head(self, cells: int) -> Layout:
        """The first ``cells`` cells, a copy; the border lies in text or between segments."""
        head = Layout()
        for segment in self.segments:
            room = cells - head.cells
            if room <= 0:
                break
            if isinstance(segment, TextSegment):
                head.add_tokens(segment.tokens[:room])
            else:
                head._add_segment(segment)
        return head

    def position(self, cells: int) -> int:
        """The position of the first token after ``cells`` cells; inside an image, the image's own first position."""
        if cells >= self.cells:
            return self.positions
        segment, start = self.segment_at(cells)
        return self._starts[self._index(cells)][1] + (start if isinstance(segment, TextSegment) else 0)

    def segment_at(self, cells: int) -> tuple[Segment, int]:
        """The segment that holds this cell, and how far into it the cell lies."""
        if not 0 <= cells < self.cells:
            raise IndexError(f"cell {cells} of {self.cells}")
        index = self._index(cells)
        return self.segments[index], cells - self._starts[index][0]

    def _index(self, cells: int) -> int:
        return bisect.bisect_right(self._starts, (cells, self.positions)) - 1

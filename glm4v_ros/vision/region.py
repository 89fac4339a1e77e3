"""A part of a picture."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil, floor
from typing import NamedTuple


class Region(NamedTuple):
    """An upright rectangle in pixels; (x, y) is its upper left pixel."""

    x: int
    y: int
    width: int
    height: int

    @classmethod
    def around(cls, points: Iterable[tuple[float, float]], width: int, height: int) -> Region:
        """The smallest that has all points, inside a picture of ``width`` x ``height`` pixels and not empty."""
        xs, ys = zip(*points)
        left, top = min(max(0, floor(min(xs))), width - 1), min(max(0, floor(min(ys))), height - 1)
        right, bottom = min(max(left + 1, ceil(max(xs))), width), min(max(top + 1, ceil(max(ys))), height)
        return cls(left, top, right - left, bottom - top)

    @property
    def corners(self) -> tuple[tuple[int, int], ...]:
        right, bottom = self.x + self.width, self.y + self.height
        return (self.x, self.y), (right, self.y), (right, bottom), (self.x, bottom)

    def overlap(self, other: Region) -> float:
        """Intersection over union, 0 to 1."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        common = max(0, width) * max(0, height)
        return common / (self.width * self.height + other.width * other.height - common)

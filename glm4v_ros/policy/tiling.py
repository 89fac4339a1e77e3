"""A large picture read in parts, for print that the second reader does not find in the whole of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from glm4v_ros.reader.line import Line, Quad
from glm4v_ros.vision.region import Region

SIDE = 1000  # px: in a wall of 2000 px with a line of print alone the reader finds nothing, in one of 1000 px it does
OVERLAP = 120  # px: a line that one tile cuts is whole in the next one, if it is not longer


def tiles(width: int, height: int) -> list[Region]:
    """Parts that cover a picture, each of at most SIDE px a side."""
    return [Region(x, y, across, down) for y, down in _parts(height) for x, across in _parts(width)]


def merged(found: Sequence[tuple[Region, Sequence[Line]]]) -> tuple[Line, ...]:
    """The lines of all parts in pixels of the picture, from the top; of those that lie over each other the longest."""
    lines = [_moved(line, tile) for tile, of_tile in found for line in of_tile]
    kept: list[tuple[Line, Region]] = []
    for line in sorted(lines, key=lambda line: (-len(line.text), -line.confidence)):
        region = _around(line)
        if not any(_covered(region, other) > 0.5 for _, other in kept):
            kept.append((line, region))
    return tuple(sorted((line for line, _ in kept), key=lambda line: (line.quad[0][1], line.quad[0][0])))


def _parts(whole: int) -> list[tuple[int, int]]:
    """Begin and length of each."""
    count = -(-(whole - OVERLAP) // (SIDE - OVERLAP)) if whole > SIDE else 1
    length = -(-(whole + (count - 1) * OVERLAP) // count)
    begins = [number * (whole - length) // (count - 1) for number in range(count)] if count > 1 else [0]
    return [(begin, length) for begin in begins]


def _moved(line: Line, tile: Region) -> Line:
    def moved(quad: Quad) -> Quad:
        return tuple((x + tile.x, y + tile.y) for x, y in quad)

    return replace(line, quad=moved(line.quad), places=tuple(map(moved, line.places)))


def _around(line: Line) -> Region:
    xs, ys = zip(*line.quad)
    return Region(int(min(xs)), int(min(ys)), max(1, round(max(xs) - min(xs))), max(1, round(max(ys) - min(ys))))


def _covered(region: Region, other: Region) -> float:
    """The share of a region that lies in another."""
    width = min(region.x + region.width, other.x + other.width) - max(region.x, other.x)
    height = min(region.y + region.height, other.y + other.height) - max(region.y, other.y)
    return max(0, width) * max(0, height) / (region.width * region.height)

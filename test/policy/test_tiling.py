"""A large picture in parts."""

import pytest
from print_lines import line

from glm4v_ros.policy import tiling
from glm4v_ros.vision.region import Region


@pytest.mark.parametrize("width, height", [(4000, 3000), (1000, 800), (1001, 5), (16000, 1200), (2001, 1999)])
def test_the_parts_cover_the_picture_with_an_overlap(width, height):
    parts = tiling.tiles(width, height)
    assert all(part.width <= tiling.SIDE and part.height <= tiling.SIDE for part in parts)
    assert all(part.x >= 0 and part.y >= 0 and part.x + part.width <= width and part.y + part.height <= height for part in parts)
    for begin, length, whole in (("x", "width", width), ("y", "height", height)):
        edges = sorted({(getattr(part, begin), getattr(part, length)) for part in parts})
        assert edges[0][0] == 0 and sum(edges[-1]) == whole
        assert all(first + long >= second + min(tiling.OVERLAP, whole) for (first, long), (second, _) in zip(edges, edges[1:]))
    assert (len(parts) == 1) == (max(width, height) <= tiling.SIDE)


def test_lines_are_moved_and_those_that_two_parts_have_are_one():
    left, right = Region(0, 0, 1000, 800), Region(880, 0, 1000, 800)
    cut, whole = line("SN1185297", 850, 100), line("SN11852979-A", -30, 100)  # the second part's begins in the first one
    other = line("IP65", 100, 600)
    lines = tiling.merged([(left, [cut, other]), (right, [whole])])
    assert [one.text for one in lines] == ["SN11852979-A", "IP65"]
    assert lines[0].quad[0] == (850, 100) and lines[0].places[0][0] == (850, 100) and lines[1].quad == other.quad


def test_lines_one_below_the_other_stay_two():
    part = Region(0, 0, 1000, 800)
    assert len(tiling.merged([(part, [line("IP65", 0, 0), line("IP65", 0, 45)])])) == 2

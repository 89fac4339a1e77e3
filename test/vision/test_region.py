import pytest

from glm4v_ros.vision.region import Region


def test_around():
    assert Region.around([(1.2, 3.7), (8.1, 5.5)], 100, 50) == (1, 3, 8, 3)
    assert Region.around([(-5, -5), (300, 300)], 100, 50) == (0, 0, 100, 50)
    assert Region.around([(200, 80)], 100, 50) == (99, 49, 1, 1)  # never empty


def test_corners():
    assert Region.around(Region(2, 3, 4, 5).corners, 100, 50) == (2, 3, 4, 5)


def test_overlap():
    one = Region(0, 0, 10, 10)
    assert one.overlap(one) == 1 and one.overlap(Region(10, 0, 5, 5)) == 0
    assert one.overlap(Region(5, 0, 10, 10)) == pytest.approx(1 / 3)

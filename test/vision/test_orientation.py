"""The eight orientations, compared with Pillow's own turning; EXIF blocks, compared with Pillow's reader."""

import io

import numpy as np
import pytest
from jpegs import exif
from PIL import Image, ImageOps

from glm4v_ros.vision.orientation import Orientation

WIDTH, HEIGHT = 48, 32
STORED = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)


@pytest.fixture(params=range(1, 9))
def orientation(request):
    return Orientation(request.param)


@pytest.fixture
def upright(orientation):
    picture = Image.fromarray(STORED)
    picture.getexif()[0x0112] = orientation.value
    return np.asarray(ImageOps.exif_transpose(picture))


def test_turns_as_pillow_does(orientation, upright):
    turned = orientation.upright(STORED)
    assert np.array_equal(turned, upright) and turned.flags.c_contiguous
    assert orientation.size(WIDTH, HEIGHT) == (turned.shape[1], turned.shape[0])
    assert orientation.size(turned.shape[1], turned.shape[0]) == (WIDTH, HEIGHT)


def test_regions_show_the_same_pixels_both_ways(orientation, upright):
    rng = np.random.default_rng(1)
    for _ in range(50):
        x, y = int(rng.integers(WIDTH)), int(rng.integers(HEIGHT))
        region = x, y, int(rng.integers(1, WIDTH - x + 1)), int(rng.integers(1, HEIGHT - y + 1))
        there = orientation.to_upright(region, WIDTH, HEIGHT)
        assert orientation.to_stored(there, WIDTH, HEIGHT) == region
        assert np.array_equal(orientation.upright(cut(STORED, region)), cut(upright, there))


def cut(rgb, region):
    x, y, width, height = region
    return np.ascontiguousarray(rgb[y : y + height, x : x + width])


def test_only_eight_values():
    for value in (0, 9, -1):
        with pytest.raises(ValueError, match="1 to 8"):
            Orientation(value)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("kind", [3, 4])
def test_reads_exif(orientation, order, kind):
    entries = [(0x010F, 2, 4, 0), (0x0112, kind, 1, orientation.value), (0x0213, 3, 1, 1)]
    block = exif(entries, order)
    assert Orientation.from_exif(block) == Orientation.from_exif(block[6:]) == orientation
    pillow = Image.Exif()
    pillow.load(block)
    assert pillow[0x0112] == orientation.value


def test_reads_what_pillow_writes(orientation):
    written = Image.Exif()
    written[0x0112], written[0x010F] = orientation.value, "a maker"
    assert Orientation.from_exif(written.tobytes()) == orientation


@pytest.mark.parametrize("block", [b"", b"Exif\0\0", b"Exif\0\0II*\0", b"II*\0\xff\xff\xff\x7f", b"MM\0*\0\0\0\x08\xff\xff"])
def test_broken_exif_is_upright(block):
    assert Orientation.from_exif(block) == Orientation()


def test_no_orientation_or_a_senseless_one_is_upright():
    assert Orientation.from_exif(exif([(0x010F, 2, 4, 0)])) == Orientation()
    for entry in [(0x0112, 3, 1, 0), (0x0112, 3, 1, 9), (0x0112, 2, 1, 6), (0x0112, 5, 1, 6)]:
        assert Orientation.from_exif(exif([entry])) == Orientation()


def test_cut_anywhere_it_is_what_it_says_or_upright():
    block = exif([(0x010F, 2, 4, 0), (0x0112, 3, 1, 6), (0x0213, 3, 1, 1)])
    for end in range(len(block)):
        assert Orientation.from_exif(block[:end]).value in (1, 6)
    assert Orientation.from_exif(io.BytesIO(block).getbuffer()) == Orientation(6)

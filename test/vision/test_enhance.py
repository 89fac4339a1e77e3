import cv2
import numpy as np
import pytest

from glm4v_ros.errors import BadRequest
from glm4v_ros.vision.enhance import crop, enhance, enhanced, sharpness, span


def plate(dark=20, light=230, blur=0.0, height=500, width=640):
    """Print on a plate, which is not small."""
    rgb = np.full((height, width, 3), light, np.uint8)
    for row, text in enumerate(("H3U-32MR", "SN 48151623", "24V 0.5A")):
        cv2.putText(rgb, text, (10, 45 + 45 * row), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (dark,) * 3, 2, cv2.LINE_AA)
    return cv2.GaussianBlur(rgb, (0, 0), blur) if blur else rgb


def grey(rgb):
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)


def test_crop():
    rgb = np.random.default_rng(0).integers(0, 256, (8, 10, 3)).astype(np.uint8)
    part = crop(rgb, 2, 3, 4, 5)
    assert part.flags.c_contiguous and (part == rgb[3:8, 2:6]).all()
    assert crop(rgb, 0, 0, 0, 0) is rgb
    assert (crop(rgb, 0, 0, 10, 8) == rgb).all()


@pytest.mark.parametrize(
    "region",
    [(0, 0, 11, 8), (0, 0, 10, 9), (9, 0, 2, 1), (-1, 0, 2, 2), (5, 5, 0, 0), (0, 0, 0, 3), (1 << 31, 0, 1, 1)],
)
def test_region_outside(region):
    with pytest.raises(BadRequest, match="10x8"):
        crop(np.zeros((8, 10, 3), np.uint8), *region)


def test_a_good_picture_is_left_alone():
    rgb = plate()
    assert enhance(rgb, "auto") is rgb and enhance(rgb, "none") is rgb and enhance(rgb, "") is rgb


def test_faint_print_gets_contrast():
    faint = plate(dark=110, light=140)
    better = enhance(faint, "auto")
    assert better.shape == faint.shape and better.dtype == np.uint8 and better.flags.c_contiguous
    assert span(grey(better)) > 1.3 * span(grey(faint))


def test_blurred_print_gets_sharper():
    blurred = plate(blur=2.5)
    assert sharpness(grey(blurred)) < 0.35 < sharpness(grey(plate()))
    edges = lambda rgb: cv2.Laplacian(grey(rgb), cv2.CV_32F).std()  # noqa: E731
    assert edges(enhance(blurred, "auto")) > 1.3 * edges(blurred)


@pytest.mark.parametrize("height, width, factor", [(160, 320, 2.47), (40, 60, 3.0), (500, 640, 1.0), (3000, 4000, 1.0)])
def test_a_small_picture_becomes_larger_and_its_frame_knows(height, width, factor):
    frame = enhanced(plate(height=height, width=width), "auto")
    assert frame.scale == pytest.approx(factor, 0.01)
    assert (frame.height, frame.width) == pytest.approx((height * frame.scale, width * frame.scale), abs=1)
    assert enhanced(plate(height=height, width=width), "none").scale == 1


def test_a_lamp_keeps_its_colour():
    rgb = np.full((120, 120, 3), 40, np.uint8)
    cv2.circle(rgb, (60, 60), 6, (20, 90, 20), -1, cv2.LINE_AA)
    frame = enhanced(cv2.GaussianBlur(rgb, (0, 0), 2), "auto")
    colour = frame.rgb[frame.height // 2, frame.width // 2].astype(int)
    assert colour[1] > colour[0] + 20 and colour[1] > colour[2] + 20


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (8, 8), (9, 9)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_tiny_and_empty_scenes(shape, level):
    rgb = np.full((*shape, 3), level, np.uint8)
    better = enhance(rgb, "auto")
    assert all(side <= large <= 3 * side for side, large in zip(shape, better.shape)) and better.dtype == np.uint8


def test_unknown_mode():
    with pytest.raises(BadRequest, match="none, auto"):
        enhance(plate(), "strong")


def test_a_blurred_picture_stays_as_large_as_it_is():
    """There is nothing to be seen in it that enlarging would show: docs/enhance.md."""
    blurred = plate(blur=2.5, height=160, width=320)
    better = enhance(blurred, "auto")
    assert better.shape == blurred.shape and not np.array_equal(better, blurred)

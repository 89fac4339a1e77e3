import numpy as np
import pytest
from PIL import Image

from glm4v_ros.vision.decoder import file_orientation, read_picture
from glm4v_ros.vision.orientation import Orientation
from glm4v_ros.vision.placement import Placement
from glm4v_ros.vision.region import Region

WIDTH, HEIGHT = 40, 24
STORED = Region(6, 3, 10, 5)  # of what is white in the stored picture


@pytest.mark.parametrize("roi", (None, (2, 1, 30, 20)))
@pytest.mark.parametrize("suffix", ("png", "jpg", "tif", "webp"))
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_region_of_the_frame_in_the_file_s_own_pixels(tmp_path, orientation, suffix, roi):
    rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    rgb[STORED.y : STORED.y + STORED.height, STORED.x : STORED.x + STORED.width] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"turned.{suffix}"
    exact = {"jpg": {"quality": 100, "subsampling": 0}, "webp": {"lossless": True}}
    Image.fromarray(rgb).save(path, exif=exif, **exact.get(suffix, {}))
    frame = read_picture(path, roi)
    rows, columns = np.nonzero(frame[..., 0] > 127)
    seen = Region(int(columns.min()), int(rows.min()), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1)
    placement = Placement(frame.shape[1], frame.shape[0], file_orientation(path), *(roi or ())[:2])
    assert placement.orientation.value == orientation and placement.stored(seen) == STORED


@pytest.mark.parametrize("scale", (1.5, 2.47, 3.0))
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_region_of_a_frame_that_was_made_larger(orientation, scale):
    turn = Orientation(orientation)
    width, height = turn.size(30, 20)  # upright, of a part of 30x20 px at (2, 1) of the stored picture
    part = Region(4, 2, 10, 5)
    upright = Region(*turn.to_upright(part, 30, 20))
    larger = Region.around([(x * scale, y * scale) for x, y in upright.corners], round(width * scale), round(height * scale))
    found = Placement(round(width * scale), round(height * scale), turn, 2, 1, scale).stored(larger)
    assert found.overlap(Region(6, 3, 10, 5)) > 0.7
    assert found.x >= 2 and found.y >= 1 and found.x + found.width <= 32 and found.y + found.height <= 21

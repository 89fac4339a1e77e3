import numpy as np
import pytest
from PIL import Image

from glm4v_ros.vision.decoder import placement, read_picture
from glm4v_ros.vision.placement import Placement
from glm4v_ros.vision.region import Region

WIDTH, HEIGHT = 40, 24
STORED = Region(6, 3, 10, 5)  # of what is white in the stored picture


@pytest.mark.parametrize("suffix", ("png", "jpg", "tif"))
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_region_of_the_turned_picture_in_the_file_s_own_pixels(tmp_path, orientation, suffix):
    rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    rgb[STORED.y : STORED.y + STORED.height, STORED.x : STORED.x + STORED.width] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"turned.{suffix}"
    Image.fromarray(rgb).save(path, exif=exif, **({"quality": 100, "subsampling": 0} if suffix == "jpg" else {}))
    upright = read_picture(path)
    rows, columns = np.nonzero(upright[..., 0] > 127)
    seen = Region(columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1)
    assert placement(path, upright).stored(seen) == STORED
    cut = Region(seen.x - 1, seen.y - 2, seen.width, seen.height)
    assert placement(path, upright, 1, 2).stored(cut) == STORED and placement(path, upright, 1, 2).turned(cut) == seen


def test_a_region_stays_inside_the_picture():
    assert Placement(100, 50).stored(Region(90, 40, 30, 30)) == Region(90, 40, 10, 10)


def test_around():
    assert Region.around([(1.2, 3.7), (8.1, 5.5)], 100, 50) == Region(1, 3, 8, 3)
    assert Region.around([(-5, -5), (300, 300)], 100, 50) == Region(0, 0, 100, 50)
    assert Region.around([(200, 80)], 100, 50) == Region(99, 49, 1, 1)  # never empty


def test_overlap():
    one = Region(0, 0, 10, 10)
    assert one.overlap(one) == 1 and one.overlap(Region(10, 0, 5, 5)) == 0
    assert one.overlap(Region(5, 0, 10, 10)) == pytest.approx(1 / 3)

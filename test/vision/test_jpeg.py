"""Whole and torn JPEGs. What is torn is told by libjpeg's warnings, so the bar is not all of them."""

import io
from collections import Counter

import jpegs
import numpy as np
import pytest
from PIL import Image

from glm4v_ros.errors import BadImage
from glm4v_ros.vision.decoder import decode, read_picture
from glm4v_ros.vision.jpeg import Jpeg


def test_of_500_torn_ones_99_percent_are_refused():
    accepted = Counter()
    for how, torn in jpegs.torn(500):
        try:
            decode(torn, "jpeg")
            accepted[how] += 1
        except BadImage:
            pass
    assert sum(accepted.values()) <= 5, accepted


def test_of_300_odd_but_whole_ones_none_is_refused_and_each_has_its_pixels():
    for how, odd, plain in jpegs.odd(300):
        try:
            assert np.array_equal(decode(odd, "jpeg"), decode(plain, "jpeg")), how
        except BadImage as error:
            pytest.fail(f"{how}: {error}")


@pytest.mark.parametrize("encoder", jpegs.ENCODERS)
def test_pixels_are_pillows(encoder):
    data = jpegs.encoded(np.random.default_rng(3), encoder)
    assert np.array_equal(decode(data), np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))


def test_exif_that_cannot_be_written_again_still_turns(tmp_path):
    plain = jpegs.encoded(np.random.default_rng(4), "4:2:0")
    block = jpegs.exif([(0x010F, 5, 1, 400), (0x0112, 3, 1, 6), (0x8769, 2, 9, 3)])
    (tmp_path / "p.jpg").write_bytes(jpegs.behind_start(plain, jpegs.segment(0xE1, block)))
    assert np.array_equal(read_picture(tmp_path / "p.jpg"), np.rot90(decode(plain), -1))


def test_cut_behind_each_of_its_bytes():
    """Without the two bytes of the end marker it is whole; without any more it is not."""
    whole = jpegs.ENCODERS["4:2:0"](Image.effect_noise((40, 24), 60).convert("RGB"), 60)
    pixels = decode(whole)
    for end in (len(whole), len(whole) - 1, len(whole) - 2):
        assert np.array_equal(decode(whole[:end]), pixels)
    for end in range(len(whole) - 4):
        for tail in (b"", jpegs.END, b"\xff"):
            with pytest.raises(BadImage):
                decode(whole[:end] + tail)


def test_markers_that_a_picture_of_its_own_holds_are_not_counted():
    plain = jpegs.encoded(np.random.default_rng(5), "4:2:0")
    many = jpegs.behind_start(plain, jpegs.segment(0xE1, jpegs.SCAN * 200), jpegs.segment(0xFE, jpegs.SCAN * 200))
    assert np.array_equal(decode(many + jpegs.SCAN * 200), decode(plain))


@pytest.mark.parametrize("adobe", [True, False])
def test_cmyk_and_rgb_keep_their_colours(adobe):
    """How colours are stored is the one thing that metadata say of pixels."""
    scene = jpegs.scenes()[3].resize((64, 48))
    for picture, options in ((scene.convert("CMYK"), {}), (scene, {"keep_rgb": True})):
        stream = io.BytesIO()
        picture.save(stream, "JPEG", quality=95, **options)
        data = stream.getvalue()
        if not adobe:
            start = data.find(b"\xff\xee")
            data = data if start < 0 else data[:start] + data[start + 16 :]
        expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
        assert abs(decode(data) - expected).max() <= 2


def test_motion_jpeg_without_huffman_tables():
    """Many USB cameras leave the standard tables out."""
    whole = jpegs.ENCODERS["4:2:0"](jpegs.scenes()[0], 80)
    bare = whole
    while (start := bare.find(b"\xff\xc4")) >= 0:
        bare = bare[:start] + bare[start + 2 + int.from_bytes(bare[start + 2 : start + 4], "big") :]
    assert len(bare) < len(whole) and np.array_equal(decode(bare), decode(whole))


def three_to_one():
    """48x16 of one grey, its chroma at a third of the width, which TurboJPEG does not know; made bit by bit."""
    plain = bytearray(jpegs.ENCODERS["4:4:4"](Image.new("RGB", (48, 16), (128, 128, 128)), 75))
    frame, scan = plain.index(b"\xff\xc0"), plain.index(jpegs.SCAN)
    plain[frame + 11] = 0x31
    plain[scan + 6] = plain[scan + 8] = plain[scan + 10] = 0  # luma's tables for all components
    blocks = 4 * 5  # 4 units of 3 + 1 + 1
    bits = "001010" * blocks  # no difference in brightness, end of block
    data = int(bits + "1" * (-len(bits) % 8), 2).to_bytes((len(bits) + 7) // 8, "big")
    return bytes(plain[: scan + 14]) + data + jpegs.END


def test_odd_subsampling():
    assert abs(decode(three_to_one()).astype(int) - 128).max() <= 1
    assert decode(three_to_one()).shape == (16, 48, 3)
    with pytest.raises(BadImage):
        decode(three_to_one()[:-9])


def test_grey_is_told_and_kept():
    grey = Jpeg(jpegs.encoded(np.random.default_rng(6), "grey"))
    assert grey.grey and grey.decode(grey=True).shape == (grey.height, grey.width)
    assert not Jpeg(jpegs.encoded(np.random.default_rng(6), "4:2:0")).grey


def test_a_bayer_mosaic_in_a_grey_jpeg():
    flat = np.zeros((32, 48), np.uint8)
    flat[::2, ::2], flat[1::2, 1::2] = 200, 200
    stream = io.BytesIO()
    Image.fromarray(flat).save(stream, "JPEG", quality=100)
    red, green, blue = decode(stream.getvalue(), "bayer_rggb8; jpeg compressed bayer_rggb8")[8:-8, 8:-8].reshape(-1, 3).mean(0)
    assert red > 190 and blue > 190 and green < 10

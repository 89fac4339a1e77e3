"""Compressed pictures, made by OpenCV, Pillow or byte by byte."""

import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from glm4v_ros.errors import BadImage, BadRequest
from glm4v_ros.vision.decoder import decode, orientation, read_picture
from glm4v_ros.vision.orientation import Orientation

HEIGHT, WIDTH = 32, 48


def scene():
    """Four colours in four quarters, (HEIGHT, WIDTH, 3): red, green / blue, white."""
    rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    rgb[:16, :24, 0] = rgb[:16, 24:, 1] = rgb[16:, :24, 2] = 255
    rgb[16:, 24:] = 255
    return rgb


def encoded(suffix, rgb=None):
    ok, data = cv2.imencode(suffix, (scene() if rgb is None else rgb)[..., ::-1])
    assert ok
    return data.tobytes()


def same(rgb, expected, tolerance=0):
    assert rgb.dtype == np.uint8 and rgb.flags.c_contiguous and rgb.shape == expected.shape
    return abs(rgb.astype(int) - expected).max() <= tolerance


def smooth():
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.dstack([4 * x, 7 * y, 250 - 2 * x]).astype(np.uint8)


def png(width, height, pixels=b""):
    """A PNG by hand: its header may lie about what follows."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("format", ["jpeg", "bgr8; jpeg compressed bgr8", "rgb8; jpeg compressed bgr8", "", "png"])
def test_jpeg_whatever_the_format_says(format):
    assert same(decode(encoded(".jpg", smooth()), format), smooth(), 12)


@pytest.mark.parametrize("holder", [bytes, bytearray, memoryview, lambda b: np.frombuffer(b, np.uint8)])
def test_png(holder):
    assert same(decode(holder(encoded(".png")), "bgr8; png compressed bgr8"), scene())


def test_grey_jpeg():
    ok, data = cv2.imencode(".jpg", smooth()[..., 0])
    assert same(decode(data.tobytes(), "mono8; jpeg compressed mono8"), np.dstack([smooth()[..., 0]] * 3), 6)


def test_16_bit_png():
    rgb = np.random.default_rng(0).integers(0, 65536, (HEIGHT, WIDTH, 3)).astype(np.uint16)
    assert same(decode(encoded(".png", rgb), "rgb16; png compressed bgr16"), rgb / 257, 1.1)


def test_16_bit_grey_png_is_mono16_or_depth():
    """mono16 uses the whole range; 16UC1 is a measurement and is stretched."""
    values = np.linspace(1000, 3000, HEIGHT * WIDTH).astype(np.uint16).reshape(HEIGHT, WIDTH)
    data = cv2.imencode(".png", values)[1].tobytes()
    assert same(decode(data, "mono16; png compressed mono16"), np.dstack([values / 257] * 3), 0.6)
    depth = decode(data, "16UC1; png compressed ")
    assert depth[0, 0, 0] == 0 and depth[-1, -1, 0] == 255 and 120 < depth[HEIGHT // 2, 0, 0] < 136


@pytest.mark.parametrize("bits", [8, 16])
def test_bayer_in_png(bits):
    """compressed_image_transport leaves a Bayer mosaic as it is and says so only in the format."""
    rgb = smooth()
    mosaic = rgb[..., 1].copy()
    mosaic[::2, ::2], mosaic[1::2, 1::2] = rgb[::2, ::2, 0], rgb[1::2, 1::2, 2]
    stored = mosaic if bits == 8 else mosaic.astype(np.uint16) * 257
    data = cv2.imencode(".png", stored)[1].tobytes()
    assert same(decode(data, f"bayer_rggb{bits}; png compressed "), rgb, 8)


def test_compressed_depth_is_refused():
    with pytest.raises(BadImage, match="distances"):
        decode(encoded(".png"), "16UC1; compressedDepth png")


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_truncated(suffix, share):
    data = encoded(suffix, np.random.default_rng(1).integers(0, 256, (64, 64, 3)).astype(np.uint8))
    with pytest.raises(BadImage):
        decode(data[: int(len(data) * share)])


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a" + b"\0" * 40, b"hello" * 100])
def test_no_picture(data):
    with pytest.raises(BadImage):
        decode(data, "jpeg")


@pytest.mark.parametrize("width, height", [(60_000, 60_000), (16385, 1), (9000, 9000), (0, 5)])
def test_bomb_is_refused_by_its_header(width, height):
    """A hundred bytes that claim gigabytes; nothing behind the header is needed to refuse them."""
    with pytest.raises(BadImage):
        decode(png(width, height))


def test_a_jpeg_of_endless_scans_is_refused_before_it_is_decoded():
    whole = encoded(".jpg")
    scan = whole.index(b"\xff\xda")
    assert same(decode(whole[:scan] + whole[scan:-2] + whole[-2:]), decode(whole))
    with pytest.raises(BadImage, match="scans"):
        decode(whole[:scan] + whole[scan:-2] * 101 + whole[-2:])


def test_broken_bytes_are_only_ever_bad_images():
    rng = np.random.default_rng(2)
    refused = 0
    for suffix in (".png", ".jpg"):
        whole = encoded(suffix, smooth())
        for _ in range(300):
            broken = bytearray(whole)
            for at in rng.integers(0, len(broken), 4):
                broken[at] = rng.integers(0, 256)
            try:
                assert decode(broken).dtype == np.uint8
            except BadImage:
                refused += 1
    assert refused > 100


# Files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix, tolerance", [(".png", 0), (".jpg", 12), (".tiff", 0), (".bmp", 0), (".webp", 12)])
def test_file(tmp_path, suffix, tolerance):
    path = tmp_path / f"picture{suffix}"
    path.write_bytes(encoded(suffix, smooth()))
    assert same(read_picture(path), smooth(), tolerance)


@pytest.mark.parametrize("value", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tiff", ".webp"])
def test_all_are_upright_and_regions_are_of_the_stored_picture(tmp_path, value, suffix):
    exif = Image.Exif()
    exif[0x0112] = value
    path = tmp_path / f"p{suffix}"
    Image.fromarray(scene()).save(path, exif=exif, quality=95, lossless=True)
    readers = [read_picture]
    if suffix in (".jpg", ".png"):
        readers.append(lambda path, region=None: decode(path.read_bytes(), "", region))
        assert orientation(path.read_bytes()) == Orientation(value)
    for region in (None, (3, 17, 30, 12)):
        x, y, width, height = region or (0, 0, WIDTH, HEIGHT)
        stored = Image.fromarray(scene()[y : y + height, x : x + width])
        stored.getexif()[0x0112] = value
        expected = np.asarray(ImageOps.exif_transpose(stored)).astype(int)
        for read in readers:
            rgb = read(path, region)
            assert rgb.shape == expected.shape and rgb.flags.c_contiguous
            assert abs(rgb[2:-2:4, 2:-2:4] - expected[2:-2:4, 2:-2:4]).mean() < 8  # JPEG's and WebP's colours at the edges


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tiff"])
def test_a_region_outside_the_stored_picture_is_a_bad_request(tmp_path, suffix):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(scene()).save(tmp_path / f"p{suffix}", exif=exif)
    assert read_picture(tmp_path / f"p{suffix}", (0, 0, WIDTH, HEIGHT)).shape == (WIDTH, HEIGHT, 3)
    with pytest.raises(BadRequest, match="inside"):
        read_picture(tmp_path / f"p{suffix}", (0, 0, HEIGHT, WIDTH))


def test_no_orientation_of_what_is_no_picture():
    with pytest.raises(BadImage):
        orientation(b"hello")


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_alpha_over_white(tmp_path, mode):
    picture = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    picture.paste((0, 0, 0, 255), (0, 0, 2, 4))
    (picture.convert(mode) if mode != "P" else picture.quantize(4)).save(tmp_path / "p.png")
    rgb = read_picture(tmp_path / "p.png")
    assert (rgb[:, :2] == 0).all() and (rgb[:, 2:] == 255).all()


def test_half_transparent_red_is_pink(tmp_path):
    Image.new("RGBA", (2, 2), (255, 0, 0, 128)).save(tmp_path / "p.png")
    assert abs(read_picture(tmp_path / "p.png")[0, 0].astype(int) - [255, 127, 127]).max() <= 1


def test_other_file_modes(tmp_path):
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "cmyk.jpg")
    assert abs(read_picture(tmp_path / "cmyk.jpg")[4, 4].astype(int) - [255, 0, 0]).max() < 60
    Image.fromarray(np.linspace(-1, 1, 400).reshape(20, 20).astype(np.float32)).save(tmp_path / "f.tiff")
    assert read_picture(tmp_path / "f.tiff")[[0, -1], [0, -1], 0].tolist() == [0, 255]
    Image.new("1", (8, 8), 1).save(tmp_path / "one.png")
    assert (read_picture(tmp_path / "one.png") == 255).all()
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "two.gif", save_all=True, append_images=frames[1:])
    assert read_picture(tmp_path / "two.gif")[4, 4].tolist() == [255, 0, 0]


def test_file_errors_name_the_file(tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "empty.png").touch()
    (tmp_path / "bomb.png").write_bytes(png(60_000, 60_000))
    for name, reason in [
        ("text.png", "is not a"),
        ("empty.png", "empty"),
        ("bomb.png", "60000"),
        ("none.png", "No such file"),
    ]:
        with pytest.raises(BadImage, match=reason) as error:
            read_picture(tmp_path / name)
        assert name in str(error.value)
    with pytest.raises(BadImage, match="directory"):
        read_picture(tmp_path)

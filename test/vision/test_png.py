"""PNGs whose chunks are cut, wrong or strange: what concerns pixels is refused, all else is not."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from jpegs import exif, scenes
from PIL import Image

from glm4v_ros.errors import BadImage
from glm4v_ros.vision.decoder import decode, read_picture

NOISE = np.random.default_rng(0).integers(0, 256, (64, 96, 3)).astype(np.uint8)


def chunk(kind, content=b"", checksum=None):
    checksum = zlib.crc32(kind + content) if checksum is None else checksum
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def chunks(data):
    """(kind, where it begins, where it ends) of each."""
    at = 8
    while at < len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], at, end
        at = end


@pytest.fixture(params=["one chunk of pixels", "many"])
def png(request):
    rgb = NOISE if request.param == "many" else np.asarray(scenes()[0].resize((96, 64)))
    data = cv2.imencode(".png", rgb[..., ::-1])[1].tobytes()
    if request.param == "many":
        pixels = b"".join(data[start + 8 : end - 4] for kind, start, end in chunks(data) if kind == b"IDAT")
        parts = (chunk(b"IDAT", pixels[at : at + 1000]) for at in range(0, len(pixels), 1000))
        data = data[:33] + b"".join(parts) + chunk(b"IEND")
    return rgb, data


def around_pixels(data, new):
    """The chunk before the first chunk of pixels, behind the last, and behind the end."""
    pixels = [(start, end) for kind, start, end in chunks(data) if kind == b"IDAT"]
    for at in (pixels[0][0], pixels[-1][1], len(data)):
        yield data[:at] + new + data[at:]


STRANGE = {
    "text with a wrong checksum": chunk(b"tEXt", b"Title\0hello", 1),
    "compressed text that is not": chunk(b"zTXt", b"Title\0\0nothing"),
    "text that unpacks to 20 MB": chunk(b"zTXt", b"Title\0\0" + zlib.compress(bytes(20 << 20))),
    "international text cut short": chunk(b"iTXt", b"Title\0\1"),
    "text without a key": chunk(b"tEXt", b"\xff" * 40),
    "a broken profile": chunk(b"iCCP", b"profile\0\7\7\7"),
    "EXIF of noise": chunk(b"eXIf", NOISE.tobytes()[:200]),
    "EXIF with a wrong checksum": chunk(b"eXIf", exif([(0x0112, 3, 1, 6)])[6:], 1),
    "EXIF that cannot be written again": chunk(b"eXIf", exif([(0x010F, 5, 1, 400), (0x8769, 2, 9, 3)])[6:]),
    "an empty resolution": chunk(b"pHYs"),
    "a cut gamma": chunk(b"gAMA", b"\0"),
    "an animation's header": chunk(b"acTL", b"\0\0\0"),
    "a private chunk": chunk(b"prVt", b"\0" * 50, 7),
    "zeros": bytes(24),
}


@pytest.mark.parametrize("name", STRANGE)
def test_broken_metadata_refuses_nothing(png, tmp_path, name):
    rgb, data = png
    for strange in around_pixels(data, STRANGE[name]):
        assert np.array_equal(decode(strange), rgb)
        (tmp_path / "p.png").write_bytes(strange)
        assert np.array_equal(read_picture(tmp_path / "p.png"), rgb)


def test_exif_turns_wherever_it_stands(png):
    rgb, data = png
    *inside, behind = around_pixels(data, chunk(b"eXIf", exif([(0x010F, 5, 1, 400), (0x0112, 3, 1, 6)])[6:]))
    for turned in inside:
        assert np.array_equal(decode(turned), np.rot90(rgb, -1))
    assert np.array_equal(decode(behind), rgb)


def test_an_end_is_not_needed_but_all_pixels_are(png):
    rgb, data = png
    assert np.array_equal(decode(data[:-12]), rgb)
    assert np.array_equal(decode(data[:-12] + chunk(b"tEXt", b"Title\0" + b"hello" * 9)[:-20]), rgb)
    for end in range(8, len(data) - 12, 97):
        with pytest.raises(BadImage):
            decode(data[:end])


def test_lost_and_changed_bytes(png):
    _, data = png
    rng = np.random.default_rng(1)
    first = next(start for kind, start, _ in chunks(data) if kind == b"IDAT")
    for _ in range(50):
        at = int(rng.integers(first + 8, len(data) - 60))
        lost = int(rng.integers(1, 40))
        changed = bytes([data[at] ^ int(rng.integers(1, 256))])
        for broken in (data[:at] + data[at + lost :], data[:at] + changed + data[at + 1 :]):
            with pytest.raises(BadImage):
                decode(broken)


def test_a_wrong_checksum_of_pixels(png):
    _, data = png
    for kind, start, end in chunks(data):
        if kind in (b"IHDR", b"IDAT"):
            with pytest.raises(BadImage, match="checksum"):
                decode(data[: end - 1] + bytes([data[end - 1] ^ 1]) + data[end:])


def test_palette_and_transparency_are_kept():
    picture = Image.new("P", (8, 8), 1)
    picture.putpalette([0, 0, 0, 200, 100, 50, 9, 9, 9])
    picture.paste(2, (0, 0, 4, 8))
    stream = io.BytesIO()
    picture.save(stream, "PNG", transparency=2)
    rgb = decode(stream.getvalue())
    assert (rgb[:, 4:] == (200, 100, 50)).all() and (rgb[:, :4] == 255).all()

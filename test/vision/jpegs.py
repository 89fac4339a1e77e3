"""JPEGs for tests, made from the repository's pictures with a seed: torn in many ways, and whole but odd in many more."""

import io
import struct
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[2]
END = b"\xff\xd9"
SCAN = b"\xff\xda"


@cache
def scenes():
    paths = sorted(ROOT.glob("test/data/**/*.[jp][pn]g")) + sorted(ROOT.glob("examples/pictures/*.png"))
    scenes = []
    for path in paths:
        with Image.open(path) as picture:
            picture = picture.convert("RGB")
            picture.thumbnail((800, 600))
            scenes.append(picture)
    return scenes


def _saved(picture, **options):
    stream = io.BytesIO()
    picture.save(stream, "JPEG", **options)
    return stream.getvalue()


def _with_restarts(picture, quality, interval):
    pixels = np.asarray(picture)
    parameters = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_RST_INTERVAL, interval]
    return cv2.imencode(".jpg", pixels[..., ::-1] if pixels.ndim == 3 else pixels, parameters)[1].tobytes()


ENCODERS = {
    "4:2:0": lambda picture, quality: _saved(picture, quality=quality, subsampling=2),
    "4:4:4": lambda picture, quality: _saved(picture, quality=quality, subsampling=0),
    "grey": lambda picture, quality: _saved(picture.convert("L"), quality=quality),
    "optimized": lambda picture, quality: _saved(picture, quality=quality, optimize=True),
    "progressive 4:2:0": lambda picture, quality: _saved(picture, quality=quality, progressive=True, subsampling=2),
    "progressive 4:4:4": lambda picture, quality: _saved(picture, quality=quality, progressive=True, subsampling=0),
    "restarts": lambda picture, quality: _with_restarts(picture, quality, 8),
    "many restarts": lambda picture, quality: _with_restarts(picture, quality, 1),
    "grey restarts": lambda picture, quality: _with_restarts(picture.convert("L"), quality, 20),
}


def encoded(rng, encoder):
    """One of the scenes as JPEG, at a quality of 30 to 95."""
    picture = scenes()[rng.integers(len(scenes()))]
    return ENCODERS[encoder](picture, int(rng.integers(30, 96)))


# Torn: each takes a generator of random numbers and a whole JPEG, and returns what is left of it ---------------------


def _without(whole, start, count):
    start = min(start, len(whole) - count - 2)
    return whole[:start] + whole[start + count :]


def _a_share_gone(rng, whole):
    begin = whole.index(SCAN) + 14
    return _without(whole, int(begin + rng.uniform(0.1, 0.9) * (len(whole) - begin)), len(whole) // 50)


def _packets_gone(rng, whole):
    begin = whole.index(SCAN) + 14
    for _ in range(rng.integers(2, 6)):  # a packet of a USB camera is up to 3 kB
        count = min(int(rng.integers(200, 3060)), len(whole) // 12)
        whole = _without(whole, int(rng.integers(begin, len(whole) - 2)), count)
    return whole


def _cut(rng, whole):
    return whole[: int(len(whole) * rng.uniform(0.1, 0.98))]


def _cut_and_ended(rng, whole):
    return _cut(rng, whole) + END


TEARS = (_a_share_gone, _packets_gone, _cut, _cut_and_ended)


def torn(count, seed=0):
    """``count`` pairs of how it was made and the JPEG."""
    rng = np.random.default_rng(seed)
    for index in range(count):
        encoder = tuple(ENCODERS)[index % len(ENCODERS)]
        tear = TEARS[(index // len(ENCODERS)) % len(TEARS)]
        yield f"{encoder}, {tear.__name__}", tear(rng, encoded(rng, encoder))


# Odd: likewise, but every pixel is still there ------------------------------------------------------------------------


def segment(marker, content):
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def behind_start(whole, *segments):
    return whole[:2] + b"".join(segments) + whole[2:]


def exif(entries, order="<", tail=b""):
    """An EXIF block of (tag, type, count, value) entries; the value is 32 bits, a number or an offset."""
    block = struct.pack(order + "I", 8) + struct.pack(order + "H", len(entries))
    for tag, kind, count, value in entries:
        block += struct.pack(order + "HHI", tag, kind, count)
        block += struct.pack(order + "HH", value, 0) if kind == 3 else struct.pack(order + "I", value)
    return b"Exif\0\0" + (b"II*\0" if order == "<" else b"MM\0*") + block + b"\0\0\0\0" + tail


def _segments(whole):
    """Where each segment begins, up to the first scan's data."""
    at = 2
    while True:
        yield at
        if whole[at : at + 2] == SCAN:
            return
        at += 2 + int.from_bytes(whole[at + 2 : at + 4], "big")


def _no_end(rng, whole):
    return whole[:-2]


def _zeros_for_the_end(rng, whole):
    return whole[:-2] + bytes(rng.integers(1, 4096))


def _padded_before_the_end(rng, whole):
    return whole[:-2] + bytes(rng.integers(1, 4096)) + END


def _filled_before_the_end(rng, whole):
    return whole[:-2] + b"\xff" * rng.integers(1, 64) + END


def _padded_behind_the_end(rng, whole):
    return whole + bytes([rng.choice([0, 255])]) * rng.integers(1, 4096)


def _video_behind_the_end(rng, whole):
    video = rng.bytes(20_000) + (SCAN + b"\xff\xd8\xff\xe1" + rng.bytes(50) + END) * 200 + whole + whole[: len(whole) // 2]
    return whole + struct.pack(">I", 24) + b"ftypmp42" + video


def _broken_exif(rng, whole):
    good = exif([(0x010F, 2, 4, 0x4C47), (0x8769, 4, 1, 38)], tail=rng.bytes(60))
    broken = rng.choice([0, 1, 2, 3])
    if broken == 0:
        block = b"Exif\0\0" + rng.bytes(rng.integers(0, 300))
    elif broken == 1:
        block = good[: rng.integers(6, len(good))]
    elif broken == 2:  # its first directory lies outside
        block = good[:10] + struct.pack("<I", 1 << 31) + good[14:]
    else:
        block = good[:14] + b"\xff\xff" + good[16:]
    return behind_start(whole, segment(0xE1, block))


def _exif_not_to_be_written(rng, whole):
    """Types that belong to no such tag: readers shrug, writers fail."""
    block = exif([(0x010F, 5, 1, 400), (0x011A, 3, 1, 7), (0x013B, 11, 1, 0x7FC00000), (0x8769, 2, 9, 3)])
    return behind_start(whole, segment(0xE1, block))


def _icc_profile(rng, whole):
    profile = rng.bytes(70_000)
    parts = [b"ICC_PROFILE\0\1\2" + profile[:60_000], b"ICC_PROFILE\0\2\2" + profile[60_000:]]
    if rng.integers(2):  # out of order, or one of them lost
        parts = parts[::-1] if rng.integers(2) else parts[1:]
    return behind_start(whole, *(segment(0xE2, part) for part in parts))


def _segments_in_odd_places(rng, whole):
    at = list(_segments(whole))
    for start in sorted(rng.choice(at, 4), reverse=True):
        marker = int(rng.choice([0xFE, *range(0xE3, 0xEE), 0xEF]))
        whole = whole[:start] + segment(marker, rng.bytes(rng.integers(0, 600))) + whole[start:]
    return whole


def _segments_between_scans(rng, whole):
    """For a progressive one; else before its only scan."""
    start = whole.rindex(SCAN)
    return whole[:start] + segment(0xFE, b"between " + END + SCAN) + segment(0xE1, b"Exif\0\0") + whole[start:]


def _filled_between_segments(rng, whole):
    for start in sorted(_segments(whole), reverse=True):
        whole = whole[:start] + b"\xff" * rng.integers(0, 9) + whole[start:]
    return whole


def _junk_between_segments(rng, whole):
    start = list(_segments(whole))[1]
    return whole[:start] + bytes(rng.integers(1, 30)) + whole[start:]


def _thumbnails(rng, whole):
    thumbnail = _saved(scenes()[0].resize((80, 60)), quality=50)
    block = exif([(0x0131, 2, 4, 0x4C47)], tail=thumbnail * 2)
    return behind_start(whole, segment(0xE1, block), segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>" + thumbnail))


def _several_pictures(rng, whole):
    """Multi-picture format: an index in APP2, the other pictures behind the first one's end. Sometimes broken."""
    index = exif([(0xB000, 7, 4, 0x30303130), (0xB001, 4, 1, 2), (0xB002, 7, 32, 50)])[6:] + bytes(32)
    if rng.integers(2):
        index = index[: rng.integers(4, 40)] + rng.bytes(20)
    return behind_start(whole, segment(0xE2, b"MPF\0" + index)) + whole[: len(whole) // 2]


def _strange_versions(rng, whole):
    """A JFIF version and an Adobe transform of which libjpeg warns."""
    whole = whole.replace(b"JFIF\0\1", b"JFIF\0\7", 1)
    components = whole[next(at for at in _segments(whole) if whole[at + 1] in (0xC0, 0xC1, 0xC2)) + 9]
    return behind_start(whole, segment(0xEE, b"Adobe\0\x64\0\0\0\0\7")) if components == 3 else whole


def _strange_scan(rng, whole):
    """A sequential scan that names no coefficients, as some cameras write it."""
    at = list(_segments(whole))
    if any(whole[start + 1] == 0xC2 for start in at):
        return whole
    end = at[-1] + 2 + int.from_bytes(whole[at[-1] + 2 : at[-1] + 4], "big")
    return whole[: end - 3] + bytes(3) + whole[end:]


ODDITIES = (
    _no_end, _zeros_for_the_end, _padded_before_the_end, _filled_before_the_end, _padded_behind_the_end,
    _video_behind_the_end, _broken_exif, _exif_not_to_be_written, _icc_profile, _segments_in_odd_places,
    _segments_between_scans, _filled_between_segments, _junk_between_segments, _thumbnails, _several_pictures,
    _strange_versions, _strange_scan,
)  # fmt: skip


def odd(count, seed=0):
    """``count`` triples of how it was made, the JPEG, and the plain one whose pixels it has."""
    rng = np.random.default_rng(seed)
    for index in range(count):
        oddity = ODDITIES[index % len(ODDITIES)]
        encoder = tuple(ENCODERS)[(index // len(ODDITIES)) % len(ENCODERS)]
        plain = encoded(rng, encoder)
        yield f"{encoder}, {oddity.__name__}", oddity(rng, plain), plain

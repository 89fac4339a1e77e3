import asyncio
import hashlib
import io
import zlib

import pytest
from messages import png
from PIL import Image

from glm4v_ros.errors import BadImage
from glm4v_ros.web.pictures import PictureStore


def run(work):
    return asyncio.run(work)


def file_of(kind: str, size=(40, 30), **options) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (200, 30, 40)).save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind, media_type", [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("GIF", "image/gif"),
                                              ("BMP", "image/bmp"), ("TIFF", "application/octet-stream")])  # fmt: skip
def test_what_a_file_is(kind, media_type):
    data = file_of(kind)
    picture = run(PictureStore().put("", data, stamp=5.0))
    assert (picture.media_type, picture.width, picture.height) == (media_type, 40, 30)
    assert picture.key == hashlib.sha256(data).hexdigest() and picture.stamp == 5.0


@pytest.mark.parametrize("side", [9000, 17_000, 50_000])
def test_a_picture_bomb_is_refused_by_its_header(side):
    """In a file of some hundred bytes."""
    header = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", side.to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0")
    bomb = header + _chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + _chunk(b"IEND", b"")
    with pytest.raises(BadImage, match="megapixels|pixels"):
        run(PictureStore().put("", bomb))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


@pytest.mark.parametrize(
    "data", [b"", b"x", b"\x89PNG\r\n\x1a\n", png(1)[:60], b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.4"]
)
def test_what_is_no_picture(data):
    with pytest.raises(BadImage):
        run(PictureStore().put("", data))


def test_a_torn_picture_is_not_stored():
    store = PictureStore()
    with pytest.raises(BadImage):
        run(store.put("", png(1, 200, 200)[:-3000]))
    assert len(store) == 0 and store.nbytes == 0


def test_the_oldest_goes_first_and_bytes_are_bounded():
    async def work():
        size = len(png(0))
        store = PictureStore(most_bytes=3 * size + 100, most_frame_bytes=5 * 40 * 30 * 3)
        keys = [(await store.put("", png(number))).key for number in range(3)]
        assert store.get("", keys[0]) is not None  # used: the second is the oldest now
        await store.put("", png(3))
        assert store.get("", keys[1]) is None and store.get("", keys[0]) is not None and len(store) == 3
        for number in range(4, 40):
            await store.put("", png(number))
            assert store.nbytes <= 3 * size + 100 + 5 * 40 * 30 * 3
        with pytest.raises(BadImage, match="MiB"):
            await store.put("", b"x" * (4 * size))

    run(work())


def test_pictures_belong_to_who_sent_them():
    async def work():
        store = PictureStore()
        picture = await store.put("one", png(1))
        assert store.get("one", picture.key) is picture and store.get("other", picture.key) is None
        assert await store.put("one", png(1)) is picture

    run(work())


def test_a_frame_is_decoded_once():
    async def work():
        store = PictureStore()
        picture = await store.put("", png(1))
        assert await store.frame(picture) is await store.frame(picture)

    run(work())


def test_a_picture_is_turned_as_its_file_says():
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    data = file_of("JPEG", exif=exif)

    async def work():
        store = PictureStore()
        return await store.frame(await store.put("", data))

    frame = run(work())
    assert (frame.width, frame.height) == (30, 40)

"""From compressed pictures to RGB: CompressedImage topics and picture files.

Pillow decodes: unlike OpenCV it gives the size before any pixel is decoded and refuses a truncated JPEG.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from glm4v_ros.errors import BadImage
from glm4v_ros.vision import converter

TOPIC_FORMATS = ("JPEG", "PNG")
FILE_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF")
BAYER = tuple(encoding for encoding in converter.ENCODINGS if encoding.startswith("bayer_"))
MAX_FILE_BYTES = 512 << 20
MAX_SCANS = 100  # of a progressive JPEG; encoders make about ten, and each passes over the whole picture


def decode(data, format: str = "") -> np.ndarray:
    """A sensor_msgs/CompressedImage's ``data`` (JPEG or PNG) as a contiguous (height, width, 3) uint8 array, RGB.

    ``format`` is the message's field, such as "bgr8; jpeg compressed bgr8". The bytes say what is in them; the field is
    needed only for what they cannot say: that grey values are a Bayer mosaic or a measurement such as depth.
    EXIF rotation is not applied: a camera's topic has one orientation, that of its camera_info. BadImage when refused.
    """
    source = format.split(";")[0].strip()
    if "compressedDepth" in format:
        raise BadImage("compressedDepth holds distances, not a picture; use the camera's colour topic")
    what = f"the compressed image (format {format[:60]!r})"
    if bytes(data[:3]) == b"\xff\xd8\xff" and bytes(data).count(b"\xff\xda") > MAX_SCANS:
        raise BadImage(f"{what} is a JPEG of more than {MAX_SCANS} scans, which would take minutes to decode")
    picture = _decoded(io.BytesIO(data), TOPIC_FORMATS, what)
    grey = picture.mode in ("L", "I", "I;16", "I;16B")
    try:
        if grey and (source in BAYER or source == "16UC1"):
            return _from_grey(picture, source)
        return _rgb(picture)
    except (BadImage, MemoryError):
        raise
    except Exception as error:  # such as a palette that lacks the colours that the pixels name
        raise BadImage(f"{what} is damaged: {error}") from error


def read_picture(path: str | Path) -> np.ndarray:
    """A picture file as a contiguous (height, width, 3) uint8 array, RGB, turned as its EXIF orientation says.

    PNG, JPEG, TIFF, WebP, BMP and GIF, the first page or frame; transparent parts become white. BadImage when the file
    is missing or not a whole picture.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise BadImage(f"{path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:  # a path with a null character
        raise BadImage(f"{str(path)!r} cannot be read: {error}") from error
    if len(data) > MAX_FILE_BYTES:
        raise BadImage(f"{path} is too large; picture files up to {MAX_FILE_BYTES >> 20} MiB are read")
    return decode_file(data, str(path))


def decode_file(data: bytes, what: str) -> np.ndarray:
    """What a picture file holds, as ``read_picture`` gives it; ``what`` names it in the message of a BadImage."""
    return _rgb(_decoded(io.BytesIO(data), FILE_FORMATS, what, turned=True))


def _decoded(stream: io.BytesIO, formats: tuple[str, ...], what: str, turned: bool = False) -> Image.Image:
    """The whole picture, its size checked before it is decoded; ``turned`` as its EXIF orientation says."""
    if not stream.getbuffer().nbytes:
        raise BadImage(f"{what} is empty")
    try:
        picture = Image.open(stream, formats=formats)
        converter.check_size(*picture.size)
        picture.load()
        # Pillow turns a TIFF by itself; version 9.0 would turn it a second time here.
        return ImageOps.exif_transpose(picture) if turned and picture.format != "TIFF" else picture
    except BadImage as error:
        raise BadImage(f"{what}: {error}") from None
    except UnidentifiedImageError as error:
        raise BadImage(f"{what} is not a {', '.join(formats[:-1])} or {formats[-1]} picture") from error
    except Image.DecompressionBombError as error:
        raise BadImage(f"{what} is too large: {error}") from error
    except MemoryError:
        raise
    except (
        Exception
    ) as error:  # a damaged file may fail anywhere in Pillow's plugins: struct.error, KeyError, SyntaxError, ...
        raise BadImage(f"{what} is damaged: {error}") from error


def _rgb(picture: Image.Image) -> np.ndarray:
    if picture.mode in ("I", "I;16", "I;16B", "I;16L", "F"):
        return _from_grey(picture, "32FC1" if picture.mode == "F" else "mono16")
    if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return np.ascontiguousarray(picture if picture.mode == "RGB" else picture.convert("RGB"))


def _from_grey(picture: Image.Image, encoding: str) -> np.ndarray:
    """Grey values of any depth, understood as ``encoding`` says."""
    values = np.asarray(picture)
    if encoding == "32FC1":
        values = values.astype("<f4")
    elif encoding.endswith("8"):
        values = values.astype(np.uint8)
    else:
        values = values.clip(0, 65535).astype("<u2")
    height, width = values.shape
    return converter.to_rgb(encoding, width, height, values.strides[0], False, values.tobytes())

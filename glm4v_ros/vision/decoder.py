"""From compressed pictures to RGB: CompressedImage topics and picture files.

The size is known before any pixel is decoded. Only pixels that cannot be read refuse a picture, never its metadata.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from glm4v_ros.errors import BadImage, BadRequest
from glm4v_ros.vision import converter, jpeg, png
from glm4v_ros.vision.enhance import crop
from glm4v_ros.vision.jpeg import Jpeg
from glm4v_ros.vision.orientation import Orientation, Region
from glm4v_ros.vision.png import Png
from glm4v_ros.vision.shortage import is_shortage

OTHER_FILE_FORMATS = ("TIFF", "WEBP", "BMP", "GIF")
BAYER = tuple(encoding for encoding in converter.ENCODINGS if encoding.startswith("bayer_"))
MAX_FILE_BYTES = 512 << 20


def decode(data, format: str = "", region: Region | None = None) -> np.ndarray:
    """A sensor_msgs/CompressedImage's ``data`` (JPEG or PNG) as a contiguous (height, width, 3) uint8 array, RGB.

    ``format`` is the message's field, such as "bgr8; jpeg compressed bgr8". The bytes say what is in them; the field is
    needed only for what they cannot say: that grey values are a Bayer mosaic or a measurement such as depth.
    The result is upright, as EXIF says. ``region`` cuts a part out: pixels of the picture as it is stored, before it is
    turned. BadImage for what is no whole picture, BadRequest for a region outside it.
    """
    source = format.split(";")[0].strip()
    if "compressedDepth" in format:
        raise BadImage("compressedDepth holds distances, not a picture; use the camera's colour topic")
    return _decoded(bytes(data), f"the compressed image (format {format[:60]!r})", source, region)


def read_picture(path: str | Path, region: Region | None = None) -> np.ndarray:
    """A picture file as ``decode`` gives it.

    PNG, JPEG, TIFF, WebP, BMP and GIF, the first page or frame; transparent parts become white. BadImage when the file
    is missing or not a whole picture, BadRequest for a region outside it.
    """
    return decode_file(_read(path), str(path), region)


def decode_file(data: bytes, what: str, region: Region | None = None) -> np.ndarray:
    """What a picture file holds, as ``read_picture`` gives it; ``what`` names it in the message of a BadImage."""
    return _decoded(data, what, "", region, OTHER_FILE_FORMATS)


def file_orientation(path: str | Path) -> Orientation:
    """How ``read_picture`` turns this file; no pixel is decoded. BadImage when it is missing or none of its formats."""
    data = _read(path)
    if data.startswith((jpeg.SIGNATURE, png.SIGNATURE)):
        return orientation(data)
    try:
        picture = Image.open(io.BytesIO(data), formats=OTHER_FILE_FORMATS)
    except Exception as error:
        raise BadImage(f"{path} is not a picture, or its header is damaged: {error}") from error
    return Orientation.from_exif(data if picture.format == "TIFF" else picture.info.get("exif", b""))


def _read(path: str | Path) -> bytes:
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise BadImage(f"{path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:  # a path with a null character
        raise BadImage(f"{str(path)!r} cannot be read: {error}") from error
    if len(data) > MAX_FILE_BYTES:
        raise BadImage(f"{path} is too large; picture files up to {MAX_FILE_BYTES >> 20} MiB are read")
    return data


def orientation(data) -> Orientation:
    """How ``decode`` turns these bytes; nothing is decoded. BadImage for what is no JPEG and no PNG."""
    data = bytes(data)
    if data.startswith(jpeg.SIGNATURE):
        return Orientation.from_exif(Jpeg(data).exif)
    if data.startswith(png.SIGNATURE):
        return Orientation.from_exif(Png(data).exif)
    raise BadImage("this is not a JPEG or PNG picture")


def _decoded(data: bytes, what: str, source: str, region: Region | None, others: tuple[str, ...] = ()) -> np.ndarray:
    """``source`` is the encoding that grey values were made from; ``others`` are formats besides JPEG and PNG."""
    if not data:
        raise BadImage(f"{what} is empty")
    try:
        if data.startswith(jpeg.SIGNATURE):
            return _from_jpeg(Jpeg(data), source, region)
        if data.startswith(png.SIGNATURE):
            return _from_png(Png(data), source, region)
        return _from_other(data, others, region)
    except UnidentifiedImageError as error:
        *names, last = ("JPEG", "PNG", *others)
        raise BadImage(f"{what} is not a {', '.join(names)} or {last} picture, or its header is damaged") from error
    except BadImage as error:
        raise BadImage(f"{what}: {error}") from error
    except Image.DecompressionBombError as error:
        raise BadImage(f"{what} is too large: {error}") from error
    except BadRequest:
        raise
    except Exception as error:  # a damaged file may fail anywhere in Pillow's plugins: struct.error, KeyError, ...
        if is_shortage(error):
            raise
        raise BadImage(f"{what} is damaged: {error}") from error


def _from_jpeg(picture: Jpeg, source: str, region: Region | None) -> np.ndarray:
    converter.check_size(picture.width, picture.height)
    mosaic = source in BAYER and picture.grey
    pixels = picture.decode(grey=mosaic)
    rgb = _from_grey(pixels, source) if mosaic else pixels
    return _upright(rgb, Orientation.from_exif(picture.exif), region)


def _from_png(png: Png, source: str, region: Region | None) -> np.ndarray:
    picture = _loaded(png.stream, ("PNG",))
    measured = picture.mode in ("L", "I", "I;16", "I;16B") and (source in BAYER or source == "16UC1")
    rgb = _from_grey(np.asarray(picture), source) if measured else _rgb(picture)
    return _upright(rgb, Orientation.from_exif(png.exif), region)


def _from_other(data: bytes, formats: tuple[str, ...], region: Region | None) -> np.ndarray:
    if not formats:
        raise UnidentifiedImageError
    picture = _loaded(data, formats)
    if picture.format != "TIFF":
        return _upright(_rgb(picture), Orientation.from_exif(picture.info.get("exif", b"")), region)
    turned = _rgb(picture)  # by Pillow itself, while it loaded
    if region:
        orientation = Orientation.from_exif(data)  # EXIF is a TIFF without pixels
        height, width = turned.shape[:2]
        region = orientation.to_upright(region, *orientation.size(width, height))
    return crop(turned, *region) if region else turned


def _upright(stored: np.ndarray, orientation: Orientation, region: Region | None) -> np.ndarray:
    return orientation.upright(crop(stored, *region) if region else stored)


def _loaded(data: bytes, formats: tuple[str, ...]) -> Image.Image:
    """The picture, its size checked before it is decoded."""
    picture = Image.open(io.BytesIO(data), formats=formats)
    converter.check_size(*picture.size)
    picture.load()
    return picture


def _rgb(picture: Image.Image) -> np.ndarray:
    if picture.mode in ("I", "I;16", "I;16B", "I;16L", "F"):
        return _from_grey(np.asarray(picture), "32FC1" if picture.mode == "F" else "mono16")
    if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return np.ascontiguousarray(picture if picture.mode == "RGB" else picture.convert("RGB"))


def _from_grey(values: np.ndarray, encoding: str) -> np.ndarray:
    """Grey values of any depth, (height, width), understood as ``encoding`` says."""
    if encoding == "32FC1":
        values = values.astype("<f4")
    elif encoding.endswith("8"):
        values = values.astype(np.uint8)
    else:
        values = values.clip(0, 65535).astype("<u2")
    height, width = values.shape
    return converter.to_rgb(encoding, width, height, values.strides[0], False, values.tobytes())

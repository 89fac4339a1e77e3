"""From a sensor_msgs/Image's fields to RGB.

How values become 8 bits:

- 16-bit colour, mono16 and bayer_*16 use their whole range by definition: ``round(value / 257)``. A fixed scale keeps
  the frames of one camera comparable.
- 16UC1 and 32FC1 carry a measurement without a fixed range (depth, temperature): the 1st to 99th percentile of the
  frame becomes 0 to 255 and larger stays brighter, so that one wild reading cannot flatten the picture. REP 118's
  invalid readings (0 in 16UC1, NaN) are left out of the percentiles and black; -inf is black, +inf is white.
- Alpha is dropped: what cameras put there is no transparency.
- 8UC3, 8UC4, 16UC3 and 16UC4 are taken as BGR(A), OpenCV's order, since their name does not say.
- YUV is BT.601 with video range (luma 16-235), as everywhere in ROS.
"""

from __future__ import annotations

import re

import cv2
import numpy as np

from glm4v_ros.errors import BadImage

MAX_SIDE = 16384  # pixels
MAX_PIXELS = 64_000_000

# encoding -> (dtype, channels, OpenCV's code to RGB; None: it is RGB)
_PACKED = {
    "rgb8": (np.uint8, 3, None),
    "bgr8": (np.uint8, 3, cv2.COLOR_BGR2RGB),
    "rgba8": (np.uint8, 4, cv2.COLOR_RGBA2RGB),
    "bgra8": (np.uint8, 4, cv2.COLOR_BGRA2RGB),
    "mono8": (np.uint8, 1, cv2.COLOR_GRAY2RGB),
    "rgb16": (np.uint16, 3, None),
    "bgr16": (np.uint16, 3, cv2.COLOR_BGR2RGB),
    "rgba16": (np.uint16, 4, cv2.COLOR_RGBA2RGB),
    "bgra16": (np.uint16, 4, cv2.COLOR_BGRA2RGB),
    "mono16": (np.uint16, 1, cv2.COLOR_GRAY2RGB),
    "8UC1": (np.uint8, 1, cv2.COLOR_GRAY2RGB),
    "8UC3": (np.uint8, 3, cv2.COLOR_BGR2RGB),
    "8UC4": (np.uint8, 4, cv2.COLOR_BGRA2RGB),
    "16UC3": (np.uint16, 3, cv2.COLOR_BGR2RGB),
    "16UC4": (np.uint16, 4, cv2.COLOR_BGRA2RGB),
    # OpenCV names a Bayer pattern by its second row's second and third pixel.
    "bayer_rggb8": (np.uint8, 1, cv2.COLOR_BayerBG2RGB),
    "bayer_bggr8": (np.uint8, 1, cv2.COLOR_BayerRG2RGB),
    "bayer_gbrg8": (np.uint8, 1, cv2.COLOR_BayerGR2RGB),
    "bayer_grbg8": (np.uint8, 1, cv2.COLOR_BayerGB2RGB),
    "bayer_rggb16": (np.uint16, 1, cv2.COLOR_BayerBG2RGB),
    "bayer_bggr16": (np.uint16, 1, cv2.COLOR_BayerRG2RGB),
    "bayer_gbrg16": (np.uint16, 1, cv2.COLOR_BayerGR2RGB),
    "bayer_grbg16": (np.uint16, 1, cv2.COLOR_BayerGB2RGB),
    "uyvy": (np.uint8, 2, cv2.COLOR_YUV2RGB_UYVY),
    "yuv422": (np.uint8, 2, cv2.COLOR_YUV2RGB_UYVY),
    "yuyv": (np.uint8, 2, cv2.COLOR_YUV2RGB_YUY2),
    "yuv422_yuy2": (np.uint8, 2, cv2.COLOR_YUV2RGB_YUY2),
}
# A plane of luma, then one of chroma pairs: at half size (420) or at full size (nv24).
_PLANAR = {"nv12": cv2.COLOR_YUV2RGB_NV12, "nv21": cv2.COLOR_YUV2RGB_NV21, "nv24": None}
_MEASURED = {"16UC1": np.uint16, "32FC1": np.float32}
_YUV_EVEN = {"uyvy": (2, 1), "yuv422": (2, 1), "yuyv": (2, 1), "yuv422_yuy2": (2, 1), "nv12": (2, 2), "nv21": (2, 2)}
_BT601 = np.array(
    [
        [255 / 219, 0, 1.402 * 255 / 224],
        [255 / 219, -0.344136 * 255 / 224, -0.714136 * 255 / 224],
        [255 / 219, 1.772 * 255 / 224, 0],
    ]
)
_BT601 = np.column_stack([_BT601, _BT601 @ [-16, -128, -128]])

ENCODINGS = (*_PACKED, *_PLANAR, *_MEASURED)


def to_rgb(encoding: str, width: int, height: int, step: int, is_bigendian: int, data) -> np.ndarray:
    """The picture as a contiguous (height, width, 3) uint8 array; it may share memory with ``data``.

    The arguments are the fields of sensor_msgs/Image; ``data`` is any bytes-like object. For the planar encodings
    ``step`` is the luma plane's, as cv_bridge has it. BadImage when they contradict each other or hold no picture.
    """
    if encoding not in ENCODINGS:
        raise BadImage(_unknown(encoding))
    check_size(width, height)
    even_width, even_height = _YUV_EVEN.get(encoding, (1, 1))
    if width % even_width or height % even_height:
        raise BadImage(
            f"{encoding} shares its colours between neighbouring pixels, so {width}x{height} cannot be: use even sizes"
        )

    if encoding in _PLANAR:
        rows = height * 3 if encoding == "nv24" else height * 3 // 2
        planes = _rows(encoding, width, rows, step, np.dtype(np.uint8), False, data)
        if encoding == "nv24":
            chroma = _nv24_chroma(planes, width, height, step, data)
            return cv2.transform(np.dstack([planes[:height], chroma]), _BT601)
        return cv2.cvtColor(planes, _PLANAR[encoding])

    if encoding in _MEASURED:
        values = _rows(encoding, width, height, step, np.dtype(_MEASURED[encoding]), is_bigendian, data)
        return cv2.cvtColor(stretch(values), cv2.COLOR_GRAY2RGB)

    dtype, channels, code = _PACKED[encoding]
    pixels = _rows(encoding, width * channels, height, step, np.dtype(dtype), is_bigendian, data)
    if channels > 1:
        pixels = pixels.reshape(height, width, channels)
    if dtype is np.uint16:
        pixels = to_8bit(pixels)
    if encoding.startswith("bayer") and min(width, height) < 3:
        raise BadImage(f"a {encoding} picture of {width}x{height} is too small to find its colours: 3x3 at least")
    return np.ascontiguousarray(pixels if code is None else cv2.cvtColor(pixels, code))


def check_size(width: int, height: int) -> None:
    """BadImage unless a picture may have this size in pixels."""
    if width < 1 or height < 1:
        raise BadImage(f"the picture is {width}x{height}, so it has no pixels")
    if width > MAX_SIDE or height > MAX_SIDE or width * height > MAX_PIXELS:
        raise BadImage(
            f"the picture is {width}x{height}; at most {MAX_SIDE} pixels a side and {MAX_PIXELS // 1_000_000} "
            "megapixels are taken"
        )


def to_8bit(values: np.ndarray) -> np.ndarray:
    """uint16 of any shape -> uint8, 65535 becoming 255."""
    return cv2.convertScaleAbs(values, alpha=1 / 257).reshape(values.shape)


def stretch(values: np.ndarray) -> np.ndarray:
    """Measurements (h, w), float or uint16 -> (h, w) uint8; see the head of this file."""
    with np.errstate(invalid="ignore"):  # a camera's NaN may be a signalling one
        values = values.astype(np.float64)  # the span of two float32 may not fit in float32
    valid = values[np.isfinite(values) & (values != 0)]
    if valid.size == 0:
        return np.zeros(values.shape, np.uint8)
    # Evenly spaced samples are enough for a percentile, and ten times faster at full HD.
    low, high = np.percentile(valid[:: max(1, valid.size // 100_000)], (1, 99))
    if high > low:
        levels = np.interp(values, (low, high), (0, 255))
    else:
        levels = 127.5 * (1 + np.sign(values - low))
    return np.rint(np.nan_to_num(levels, nan=0)).astype(np.uint8)


def _rows(encoding: str, row_items: int, rows: int, step: int, dtype: np.dtype, is_bigendian: int, data) -> np.ndarray:
    """(rows, row_items) of ``dtype`` in native byte order, without the padding behind each row."""
    row_bytes = row_items * dtype.itemsize
    if step < row_bytes:
        raise BadImage(f"step is {step} bytes, but a row of {encoding} needs {row_bytes} at this width")
    flat = np.frombuffer(data, np.uint8)
    if flat.size != step * rows:
        what = "shorter" if flat.size < step * rows else "longer"
        raise BadImage(
            f"data is {flat.size} bytes, {what} than step {step} x {rows} rows of {encoding} = {step * rows}"
        )
    values = flat.reshape(rows, step)[:, :row_bytes]
    if dtype.itemsize == 1:
        return values
    values = np.ascontiguousarray(values).view(dtype.newbyteorder(">" if is_bigendian else "<"))
    return values.astype(dtype, copy=False)


def _nv24_chroma(planes: np.ndarray, width: int, height: int, step: int, data) -> np.ndarray:
    """(height, width, 2): a chroma row holds two bytes a pixel, so it is two steps long."""
    rows = np.frombuffer(data, np.uint8)[height * step :].reshape(height, 2 * step)
    return rows[:, : 2 * width].reshape(height, width, 2)


def _unknown(encoding: str) -> str:
    if re.fullmatch("(8|16|32|64)[USF]C[0-9]*", encoding):
        return f"{encoding!r} does not say how its values make a picture; publish one of {', '.join(ENCODINGS)}"
    return f"the encoding {encoding[:40]!r} is not known; publish one of {', '.join(ENCODINGS)}"

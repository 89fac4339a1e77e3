"""What may be done to a frame before the tower sees it: cut out a region, make faint print readable."""

from __future__ import annotations

import math

import cv2
import numpy as np

from glm4v_ros.errors import BadRequest
from glm4v_ros.vision.frame import Frame

MODES = ("none", "auto")

FLAT = 90  # of 255: a luminance span (2nd to 98th percentile) below this is a faint picture
CLAHE = {"clipLimit": 2.0, "tileGridSize": (4, 4)}
BLURRED = 0.35  # sharpness below this is a blurred picture; a crisp print has about 0.5 to 0.8
UNSHARP_SIGMA = 2.0  # pixels
UNSHARP_AMOUNT = 1.5
SMALL = 400 * 28 * 28  # pixels: what as many image tokens carry; glm4v-nano reads small print better in a picture of that size (docs/enhance.md)
LARGEST = 3.0  # times: print that is smaller stays unreadable


def crop(rgb: np.ndarray, x: int, y: int, width: int, height: int) -> np.ndarray:
    """The region of (h, w, 3) whose upper left pixel is (x, y), contiguous; all zeros mean the whole picture.

    BadRequest when the region is empty or reaches outside the picture.
    """
    if x == y == width == height == 0:
        return rgb
    rows, columns = rgb.shape[:2]
    if width < 1 or height < 1 or x < 0 or y < 0 or x + width > columns or y + height > rows:
        raise BadRequest(
            f"the region of {width}x{height} pixels at ({x}, {y}) is not inside the picture, which is {columns}x{rows}"
        )
    return np.ascontiguousarray(rgb[y : y + height, x : x + width])


def enhanced(rgb: np.ndarray, mode: str) -> Frame:
    """The frame of (h, w, 3) uint8 RGB that ``enhance`` gives, which knows how much larger it is."""
    better = enhance(rgb, mode)
    return Frame(np.ascontiguousarray(better), better.shape[0] / rgb.shape[0])


def enhance(rgb: np.ndarray, mode: str) -> np.ndarray:
    """(h, w, 3) uint8 RGB made easier to read; "none" returns it as it is, BadRequest for an unknown mode.

    "auto" touches only pictures that need it: contrast-limited histogram equalisation of the luminance where the
    contrast is low, unsharp masking where edges are soft, and another picture of fewer pixels than SMALL becomes larger. Colours are
    kept, since lamps are told by them. docs/enhance.md says what else was tried.
    """
    if mode in ("", "none"):
        return rgb
    if mode != "auto":
        raise BadRequest(f"enhance is one of {', '.join(MODES)}, not {mode!r}")
    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    faint, blurred = span(luma) < FLAT, sharpness(luma) < BLURRED
    if faint or blurred:
        rgb = _clearer(rgb, faint, blurred)
    return rgb if blurred else enlarged(rgb)


def enlarged(rgb: np.ndarray) -> np.ndarray:
    """(h, w, 3) of fewer pixels than SMALL made as large, at most LARGEST times; another one as it is."""
    scale = min(LARGEST, math.sqrt(SMALL / (rgb.shape[0] * rgb.shape[1])))
    return cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC) if scale > 1 else rgb


def _clearer(rgb: np.ndarray, faint: bool, blurred: bool) -> np.ndarray:
    ycc = cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb)
    better = ycc[..., 0]
    if faint:
        better = cv2.createCLAHE(**CLAHE).apply(np.ascontiguousarray(better))
    if blurred:
        soft = cv2.GaussianBlur(better, (0, 0), UNSHARP_SIGMA)
        better = cv2.addWeighted(better, 1 + UNSHARP_AMOUNT, soft, -UNSHARP_AMOUNT, 0)
    ycc[..., 0] = better
    return cv2.cvtColor(ycc, cv2.COLOR_YCrCb2RGB)


def span(luma: np.ndarray) -> float:
    """The luminance (h, w) between the 2nd and the 98th percentile, 0-255."""
    low, high = np.percentile(luma[::4, ::4], (2, 98))
    return float(high - low)


def sharpness(luma: np.ndarray) -> float:
    """How much of the strongest edges' step happens within one pixel, 0 (blurred) to 1, whatever the contrast."""
    values = luma.astype(np.int16)
    across = np.abs(np.diff(values, axis=1))
    if across.size == 0 or luma.shape[0] < 9 or luma.shape[1] < 9:
        return 1.0
    strongest = np.percentile(across[::2], 99.8)
    reach = cv2.dilate(luma, np.ones((1, 9), np.uint8)).astype(np.int16) - cv2.erode(luma, np.ones((1, 9), np.uint8))
    step = np.percentile(reach[::2], 99.8)
    return float(strongest / step) if step > 0 else 1.0

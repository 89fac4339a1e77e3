"""What may make print readable again: (h, w, 3) uint8 RGB in, RGB out."""

from __future__ import annotations

import cv2
import numpy as np

from glm4v_ros.vision import enhance
from glm4v_ros.vision.enhance import sharpness


def _luma(change):
    """A method of the luminance (h, w) float32 alone, whose colours stay."""

    def method(rgb: np.ndarray) -> np.ndarray:
        ycc = cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb)
        ycc[..., 0] = np.clip(change(ycc[..., 0]), 0, 255).astype(np.uint8)
        return cv2.cvtColor(ycc, cv2.COLOR_YCrCb2RGB)

    return method


def sigma_of(luma: np.ndarray) -> float:
    """Of the Gaussian blur that a step edge of this sharpness has had: its steepest pixel takes 1 / (sigma sqrt(2 pi)) of the step."""
    return min(6.0, 0.4 / max(sharpness(luma), 0.05))


@_luma
def unsharp(y):
    soft = cv2.GaussianBlur(y, (0, 0), 2.0).astype(np.float32)
    return y + 1.5 * (y - soft)


@_luma
def wide_unsharp(y):
    """As wide as the blur, and the stronger."""
    sigma = max(2.0, sigma_of(y))
    soft = cv2.GaussianBlur(y, (0, 0), sigma).astype(np.float32)
    return y + 2.0 * (y - soft)


@_luma
def adaptive_unsharp(y):
    """As wide as the blur, and only where edges are."""
    sigma = sigma_of(y)
    soft = cv2.GaussianBlur(y, (0, 0), sigma).astype(np.float32)
    detail = y - soft
    edges = cv2.GaussianBlur(np.abs(detail), (0, 0), 2 * sigma)
    weight = edges / (edges + 4.0)
    return y + 2.5 * weight * detail


@_luma
def clahe(y):
    return cv2.createCLAHE(clipLimit=2.0, tileGridSize=(4, 4)).apply(np.ascontiguousarray(y))


@_luma
def stretch(y):
    low, high = np.percentile(y, (0.5, 99.5))
    return (y.astype(np.float32) - low) * (255 / max(high - low, 8.0))


@_luma
def local_stretch(y):
    """Each place between the darkest and the lightest of its neighbourhood, where there is a contrast worth the name."""
    values, side = y.astype(np.float32), max(15, min(y.shape) // 8) | 1
    calm = cv2.GaussianBlur(values, (0, 0), 1.0)
    low = cv2.GaussianBlur(cv2.erode(calm, np.ones((side, side), np.uint8)), (0, 0), side / 3)
    high = cv2.GaussianBlur(cv2.dilate(calm, np.ones((side, side), np.uint8)), (0, 0), side / 3)
    return (values - low) * (230 / np.maximum(high - low, 24.0)) + 12


def denoise(rgb):
    return cv2.fastNlMeansDenoisingColored(rgb, None, 10, 10, 5, 15)


def median(rgb):
    return cv2.medianBlur(rgb, 3)


def smooth(rgb):
    return cv2.GaussianBlur(rgb, (0, 0), 1.2)


def twice(rgb):
    return cv2.resize(rgb, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)


def lanczos(rgb):
    return cv2.resize(rgb, None, fx=2, fy=2, interpolation=cv2.INTER_LANCZOS4)


def _wiener(y, noise):
    """With the Gaussian that the edges show, and a noise of that share of the signal's power."""
    values, pad = y.astype(np.float32), 32
    wide = np.pad(values, pad, mode="reflect")
    fy, fx = np.fft.fftfreq(wide.shape[0])[:, None], np.fft.rfftfreq(wide.shape[1])[None]
    response = np.exp(-2 * (np.pi * sigma_of(y)) ** 2 * (fx**2 + fy**2))
    filtered = np.fft.irfft2(np.fft.rfft2(wide) * response / (response**2 + noise), s=wide.shape)
    return filtered[pad:-pad, pad:-pad]


@_luma
def wiener(y):
    return _wiener(y, 0.003)


@_luma
def wiener_mild(y):
    return _wiener(y, 0.02)


def _lucy(y, times):
    values = y.astype(np.float32) + 1
    sigma, guess = sigma_of(y), y.astype(np.float32) + 1
    for _ in range(times):
        ratio = values / np.maximum(cv2.GaussianBlur(guess, (0, 0), sigma), 1e-3)
        guess = guess * cv2.GaussianBlur(ratio, (0, 0), sigma)
    return guess - 1


@_luma
def richardson_lucy(y):
    return _lucy(y, 12)


@_luma
def richardson_lucy_30(y):
    return _lucy(y, 30)


def _then(*methods):
    def chain(rgb):
        for method in methods:
            rgb = method(rgb)
        return rgb

    return chain


METHODS = {
    "none": lambda rgb: rgb,
    "auto": lambda rgb: enhance.enhance(rgb, "auto"),
    "larger": enhance.enlarged,
    "unsharp": unsharp,
    "wide unsharp": wide_unsharp,
    "adaptive unsharp": adaptive_unsharp,
    "Wiener": wiener,
    "Wiener, mild": wiener_mild,
    "Richardson-Lucy 12": richardson_lucy,
    "Richardson-Lucy 30": richardson_lucy_30,
    "CLAHE": clahe,
    "stretch": stretch,
    "local stretch": local_stretch,
    "smooth": smooth,
    "median": median,
    "non-local means": denoise,
    "twice as large": twice,
    "twice, Lanczos": lanczos,
    "unsharp, larger": _then(unsharp, enhance.enlarged),
    "Wiener, mild, larger": _then(wiener_mild, enhance.enlarged),
    "CLAHE, larger": _then(clahe, enhance.enlarged),
    "smooth, larger": _then(smooth, enhance.enlarged),
    "larger, unsharp": _then(enhance.enlarged, unsharp),
    "stretch, smooth": _then(stretch, smooth),
    "twice, Richardson-Lucy": _then(twice, richardson_lucy),
    "stretch, non-local means": _then(stretch, denoise),
}
#: Which may help against what.
AGAINST = {
    "blur": ("larger", "larger, unsharp", "Wiener, mild, larger"),
    "motion": ("larger", "larger, unsharp"),
    "dark": ("larger", "CLAHE, larger"),
    "glare": ("larger", "CLAHE, larger"),
    "noise": ("larger", "smooth, larger"),
    "haze": ("larger", "CLAHE, larger"),
    "small": ("larger",),
    "none": ("larger", "unsharp, larger", "CLAHE, larger"),
}

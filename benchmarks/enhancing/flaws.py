"""What a camera does to print. Each takes (h, w, 3) uint8 RGB and a level, and draws its chances from ``rng``."""

from __future__ import annotations

import cv2
import numpy as np


def blur(rgb: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    """Out of focus: Gaussian, ``sigma`` px, then a sensor's noise and a camera's JPEG."""
    return _sensor(cv2.GaussianBlur(rgb, (0, 0), sigma), rng)


def motion(rgb: np.ndarray, length: float, rng: np.random.Generator) -> np.ndarray:
    """``length`` px in any direction."""
    side = int(length) | 1
    kernel = np.zeros((side, side), np.float32)
    angle = rng.uniform(0, np.pi)
    reach = (side - 1) / 2 * np.array([np.cos(angle), np.sin(angle)])
    middle = np.array([(side - 1) / 2] * 2)
    cv2.line(kernel, tuple(np.round(middle - reach).astype(int).tolist()), tuple(np.round(middle + reach).astype(int).tolist()), 1.0)
    return _sensor(cv2.filter2D(rgb, -1, kernel / kernel.sum()), rng)


def dark(rgb: np.ndarray, light: float, rng: np.random.Generator) -> np.ndarray:
    """``light`` of 1 reaches the sensor; its noise stays."""
    return _sensor(rgb.astype(np.float32) * light, rng, 3.0)


def glare(rgb: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """A lamp's reflection on a third of the picture: contrast goes under in white."""
    height, width = rgb.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    cx, cy = rng.uniform(0.3, 0.7) * width, rng.uniform(0.3, 0.7) * height
    spot = np.exp(-(((x - cx) / (0.28 * width)) ** 2 + ((y - cy) / (0.28 * height)) ** 2))[..., None] * strength
    return _sensor(rgb * (1 - 0.9 * np.minimum(spot, 1)) + 245 * np.minimum(spot, 1), rng)


def noise(rgb: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    """High gain: ``sigma`` of 255."""
    return _sensor(rgb, rng, sigma)


def haze(rgb: np.ndarray, contrast: float, rng: np.random.Generator) -> np.ndarray:
    """Steam or a dirty lens: ``contrast`` of 1 is left, around a grey."""
    return _sensor(150 + (rgb.astype(np.float32) - 128) * contrast, rng)


def small(rgb: np.ndarray, scale: float, rng: np.random.Generator) -> np.ndarray:
    """From farther away."""
    size = max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale))
    return _sensor(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), rng)


def none(rgb: np.ndarray, level: float, rng: np.random.Generator) -> np.ndarray:
    return _sensor(rgb, rng)


def _sensor(values: np.ndarray, rng: np.random.Generator, sigma: float = 2.0) -> np.ndarray:
    noisy = values.astype(np.float32) + rng.normal(0, sigma, values.shape).astype(np.float32)
    done, data = cv2.imencode(".jpg", np.clip(noisy, 0, 255).astype(np.uint8)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])


LEVELS = {
    "none": (none, (0.0,)),
    "blur": (blur, (2.5, 3.0, 4.0)),
    "small": (small, (0.5, 0.35)),
    "dark": (dark, (0.12, 0.06, 0.03)),
    "haze": (haze, (0.1, 0.06, 0.04)),
    "motion": (motion, (9.0, 13.0)),
    "glare": (glare, (1.0, 1.2, 1.4)),
    "noise": (noise, (60.0, 90.0)),
}

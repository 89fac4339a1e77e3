"""Cheap backgrounds: a few textures drawn once for each process, then cropped, tinted and lit."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from training.pictures import photograph
from training.pictures.splits import BACKGROUNDS, PHOTOGRAPHIC

SIDE = 640
PUNCHED = 16  # plates with holes


def _octaves(rng, smallest: int, largest: int, stretch: tuple[int, int] = (1, 1)) -> np.ndarray:
    total = np.zeros((SIDE, SIDE), np.float32)
    size, weight = smallest, 1.0
    while size <= largest:
        grid = rng.random((max(2, size // stretch[0]), max(2, size // stretch[1])), dtype=np.float32) - 0.5
        total += weight * cv2.resize(grid, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        size, weight = size * 2, weight * 0.6
    return total


def _punched(rng, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Holes of one form in rows, dark or with light behind them; round ones only where every other row is shifted."""
    across, down = rng.uniform(11, 64, 2) if rng.random() < 0.3 else np.repeat(rng.uniform(11, 64), 2)
    form = ("square", "hexagon", "oblong", "lozenge", "cross", "round")[rng.integers(6)]
    shift = across / 2 * ((y // down) % 2) * (form == "round" or rng.random() < 0.5)
    u, v = ((x + shift) % across / across - 0.5) * 2, (y % down / down - 0.5) * 2
    if rng.random() < 0.3:
        u, v = v, u
    a, b = np.abs(u), np.abs(v)
    distance = {
        "square": np.maximum(a, b),
        "hexagon": np.maximum(a, 0.5 * a + 0.866 * b),
        "oblong": np.maximum(a / 1.4, b * 1.7),
        "lozenge": 0.75 * (a + b),
        "cross": np.maximum(np.minimum(a, b) * 2.5, np.maximum(a, b)),
        "round": np.hypot(u, v * down / across),
    }[form]
    reach = rng.uniform(0.3, 0.7)
    hole = np.clip((reach - distance) * min(across, down) / 2 + 0.5, 0, 1)
    rim = np.exp(-(((distance - reach) * min(across, down) / 3) ** 2)) * np.sign(u + v) * rng.uniform(0, 30)
    return hole * rng.choice([-70, -50, -35, 45]) + rim + 8


@cache
def texture(kind: str) -> np.ndarray:
    """A (SIDE, SIDE) uint8 texture around 128."""
    rng = np.random.default_rng(sum(kind.encode()))
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    if kind == "brushed":
        field = _octaves(rng, 160, 640, (1, 32)) * 60
    elif kind == "clouds":
        field = _octaves(rng, 4, 128) * 90
    elif kind == "wood":
        field = 45 * np.sin(y / 9 + 12 * _octaves(rng, 4, 8, (1, 4))) + _octaves(rng, 80, 640, (1, 32)) * 30
    elif kind == "paper":
        field = _octaves(rng, 160, 640) * 40
    elif kind == "checker":
        field = 40.0 * (((x // 40) + (y // 40)) % 2) - 20
    elif kind == "tiles":
        field = np.where((x % 96 < 4) | (y % 64 < 4), -60, 0) + 25 * cv2.resize(
            rng.random((10, 7), dtype=np.float32), (SIDE, SIDE), interpolation=cv2.INTER_NEAREST
        )
    elif kind == "hazard":
        field = 55.0 * (((x + y) // 70) % 2) - 27
    elif kind == "speckle":
        field = 80.0 * (rng.random((SIDE, SIDE)) > 0.93) - 60.0 * (rng.random((SIDE, SIDE)) > 0.95)
        field = cv2.GaussianBlur(field.astype(np.float32), (5, 5), 1) * 1.6
    elif kind == "perforated":
        field = np.where((x % 32 - 16) ** 2 + (y % 32 - 16) ** 2 < 60, -55, 10)
    elif kind in ("rivets", "studs", "rings"):  # round marks in rows, but none is a dark hole
        pitch = {"rivets": 64, "studs": 40, "rings": 52}[kind]
        dx, dy = (x + (pitch / 2) * ((y // pitch) % 2) * (kind != "rivets")) % pitch - pitch / 2, y % pitch - pitch / 2
        radius = np.hypot(dx, dy)
        if kind == "rings":
            field = np.where(np.abs(radius - 13) < 3, 55, 0)
        else:
            reach = 9 if kind == "rivets" else 8
            field = np.where(radius < reach, 45 - 6 * (dx + dy), np.where(radius < reach + 2, -45, 0))
    elif kind == "knurl":
        field = 30 * np.sign(np.sin((x + y) / 5)) + 30 * np.sign(np.sin((x - y) / 5)) - 10
    elif kind == "mesh":
        field = np.where((x % 24 < 4) | (y % 24 < 4), 45, -35)
    elif kind == "tread":
        turn = ((x // 36) + (y // 36)) % 2 * 2 - 1
        u, v = (x % 36 - 18) + turn * (y % 36 - 18), (x % 36 - 18) - turn * (y % 36 - 18)
        field = np.where((u / 22) ** 2 + (v / 6) ** 2 < 1, 55 - 3 * v, -12)
    elif kind == "slots":
        field = np.where((np.abs(y % 30 - 15) < 5) & (np.abs(x % 90 - 45) < 34), -60, 12)
    elif kind.startswith("punched"):
        field = _punched(rng, x, y)
    elif kind == "carpet":
        field = 25 * np.sin(x / 3) * np.sin(y / 2.2) + _octaves(rng, 40, 320) * 40
    else:
        raise ValueError(f"no texture is called {kind!r}")
    return np.clip(128 + field, 0, 255).astype(np.uint8)


def tint(gray: np.ndarray, colour, contrast: float) -> np.ndarray:
    """Colours a texture: 128 becomes `colour`."""
    ramp = (np.arange(256, dtype=np.float32)[:, None] - 128) * contrast + np.asarray(colour, np.float32)
    table = np.clip(ramp, 0, 255).astype(np.uint8)[None]
    return cv2.LUT(cv2.merge([gray, gray, gray]), table)


def crop(rng, kind: str, size: tuple[int, int]) -> np.ndarray:
    """A random part of a texture at (width, height)."""
    width, height = size
    zoom = rng.uniform(0.6, 1.6) * max(width, height) / 640
    w, h = min(SIDE, max(8, int(width / zoom))), min(SIDE, max(8, int(height / zoom)))
    x, y = rng.integers(0, SIDE - w + 1), rng.integers(0, SIDE - h + 1)
    return cv2.resize(texture(kind)[y : y + h, x : x + w], size, interpolation=cv2.INTER_LINEAR)


def choose(rng, split: str, level: float) -> str:
    """One of BACKGROUNDS, or "photograph"."""
    kinds = BACKGROUNDS[split]
    kind = "flat" if rng.random() > 0.25 + level and split == "train" else kinds[rng.integers(len(kinds))]
    if split == "train" and level > 0.2 and rng.random() < PHOTOGRAPHIC and photograph.views(split):
        return "photograph"
    return kind


def background(rng, size: tuple[int, int], split: str, kind: str) -> np.ndarray:
    """(height, width, 3) uint8, writeable, of one of what `choose` gives."""
    width, height = size
    if kind == "photograph":
        views = photograph.views(split)
        return photograph.laid(rng, views[rng.integers(len(views))], size, 0.35)
    colour = rng.integers(25, 235, 3) if rng.random() < 0.5 else rng.integers(25, 235) + rng.integers(-12, 13, 3)
    if kind == "flat":
        image = np.empty((height, width, 3), np.uint8)
        image[:] = np.clip(colour, 0, 255)
        return image
    if kind == "gradient":
        corners = np.clip(colour + rng.integers(-60, 61, (3, 3, 1)) + rng.integers(-12, 13, (3, 3, 3)), 0, 255).astype(
            np.uint8
        )
        return cv2.resize(corners, size, interpolation=cv2.INTER_LINEAR)
    if kind == "punched":
        kind += str(rng.integers(PUNCHED))
    return tint(crop(rng, kind, size), colour, rng.uniform(0.4, 1.0))

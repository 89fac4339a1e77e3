"""Lamps of the second hand: what tells a lit one from a dark one is its whole lens, not what it reflects."""

import numpy as np
import skia

from training.pictures.lamp_topics import LAMPS
from training.pictures.vector import lens
from training.pictures.vector.sheet import Sheet

SIDE, RADIUS = 160, 46.0


def covered(path: skia.Path) -> np.ndarray:
    """(SIDE, SIDE) bool: the pixels within a path."""
    pixels = np.zeros((SIDE, SIDE, 4), np.uint8)
    skia.Surface(pixels).getCanvas().drawPath(path, skia.Paint(Color=skia.ColorWHITE))
    return pixels[..., 0] > 0


def lamps(count=60):
    """For each design and colour: the lens's pixels (n, 3) when dark and when lit."""
    for seed in range(count):
        rng = np.random.default_rng(seed)
        look, colour = lens.design(rng), LAMPS[seed % len(LAMPS)]
        inside = covered(lens.outline(look.shape, SIDE / 2, SIDE / 2, RADIUS * 0.96, look.corner))
        if look.shape == "ring":
            y, x = np.mgrid[:SIDE, :SIDE]
            inside &= np.hypot(x - SIDE / 2, y - SIDE / 2) > 0.56 * RADIUS
        drawn = []
        for lit in (False, True):
            sheet = Sheet(np.random.default_rng(0), (SIDE, SIDE), "train", 0.0)
            lens.shine(sheet, SIDE / 2, SIDE / 2, RADIUS, colour, lit, look)
            drawn.append(sheet.rgba[inside, :3].astype(float))
        yield colour, drawn


def test_a_lit_lens_is_brighter_than_a_dark_one_almost_everywhere():
    for colour, (dark, lit) in lamps():
        strength = lambda pixels: np.sort(pixels.max(1))  # noqa: E731
        a, b = strength(dark), strength(lit)
        assert np.median(b) > np.median(a) + 60, colour
        assert np.quantile(b, 0.2) > np.quantile(a, 0.2) + 40, colour


def test_many_dark_lenses_have_a_reflection_as_bright_as_a_lit_one():
    brightest = [dark.min(1).max() for _, (dark, _) in lamps()]
    assert np.mean(np.array(brightest) > 150) > 0.3


def test_dark_lenses_keep_their_colour():
    for colour, (dark, _) in lamps(40):
        r, g, b = np.median(dark, 0)
        strongest = {
            "red": r - max(g, b),
            "green": g - max(r, b),
            "blue": b - max(r, g),
            "yellow": min(r, g) - b,
            "white": 99,
        }[colour]
        assert strongest > 3, (colour, (r, g, b))

"""The parameters of what is wrong with a picture; degrade.py applies them."""

from __future__ import annotations

from math import pi

import cv2
import numpy as np

from training.pictures import splits

SCRATCHES = 3


def sample(
    rng: np.random.Generator,
    size: tuple[int, int],
    em: float,
    level: float,
    unit: float,
    keep: np.ndarray,
    coloured: bool = False,
) -> dict[str, np.ndarray]:
    """Parameters for one picture of (width, height) px whose smallest print has `em` px.

    Every figure is scaled with `level` within the ranges of splits.py; each flaw is left out of many pictures. Lengths are in px. The
    points `keep` (n, 2) stay inside the picture; where the answer is a colour (`coloured`) the camera keeps colours.
    """
    width, height = size
    short = min(size)
    strength = lambda share: level * rng.random() if rng.random() < share else 0.0  # noqa: E731

    # Where the corners of the clean picture go: a jitter of each and a rotation, then moved so that what matters stays inside.
    jitter = rng.uniform(-1, 1, (4, 2)) * splits.PERSPECTIVE * short * strength(0.75) * 0.7
    angle = np.deg2rad(splits.ROTATION * strength(0.6)) * rng.choice([-1, 1])
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.array([width / 2, height / 2])
    moved = (corners - middle + jitter) @ turn.T * (1 - splits.SHRINK * strength(0.3)) + middle
    forth = cv2.getPerspectiveTransform(corners.astype(np.float32), moved.astype(np.float32))
    points = cv2.perspectiveTransform(np.asarray(keep, np.float64).reshape(1, -1, 2), forth)[0]
    low, high = points.min(0), points.max(0)
    frame = np.array([width, height], np.float64)
    shrink = min(1.0, *(frame / np.maximum(high - low, 1.0)))
    least, most = -low * shrink, frame - high * shrink  # translations that keep all inside
    shift = np.clip(
        middle * (1 - shrink) + rng.uniform(-0.03, 0.03, 2) * frame * level,
        np.minimum(least, most),
        np.maximum(least, most),
    )
    moved = moved * shrink + shift
    back = cv2.getPerspectiveTransform(moved.astype(np.float32), corners.astype(np.float32))  # output px -> clean px

    em = min(em, 48 * unit)
    budget = (
        rng.dirichlet([1, 1, 1]) if level > 0 else np.zeros(3)
    )  # blur, motion and softening share what print can bear
    budget = np.minimum(1.0, budget * 1.5) * level
    kinds = rng.random(3) < (0.6, 0.3, 0.45)
    light = np.ones((2, 2)) if rng.random() > 0.7 else 1 + (rng.uniform(*splits.LIGHT, (2, 2)) - 1) * level
    contrast = 1 + (rng.uniform(*splits.CONTRAST) - 1) * level
    low_gamma, high_gamma = np.log(splits.GAMMA)
    lines = np.zeros((SCRATCHES, 4))
    if rng.random() < 0.3 * level:
        lines[:, 0] = rng.uniform(0, pi, SCRATCHES)  # direction
        lines[:, 1] = rng.uniform(-0.4, 0.4, SCRATCHES) * short  # distance from the middle
        lines[:, 2] = rng.uniform(0.4, 1.2, SCRATCHES) * unit  # half width
        lines[:, 3] = rng.uniform(-0.45, 0.45, SCRATCHES) * (rng.random(SCRATCHES) < 0.6)  # towards white or black
    values = {
        "back": back / back[2, 2],
        "blur": budget[0] * splits.BLUR * em * kinds[0],
        "motion": np.array([budget[1] * splits.MOTION * em * kinds[1], rng.uniform(0, pi)]),
        "soften": max(1.0, budget[2] * splits.SOFTEN * em) if kinds[2] else 1.0,
        "glare": np.array(
            [
                rng.uniform(0, width),
                rng.uniform(0, height),
                rng.uniform(0.12, 0.5) * short,
                splits.GLARE * strength(0.3),
            ]
        ),
        "rust": np.array(
            [
                splits.RUST * strength(0.25),
                rng.uniform(0.45, 0.75),
                rng.uniform(90, 150),
                rng.uniform(45, 80),
                rng.uniform(10, 40),
            ]
        ),
        "dirt": 0.35 * strength(0.3),
        "scratches": lines,
        "light": light,
        "tone": np.array(
            [
                contrast,
                np.exp(rng.uniform(low_gamma, high_gamma) * level) if rng.random() < 0.5 else 1.0,
                rng.uniform(-25, 25) * level,
            ]
        ),
        "cast": 1 + rng.uniform(-0.12, 0.12, 3) * level * (rng.random() < 0.4) * (0.4 if coloured else 1.0),
        "noise": splits.NOISE * strength(0.65) ** 1.3,
        "jpeg": 100 - (100 - splits.JPEG) * strength(0.7),
        "screen": (1, 1, 0, 0),
        "gray": float(rng.random() < 0.04 * level and not coloured),
    }
    return {name: np.asarray(value, np.float32) for name, value in values.items()}


def screen(rng: np.random.Generator, level: float) -> np.ndarray:
    """(4,) a photographed screen's raster: px a pixel across and down, depth of its columns and of its rows."""
    pitch = np.exp(rng.uniform(*np.log(splits.SCREEN)))
    depth = splits.RASTER * level * rng.uniform(0.2, 1.0, 2)
    return np.array([pitch, pitch * rng.uniform(0.97, 1.03), *depth], np.float32)

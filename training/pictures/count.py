"""Simple parts to count, with their colours."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin

import numpy as np

from training.pictures.canvas import Canvas, luminance
from training.pictures.count_topics import topics
from training.pictures.marks import mark
from training.pictures.picture import Topic
from training.pictures.sampling import chance, pick
from training.pictures.words import COLOURS, PARTS

#: Brass, steel, copper, iron: (no colour that is asked for, RGB, the colour of its mark).
METALS = (("", (205, 168, 82), "yellow"), ("", (168, 171, 176), "white"), ("", (186, 118, 76), "red"), ("", (120, 124, 130), "black"))


@dataclass(frozen=True)
class Look:
    """How parts lie there: `tilt` is their height as seen over their width, `depth` their thickness and `edge` a line around them in radii."""

    tilt: float = 1.0
    depth: float = 0.0
    edge: float = 0.06
    shadow: bool = False


def looked_at(rng) -> Look:
    """From above or aslant, with and without lines and shadows: in training alone."""
    slant = chance(rng, 0.4)
    return Look(
        rng.uniform(0.45, 0.95) if slant else 1.0,
        rng.uniform(0.1, 0.5) if slant or chance(rng, 0.2) else 0.0,
        pick(rng, [0.0, 0.0, 0.06, 0.1]),
        chance(rng, 0.4),
    )


def shape(canvas: Canvas, part: str, x: float, y: float, r: float, colour, turn: float, look: Look = Look()):
    """Draws a part of radius r."""
    ground = tuple(
        int(v) for v in canvas.pixels[min(max(int(y), 0), canvas.height - 1), min(max(int(x), 0), canvas.width - 1)]
    )
    shade = tuple(int(c * 0.55) for c in colour) if luminance(colour) > 60 else (95, 95, 95)
    edge = max(1.0, r * look.edge) if look.edge else 0.0

    def seen(points, down=0.0, aside=0.0):
        return [(px + aside * r, y + (py - y) * look.tilt + down * r) for px, py in points]

    def piece(points):
        if look.shadow:
            canvas.polygon(seen(points, look.depth + 0.12, 0.16), tuple(int(v * 0.55) for v in ground))
        for down in np.arange(look.depth, 0.0, -0.04):
            canvas.polygon(seen(points, down), shade)
        canvas.polygon(seen(points), colour)
        if edge:
            canvas.polygon(seen(points), shade, edge)

    def around(n, radius):
        return [(x + radius * cos(turn + 2 * pi * i / n), y + radius * sin(turn + 2 * pi * i / n)) for i in range(n)]

    def disc(radius, tone, thickness=-1.0):
        if look.tilt == 1.0 and not look.depth:
            canvas.circle(x, y, radius, tone, thickness)
        else:
            canvas.polygon(seen(around(40, radius)), tone, thickness)

    def hole(radius):
        disc(radius, shade if look.depth else ground)
        if look.depth:  # its far wall is seen, and the ground below that
            canvas.polygon(seen(around(40, 0.86 * radius), 0.3 * min(look.depth, radius / r)), ground)
        if edge:
            disc(radius, shade, edge)

    if part in ("circle", "washer"):
        if look == Look():
            disc(r, colour)
            disc(r, shade, edge)
        else:
            piece(around(40, r))
        if part == "washer":
            hole(r * 0.5)
    elif part in ("square", "triangle", "nut"):
        piece(around({"square": 4, "triangle": 3, "nut": 6}[part], r * (1.1 if part != "nut" else 1.0)))
        if part == "nut":
            hole(r * 0.52)
    elif part == "star":
        piece(
            [
                (x + radius * cos(turn + pi * i / 5), y + radius * sin(turn + pi * i / 5))
                for i, radius in enumerate([r * 1.1, r * 0.45] * 5)
            ]
        )
    elif part == "gear":
        teeth = 10
        points = []
        for i in range(teeth):
            for step, radius in ((0, 0.8), (0.25, 0.8), (0.35, 1.08), (0.85, 1.08)):
                a = turn + 2 * pi * (i + step) / teeth
                points.append((x + r * radius * cos(a), y + r * radius * sin(a)))
        piece(points)
        hole(r * 0.3)
    else:  # a bolt from its side: hexagon head and threaded shank
        along, across = np.array([cos(turn), sin(turn)]), np.array([-sin(turn), cos(turn)])
        at = lambda a, b: tuple(np.array([x, y]) + r * (a * along + b * across))  # noqa: E731
        piece([at(-0.6, -0.24), at(1.1, -0.24), at(1.1, 0.24), at(-0.6, 0.24)])
        piece([at(-1.1, -0.5), at(-0.6, -0.5), at(-0.6, 0.5), at(-1.1, 0.5)])
        for i in range(6):
            start, end = seen([at(0.0 + i * 0.18, -0.24), at(0.1 + i * 0.18, 0.24)])
            canvas.line(start, end, shade, max(edge, 1.0))


def paint(canvas: Canvas) -> list[Topic]:
    rng, level, split = canvas.rng, canvas.level, canvas.split
    total = int(rng.integers(1, 5 if level < 0.2 else 10))
    kinds = list(rng.permutation(list(PARTS))[: 1 if level < 0.1 else int(rng.choice([1, 2, 3], p=[0.45, 0.35, 0.2]))])
    ground = (
        canvas.pixels[:: max(1, canvas.height // 12), :: max(1, canvas.width // 12)].reshape(-1, 3).astype(np.float32)
    )
    below = ground.mean(0)
    usable = [name for name, (_, _, rgb) in COLOURS.items() if np.abs(below - rgb).sum() > 190]
    if len(usable) < 3 or level < 0.2 or chance(rng, 0.5):  # a plain tray under the parts
        tray = pick(rng, [(225, 225, 220), (60, 62, 66), (150, 150, 152), (205, 190, 160)])
        canvas.rectangle((0, 0, canvas.width, canvas.height), tray)
        if chance(rng, 0.5):
            canvas.grain((0, 0, canvas.width, canvas.height), tray, 0.25, "paper")
        below = np.array(tray)
        usable = [name for name, (_, _, rgb) in COLOURS.items() if np.abs(below - rgb).sum() > 190]
    tints = [(str(name), COLOURS[name][2], str(name)) for name in rng.permutation(usable)[: int(rng.integers(1, 4))]]
    look = looked_at(rng) if split == "train" and level >= 0.2 and chance(rng, 0.6) else Look()
    if split == "train" and chance(rng, 0.3):
        metals = [METALS[i] for i in rng.permutation(len(METALS)) if np.abs(below - METALS[i][1]).sum() > 120]
        tints = metals[: len(tints)] + tints[2:] or tints

    cells = int(np.ceil(np.sqrt(total * 1.3)))
    aspect = canvas.width / canvas.height
    across = max(1, int(round(cells * np.sqrt(aspect))))
    down = -(-total // across)
    while across * down < total * 1.15 and total > 1:
        across, down = (across + 1, down) if canvas.width / across > canvas.height / down else (across, down + 1)
    cell = min(canvas.width / across, canvas.height / down)
    radius = cell * rng.uniform(0.26, 0.38) * (1.0 if level < 0.2 else rng.uniform(0.6, 1.0))
    if split == "train" and chance(rng, 0.3):
        radius *= rng.uniform(0.45, 0.9)
    radius = max(min(radius, 0.3 * min(canvas.size)), 12 * canvas.unit)
    spots = rng.permutation(across * down)[:total]
    parts = []
    for spot in spots:
        room_x, room_y = canvas.width / across / 2 - radius * 1.18, canvas.height / down / 2 - radius * 1.18
        x = (spot % across + 0.5) * canvas.width / across + rng.uniform(-1, 1) * max(0, room_x)
        y = (spot // across + 0.5) * canvas.height / down + rng.uniform(-1, 1) * max(0, room_y)
        part, (tint, rgb, near) = str(pick(rng, kinds)), pick(rng, tints)
        rgb = np.clip(np.array(rgb) + rng.integers(-14, 15, 3), 0, 255)
        shape(canvas, part, x, y, radius, tuple(int(v) for v in rgb), rng.uniform(0, 2 * pi), look)
        canvas.keep(x, y, 1.1 * radius)
        canvas.mark(mark(part, near), x, y)
        parts.append((part, tint))
    canvas.em = min(canvas.em, 1.3 * radius)
    return topics(rng, split, parts, usable)

"""Simple parts to count, with their colours."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin

import numpy as np

from training.pictures.canvas import Canvas, luminance
from training.pictures.lamp import colour_word
from training.pictures.marks import mark
from training.pictures.picture import Topic
from training.pictures.questions import ask, unseen_fields
from training.pictures.sampling import chance, pick
from training.pictures.words import COLOURS, NO, PARTS, YES

MANY_ZH = (
    "有几个{p}？|有多少个{p}？|一共有几个{p}？|图中有几个{p}？|图里有多少个{p}?|{p}有几个？|"
    "{p}有多少个？|数一下{p}有几个|请数一下{p}。|请问有几个{p}？|能看到几个{p}？|桌上有几个{p}？|"
    "{p}的数量是多少？|数数有几个{p}|总共多少个{p}？|这里有几个{p}？"
).split("|")
MANY_EN = (
    "How many {p} are there?|How many {p} do you see?|Count the {p}.|Count the {p}, please.|How many "
    "{p} can you see?|How many {p} are in the picture?|What is the number of {p}?|How many {p}?|how "
    "many {p} are there|Tell me how many {p} there are.|How many {p} are on the table?|Number of "
    "{p}?|How many {p} are visible?|Please count the {p}.|How many {p} does the picture show?"
).split("|")
THEN_ZH = "那{p}呢？|{p}呢？|{p}有几个呢？|那{p}有几个？|还有{p}呢？".split("|")
THEN_EN = "And {p}?|And how many {p}?|What about {p}?|How about the {p}?|And the {p}?|and {p}?".split("|")
ANY_ZH = (
    "有{p}吗？|有没有{p}？|图中有{p}吗？|能看到{p}吗？|里面有{p}吗？|图里有没有{p}?|看得到{p}吗？|这里有{p}吗？".split(
        "|"
    )
)
ANY_EN = (
    "Are there any {p}?|Are there {p} in the picture?|Do you see any {p}?|Can you see any {p}?|Is "
    "there any of the {p}?|are there any {p}|Does the picture show any {p}?|Any {p}?"
).split("|")
TINT_ZH = (
    "{p}是什么颜色？|{p}是什么颜色的？|{p}的颜色是什么？|什么颜色的{p}？|请问{p}是什么颜色？|图中的{p}是什么颜色？"
).split("|")
TINT_EN = (
    "What colour {v} the {p}?|Which colour {v} the {p}?|What color {v} the {p}?|Tell me what colour "
    "the {p} {v}.|the {p} {v} what colour?|Of what colour {v} the {p}?"
).split("|")
MORE_ZH = "{p}比{q}多吗？|{p}是不是比{q}多？|{p}多还是{q}多，是{p}多吗？|{p}的数量比{q}多吗？".split("|")
MORE_EN = (
    "Are there more {p} than {q}?|Do you see more {p} than {q}?|Are the {p} more than the {q}?|Is "
    "the number of {p} greater than that of {q}?"
).split("|")


METALS = (("", (205, 168, 82), "yellow"), ("", (168, 171, 176), "white"), ("", (186, 118, 76), "red"), ("", (120, 124, 130), "black"))
#: Brass, steel, copper, iron: (no colour that is asked for, RGB, the colour of its mark).


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

    def fill(points, tone, down=0.0, aside=0.0):
        canvas.polygon([(px + aside * r, y + (py - y) * look.tilt + down * r) for px, py in points], tone)

    def piece(points, tone=colour):
        if look.shadow:
            fill(points, tuple(int(v * 0.55) for v in ground), look.depth + 0.12, 0.16)
        for down in np.arange(look.depth, 0.0, -0.04):
            fill(points, shade, down)
        fill(points, tone)
        if edge:
            canvas.polygon([(px, y + (py - y) * look.tilt) for px, py in points], shade, edge)

    def around(n, radius, phase=0.0):
        return [(x + radius * cos(turn + phase + 2 * pi * i / n), y + radius * sin(turn + phase + 2 * pi * i / n)) for i in range(n)]

    def disc(radius, tone, thickness=-1.0):
        if look.tilt == 1.0 and not look.depth:
            canvas.circle(x, y, radius, tone, thickness)
        else:
            canvas.polygon([(px, y + (py - y) * look.tilt) for px, py in around(40, radius)], tone, thickness)

    def hole(radius):
        disc(radius, shade if look.depth else ground)
        if look.depth:  # its far wall is seen, and the ground below that
            fill(around(40, 0.86 * radius), ground, 0.3 * min(look.depth, radius / r))
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
            thread = [at(0.0 + i * 0.18, -0.24), at(0.1 + i * 0.18, 0.24)]
            (ax, ay), (bx, by) = ((px, y + (py - y) * look.tilt) for px, py in thread)
            canvas.line((ax, ay), (bx, by), shade, max(edge, 1.0))


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


def name_of(part: str, tint: str | None, language: str, number: int = 2) -> str:
    zh, one, many = PARTS[part] if part else ("零件", "part", "parts")
    if language == "zh":
        return (colour_word(tint, "zh") + "的" if tint else "") + zh
    return (tint + " " if tint else "") + (many if number != 1 else one)


def topics(rng, split, parts, usable) -> list[Topic]:
    """Questions about (part, tint) pairs; a tint without a name is not asked for, nor those that it could be taken for."""
    number = lambda part, tint: sum((not part or p == part) and (not tint or t == tint) for p, t in parts)  # noqa: E731
    present = sorted({p for p, _ in parts})
    tints = sorted({t for _, t in parts if t})
    wanted = [(p, None) for p in present] + [("", t) for t in tints] + [("", None)] * 3
    plain = all(tint for _, tint in parts)
    wanted += [(p, t) for p in present for t in tints if plain or number(p, t)]
    absent_part = pick(rng, [p for p in PARTS if p not in present])
    wanted.append((absent_part, None))
    if chance(rng, 0.3) and len(usable) > len(tints) and plain:
        wanted.append((pick(rng, present), pick(rng, [t for t in usable if t not in tints])))
    result = []
    for part, tint in wanted:
        count = number(part, tint)
        words = lambda language, part=part, tint=tint: name_of(part, tint, language)  # noqa: E731
        result.append(
            Topic("count", "count", ask(rng, split, MANY_ZH, MANY_EN, str(count), (THEN_ZH, THEN_EN), p=words), "count")
        )
    for truth in (True, False):
        pool = [
            (p, t)
            for p in list(PARTS) + [""]
            for t in [None, *COLOURS]
            if (p or t) and (number(p, t) > 0) == truth and (truth or not t or p in present and plain)
        ]
        for part, tint in (pool[i] for i in rng.integers(0, len(pool), 2)):
            reply = lambda language, truth=truth: (YES if truth else NO)[language]  # noqa: E731
            result.append(
                Topic(
                    "yesno",
                    "any",
                    ask(
                        rng,
                        split,
                        ANY_ZH,
                        ANY_EN,
                        reply,
                        p=lambda language, part=part, tint=tint: name_of(part, tint, language),
                    ),
                )
            )
    for part in present:
        of_part = {t for p, t in parts if p == part}
        if len(of_part) == 1 and of_part != {""}:
            tint, count = of_part.pop(), number(part, None)
            result.append(
                Topic(
                    "count",
                    "colour",
                    ask(
                        rng,
                        split,
                        TINT_ZH,
                        TINT_EN,
                        lambda language, tint=tint: colour_word(tint, language),
                        p=lambda language, part=part, count=count: name_of(part, None, language, count),
                        v="is" if count == 1 else "are",
                    ),
                )
            )
    if len(present) > 1:
        first, second = (str(p) for p in rng.permutation(present)[:2])
        if number(first, None) != number(second, None):
            reply = lambda language: (YES if number(first, None) > number(second, None) else NO)[language]  # noqa: E731
            result.append(
                Topic(
                    "yesno",
                    "more",
                    ask(
                        rng,
                        split,
                        MORE_ZH,
                        MORE_EN,
                        reply,
                        p=lambda language: name_of(first, None, language),
                        q=lambda language: name_of(second, None, language),
                    ),
                )
            )
    return result + unseen_fields(rng, split)

"""Rows and grids of indicator lamps."""

from __future__ import annotations

import numpy as np

from training.pictures.canvas import Canvas
from training.pictures.lamp_topics import LAMPS, topics
from training.pictures.marks import mark
from training.pictures.picture import Topic
from training.pictures.sampling import chance, pick
from training.pictures.words import COLOURS

LABELS = (
    "RUN ALARM POWER READY FAULT STOP AUTO ERROR COM LINK START ON WARN MANUAL TX RX BAT HEAT PUMP".split(),
    "电源 运行 报警 故障 停止 启动 自动 手动 就绪 通信 加热 合闸 分闸 急停 水泵 风机 缺相 过载 正常".split(),
)


def lamp(
    canvas: Canvas, x: float, y: float, radius: float, colour: str, lit: bool, shape: str, look: int, strength: float
):
    """One lamp. Lit ones are bright with a light middle and a halo; dark ones a dim shade of their colour."""
    rgb = np.array(COLOURS[colour][2], np.float32)
    rim = (60, 60, 62) if look % 2 else (175, 178, 182)

    def spot(scale, tone, dx=0.0):
        tone = np.clip(tone, 0, 255)
        if shape == "round":
            canvas.circle(x + dx * radius, y + dx * radius, radius * scale, tone)
        else:
            half = radius * scale * 0.9
            wide = half * (1.5 if shape == "wide" else 1.0)
            canvas.rectangle(
                (x + dx * radius - wide, y + dx * radius - half, x + dx * radius + wide, y + dx * radius + half),
                tone,
                0.25 * half,
            )

    spot(1.18, np.array(rim))
    if lit:
        if shape == "round" and look >= 2:
            box = [
                max(0, int(y - 1.9 * radius)),
                int(y + 1.9 * radius) + 1,
                max(0, int(x - 1.9 * radius)),
                int(x + 1.9 * radius) + 1,
            ]
            part = canvas.pixels[box[0] : box[1], box[2] : box[3]]
            if part.size:
                yy, xx = np.ogrid[: part.shape[0], : part.shape[1]]
                distance = np.hypot(xx + box[2] - x, yy + box[0] - y) / radius
                halo = (0.55 * np.clip(1.9 - distance, 0, 0.9))[..., None]
                part[:] = (part + halo * (np.clip(rgb * 0.8 + 60, 0, 255) - part)).astype(np.uint8)
        spot(1.0, rgb * 0.92 + 20)
        spot(0.72, rgb * 0.72 + 80)
        spot(0.42, rgb * 0.45 + 145)
    else:
        base = rgb * strength + 14 if colour != "white" else np.full(3, 255 * strength * 0.75 + 20)
        spot(1.0, base)
        spot(0.8, base * 1.12)
        spot(0.16, base * 1.12 + 45, -0.4)


def paint(canvas: Canvas) -> list[Topic]:
    rng, level, split = canvas.rng, canvas.level, canvas.split
    count = int(rng.integers(1, 4 if level < 0.2 else 7))
    down = 1 if count < 4 or chance(rng, 0.6) else 2
    if chance(rng, 0.25):
        down = count if count <= 4 else 2
    across = -(-count // down)
    labelled = level > 0.15 and chance(rng, 0.55)
    colours = [pick(rng, LAMPS) for _ in range(count)]
    if count <= len(LAMPS) and chance(rng, 0.6):
        colours = list(rng.permutation(LAMPS)[:count])
    lit_share = rng.choice([0.15, 0.5, 0.5, 0.85])
    lit = [bool(v) for v in rng.random(count) < lit_share]
    if count > 1 and chance(rng, 0.35):
        lit = [False] * count
        lit[int(rng.integers(count))] = True
    shape = pick(rng, ["round", "round", "round", "square", "wide"])

    margin = rng.uniform(0.02, 0.1) * min(canvas.size)
    wide, tall = canvas.width - 2 * margin, canvas.height - 2 * margin
    type = canvas.type(clear=False)
    size = max(17 * canvas.unit, min(canvas.draw_em(), 0.16 * tall / down))
    cell = min(wide / across, (tall - (1.5 * size * down if labelled else 0)) / down)
    cell *= 1.0 if level < 0.2 else rng.uniform(0.55, 1.0)
    cell = max(cell, 44 * canvas.unit)
    words = list(rng.permutation(pick(rng, LABELS))[:count]) if labelled else []
    column = max([cell] + [type.width(word, round(size)) + 0.4 * size for word in words])
    if column * across > wide:
        words, labelled, column = [], False, min(cell, wide / across)
    cell = min(cell, column)
    row = cell + (1.5 * size if labelled else 0)
    panel_w, panel_h = (
        min(wide, column * across * rng.uniform(1.02, 1.25)),
        min(tall, row * down * rng.uniform(1.02, 1.2)),
    )
    row = min(row, panel_h / down)
    radius = min(cell * rng.uniform(0.24, 0.34), (row - (1.5 * size if labelled else 0)) * 0.36)
    if shape == "wide":
        radius *= 0.85
    x0, y0 = margin + rng.random() * (wide - panel_w), margin + rng.random() * (tall - panel_h)
    panel = pick(
        rng,
        [
            (45, 47, 50),
            (205, 206, 204),
            (95, 98, 104),
            (232, 232, 228),
            (28, 30, 34),
            (150, 152, 156),
            (70, 86, 110),
            (190, 184, 160),
        ],
    )
    canvas.rectangle((x0, y0, x0 + panel_w, y0 + panel_h), panel, pick(rng, [0, 0.05, 0.1]) * panel_h)
    ink = canvas.ink(panel)
    look, strength, above = int(rng.integers(4)), rng.uniform(0.2, 0.36), chance(rng, 0.3)
    for i in range(count):
        x = x0 + panel_w * (i % across + 0.5) / across
        y = y0 + panel_h * (i // across + 0.5) / down
        if labelled:
            offset = 0.7 * size
            y += offset if above else -offset
            canvas.text_in(
                x,
                y + (-(radius * 1.2 + 0.7 * size) if above else radius * 1.2 + 0.75 * size),
                words[i],
                type,
                size,
                ink,
            )
        canvas.keep(x, y, 1.8 * radius)
        canvas.mark(mark("lamp", colours[i], lit[i]), x, y)
        lamp(canvas, x, y, radius, colours[i], lit[i], shape, look, strength)
    canvas.em = min(canvas.em, 2.2 * radius)
    return topics(rng, split, colours, lit, words)

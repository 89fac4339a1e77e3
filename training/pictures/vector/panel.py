"""Panels with lamps of the second hand: domes, LEDs, bars, rings, traffic lights, lit legends."""

from __future__ import annotations

import numpy as np

from training.pictures import free, lamp
from training.pictures.marks import mark
from training.pictures.picture import Topic
from training.pictures.values import chance, pick
from training.pictures.vector.sheet import Sheet, mixed
from training.pictures.words import COLOURS

SHAPES = ("dome", "dome", "led", "square", "bar", "ring", "flat", "diode")


def shine(sheet: Sheet, x: float, y: float, r: float, colour: str, lit: bool, shape: str, look: dict):
    """One lamp. A lit one glows; a dark one is a dull shade of its colour."""
    rgb = np.array(COLOURS[colour][2], float) * look["tone"] + look["lift"]
    dull = rgb * look["dull"] + 12 if colour != "white" else np.full(3, 235 * look["dull"] * 1.35 + 18)
    black = (25, 26, 28)
    if shape in ("dome", "led", "flat", "ring", "diode"):
        if look["bezel"]:
            sheet.disc(x, y, r * 1.2, look["rim"], mixed(look["rim"], black, 0.6))
        if lit:
            if look["halo"]:
                sheet.disc(x, y, r * 1.45, rgb, None, r * 0.4, 0.55)
            if shape == "ring":
                sheet.disc(x, y, r, np.minimum(rgb * 0.9 + 50, 255))
                sheet.disc(x, y, r * 0.45, black)
            elif shape == "flat":
                sheet.disc(x, y, r, np.minimum(rgb * 0.85 + 60, 255))
            else:
                sheet.disc(x, y, r, np.minimum(rgb * 0.45 + 150, 255), np.minimum(rgb + 10, 255))
                sheet.disc(x - r * 0.1, y - r * 0.1, r * 0.4, (255, 255, 255), None, r * 0.18, 0.75)
        else:
            sheet.disc(x, y, r, dull, dull * 0.7)
            if shape == "ring":
                sheet.disc(x, y, r * 0.45, black)
            elif shape in ("dome", "led"):
                sheet.disc(x - r * 0.35, y - r * 0.4, r * 0.16, (255, 255, 255), None, r * 0.08, 0.55)
        return
    wide = 1.0 if shape == "square" else 1.45
    box = (
        x - r * wide,
        y - r * (0.95 if shape == "square" else 0.55),
        x + r * wide,
        y + r * (0.95 if shape == "square" else 0.55),
    )
    corner = look["corner"] * r
    if look["bezel"]:
        sheet.fill((box[0] - 0.14 * r, box[1] - 0.14 * r, box[2] + 0.14 * r, box[3] + 0.14 * r), look["rim"], corner)
    if lit:
        if look["halo"]:
            sheet.disc(x, y, r * 1.5, rgb, None, r * 0.35, 0.5)
        sheet.fill(box, np.minimum(rgb * 0.8 + 70, 255), corner)
        sheet.disc(x, y, r * 0.5, (255, 255, 255), None, r * 0.25, 0.6)
    else:
        sheet.fill(box, dull, corner, dull * 0.75)


def paint(sheet: Sheet) -> list[Topic]:
    rng, level = sheet.rng, sheet.level
    count = int(rng.integers(1, 4 if level < 0.2 else 9))
    named = level > 0.15 and chance(rng, 0.7)
    colours = [str(pick(rng, lamp.LAMPS)) for _ in range(count)]
    if count <= len(lamp.LAMPS) and chance(rng, 0.5):
        colours = [str(c) for c in rng.permutation(lamp.LAMPS)[:count]]
    elif chance(rng, 0.2):
        colours = [colours[0]] * count
    lit = [bool(v) for v in rng.random(count) < rng.choice([0.0, 0.2, 0.5, 0.5, 0.8])]
    if chance(rng, 0.4):
        lit = [False] * count
        lit[int(rng.integers(count))] = True
    words = []
    if named:
        chinese = chance(rng, 0.5)
        pool = list(rng.permutation(lamp.LABELS[int(chinese)]))
        while len(words) < count:
            word = (
                str(pool.pop())
                if pool and chance(rng, 0.6)
                else free.hanzi(rng, 2, 4)
                if chinese
                else free.latin(rng, 1, 2).upper()
            )
            if chance(rng, 0.08):
                word = f"{pick(rng, 'HLPKDA')}{len(words) + 1}"
            if word not in words:
                words.append(word)
    margin = rng.uniform(0.02, 0.1) * min(sheet.size)
    size = max(17 * sheet.unit, min(sheet.draw_em(), 34 * sheet.unit))
    style = sheet.style(size, clear=False)
    beside = chance(rng, 0.3)  # a column of lamps with the words at their right
    longest = max([style.width(word) for word in words] or [0.0])
    wide, tall = sheet.width - 2 * margin, sheet.height - 2 * margin
    if beside:
        across = 1 if count <= 4 or chance(rng, 0.5) else 2
    else:
        across = int(np.clip(rng.integers(1, count + 1), 1, 8))
    best = None
    for a in sorted(range(1, count + 1), key=lambda a: abs(a - across)):
        down = -(-count // a)
        cell_w, cell_h = wide / a, tall / down
        r = min(
            (cell_w - longest - 0.6 * size if beside else cell_w) * 0.27,
            (cell_h - (0 if beside or not words else 1.6 * size)) * 0.33,
        )
        if r >= 15 * sheet.unit and (beside or longest <= cell_w * 0.96):
            best = a, down, r
            break
    if best is None:
        if words:
            words, longest, beside = [], 0.0, False
        across = max(1, round(np.sqrt(count * wide / tall)))
        best = across, -(-count // across), min(wide / across, tall / -(-count // across)) * 0.3
    across, down, most = best
    r = max(min(most, 13 * sheet.unit), most * rng.uniform(0.45, 1.0))
    cell_w = min(
        wide / across, (3.4 * r + longest + size if beside else max(3.6 * r, longest * 1.1)) * rng.uniform(1.0, 1.6)
    )
    cell_h = min(tall / down, (3.3 * r + (1.7 * size if words and not beside else 0)) * rng.uniform(1.0, 1.4))
    panel_w, panel_h = cell_w * across, cell_h * down
    x0, y0 = margin + rng.random() * (wide - panel_w), margin + rng.random() * (tall - panel_h)
    box = (x0, y0, x0 + panel_w, y0 + panel_h)
    face = pick(
        rng,
        [
            (34, 36, 40),
            (210, 212, 214),
            (235, 232, 222),
            (110, 114, 120),
            (58, 72, 92),
            (20, 20, 22),
            (170, 160, 140),
            (84, 100, 84),
        ],
    )
    if chance(rng, 0.9):
        sheet.shadow(box, 0.03 * panel_h, 0.015 * min(sheet.size))
        sheet.fill(
            box,
            face,
            pick(rng, [0, 0.02, 0.08]) * panel_h,
            mixed(face, (128, 128, 128), 0.2) if chance(rng, 0.5) else None,
        )
        if chance(rng, 0.3):
            sheet.outline((x0 + 3, y0 + 3, box[2] - 3, box[3] - 3), sheet.ink(face), 0.05 * size)
    else:
        x, y = int(np.clip(x0, 0, sheet.width - 1)), int(np.clip(y0, 0, sheet.height - 1))
        sheet.fill(box, face, 0, None, 0.85)
    ink = sheet.ink(face)
    shape = pick(rng, SHAPES)
    look = {
        "tone": rng.uniform(0.9, 1.1),
        "lift": rng.uniform(-5, 15),
        "dull": rng.uniform(0.16, 0.42),
        "bezel": chance(rng, 0.7),
        "rim": pick(rng, [(190, 192, 196), (60, 62, 66), (20, 20, 20), (160, 140, 90)]),
        "halo": chance(rng, 0.6),
        "corner": rng.uniform(0, 0.5),
    }
    above = chance(rng, 0.4)
    for i in range(count):
        x, y = x0 + cell_w * (i % across + 0.5), y0 + cell_h * (i // across + 0.5)
        if words and beside:
            x = x0 + cell_w * (i % across) + 1.7 * r
            sheet.write(x + 1.6 * r, y + 0.36 * size, words[i], style, ink)
        elif words:
            y += 0.75 * size * (1 if above else -1)
            sheet.write_in(x, y + (1.35 * r + 0.75 * size) * (-1 if above else 1), words[i], style, ink)
        sheet.keep(x, y, 1.6 * r)
        sheet.mark(mark("lamp", colours[i], lit[i]), x, y)
        shine(sheet, x, y, r, colours[i], lit[i], shape, look)
    sheet.em = min(sheet.em, 2.2 * r)
    return lamp.topics(rng, sheet.split, colours, lit, words)

"""Nameplates and labels."""

from __future__ import annotations

import numpy as np

from training.pictures import companies, values
from training.pictures.canvas import Canvas
from training.pictures.nameplate_rows import Row, rows
from training.pictures.nameplate_topics import topics
from training.pictures.picture import Topic
from training.pictures.sampling import chance, pick

STRAY = (
    "CE",
    "Made in China",
    "中国制造",
    "MADE IN P.R.C.",
    "合格",
    "QC PASS",
    "RoHS",
    "www.{w}.com",
    "CAUTION",
    "注意安全",
    "请勿打开",
    "DO NOT OPEN",
    "No user serviceable parts inside",
)


def plate(canvas: Canvas, box) -> tuple[int, int, int]:
    """Draws an empty plate and returns its colour."""
    rng = canvas.rng
    x0, y0, x1, y1 = box
    kind = rng.integers(5) if canvas.level > 0.2 else 0
    if kind <= 1:
        colour = pick(
            rng,
            [
                (245, 245, 242),
                (255, 255, 255),
                (232, 232, 228),
                (250, 240, 200),
                (30, 30, 32),
                (20, 50, 110),
                (200, 205, 210),
                (235, 200, 40),
                (25, 90, 60),
                (150, 30, 30),
            ],
        )
    elif kind == 2:
        colour = tuple(np.full(3, rng.integers(130, 225)) + rng.integers(-10, 11, 3))
    else:
        base = rng.integers(15, 60) if chance(rng, 0.4) else rng.integers(170, 250)
        colour = tuple(np.clip(base + rng.integers(-25, 26, 3), 0, 255))
    colour = tuple(int(v) for v in colour)
    short = min(x1 - x0, y1 - y0)
    radius = pick(rng, [0, 0, 0.04, 0.08]) * short
    if chance(rng, 0.3):
        offset = 0.015 * short
        canvas.rectangle((x0 + offset, y0 + offset, x1 + offset, y1 + offset), (20, 20, 20), radius)
    if kind in (2, 3) and radius == 0:
        canvas.grain(box, colour, rng.uniform(0.15, 0.5), pick(rng, ["brushed", "brushed", "paper"]))
    else:
        canvas.rectangle(box, colour, radius)
    return colour


def trim(canvas: Canvas, box, ink):
    """A border line and screws."""
    rng = canvas.rng
    x0, y0, x1, y1 = box
    short = min(x1 - x0, y1 - y0)
    if chance(rng, 0.4):
        inset = rng.uniform(0.008, 0.02) * short
        canvas.rectangle((x0 + inset, y0 + inset, x1 - inset, y1 - inset), ink, 0, max(1, 0.006 * short))
    if chance(rng, 0.35):
        radius, inset = 0.022 * short, 0.04 * short
        gray = int(rng.integers(90, 200))
        for x, y in (
            (x0 + inset, y0 + inset),
            (x1 - inset, y0 + inset),
            (x0 + inset, y1 - inset),
            (x1 - inset, y1 - inset),
        ):
            canvas.circle(x, y, radius, (gray, gray, gray))
            canvas.circle(x, y, radius, (gray // 2,) * 3, 1)
            canvas.line((x - radius * 0.7, y), (x + radius * 0.7, y), (gray // 3,) * 3, max(1, radius / 4))


def lay(canvas: Canvas, drawn: list[Row], title: str, stray: str):
    """Fits the rows on the canvas, shrinking the print down to the least size and then leaving rows out. Draws them; returns those printed."""
    rng, level = canvas.rng, canvas.level
    value_type = canvas.type()
    label_type = value_type if chance(rng, 0.65) else canvas.type(clear=False)
    margin = rng.uniform(0.01, 0.10) * min(canvas.size) + 2
    pad = rng.uniform(0.5, 1.2)  # em
    pitch = rng.uniform(1.25, 1.95)
    colon = pick(rng, [": ", ":", "：", " ", "  "])
    style = pick(rng, ["inline", "inline", "table", "stacked"])
    columns = 2 if len(drawn) >= 4 and chance(rng, 0.35) and style != "stacked" and canvas.width > 380 else 1
    title_scale = rng.uniform(1.0, 1.5)
    em = canvas.draw_em()
    floor = canvas.least_em
    if not chance(rng, level):
        floor = max(17.0 * canvas.unit, floor * 0.7)
    if any(
        "O" in row.value and "0" in row.value or "I" in row.value and "1" in row.value
        for row in drawn
        if row.name in ("model", "serial")
    ):
        floor = max(floor, 22 * canvas.unit)  # below this a person cannot tell them apart
    wide, tall = canvas.width - 2 * margin, canvas.height - 2 * margin
    while True:
        size = int(round(em))
        gap = size * 0.5
        lines = []  # (rows of a line)
        singles = [row for row in drawn if row.name in ("manufacturer",) or not row.label]
        paired = [row for row in drawn if row not in singles]
        if columns == 2:
            lines = [paired[i : i + 2] for i in range(0, len(paired), 2)] + [[row] for row in singles]
        else:
            lines = [[row] for row in drawn]
        label_width = {id(row): label_type.width(row.label, size) for row in drawn}
        table_width = max((label_width[id(row)] for row in drawn), default=0)

        def row_width(row):
            value = value_type.width(row.value, size)
            if style == "stacked" or not row.label:
                return max(value, label_width[id(row)])
            first = table_width + gap if style == "table" else label_width[id(row)] + label_type.width(colon, size)
            return first + value

        column_widths = [
            max(
                (
                    row_width(line[i])
                    for line in lines
                    if len(line) > max(i, len(lines[0]) - 1 if columns == 2 else 0) or (columns == 1 and i == 0)
                ),
                default=0,
            )
            for i in range(columns)
        ]
        body = max(
            sum(column_widths) + gap * 1.5 * (columns - 1),
            max((row_width(line[0]) for line in lines if len(line) == 1), default=0),
        )
        title_size = int(round(size * title_scale))
        width = (
            max(
                body,
                label_type.width(title, title_size) if title else 0,
                label_type.width(stray, int(round(size * 0.9))) if stray else 0,
            )
            + 2 * pad * size
        )
        heights = [
            size * (2.25 if style == "stacked" and line[0].label else 1.0) + size * (pitch - 1) for line in lines
        ]
        height = (
            sum(heights)
            - size * (pitch - 1)
            + 2 * pad * size
            + (title_size * 1.6 if title else 0)
            + (size * 1.4 if stray else 0)
        )
        if width <= wide and height <= tall:
            break
        shrink = max(0.6, min(wide / width, tall / height) * 0.995)
        if round(em * shrink) >= floor and round(em * shrink) < size:
            em *= shrink
        elif stray:
            stray = ""
        elif columns == 2:
            columns = 1
        elif len(drawn) > 1:  # leave out what is widest or the last
            widest = max(drawn, key=row_width)
            drawn = [row for row in drawn if row is not (widest if width > wide else drawn[-1])]
        elif title:
            title = ""
        elif style != "stacked" and drawn[0].label:
            style = "stacked"
        elif round(em * 0.95) >= 14 * canvas.unit and width > wide or height > tall:
            em *= 0.93
        else:  # one value too wide for the canvas at any size that can be read
            return [], "", False

    # The plate: as large as the canvas allows, or close around its print, anywhere.
    spare_x, spare_y = wide - width, tall - height
    grow_x, grow_y = (rng.random(2) if chance(rng, 0.6) else rng.random(2) * 0.15) * (spare_x, spare_y)
    x0 = margin + rng.random() * (spare_x - grow_x)
    y0 = margin + rng.random() * (spare_y - grow_y)
    box = (x0, y0, x0 + width + grow_x, y0 + height + grow_y)
    ground = plate(canvas, box) if chance(rng, 0.92) or canvas.level < 0.2 else canvas_ground(canvas, box)
    ink = canvas.ink(ground)
    label_ink = ink if chance(rng, 0.75) else canvas.ink(ground)
    trim(canvas, box, ink)
    extra = grow_y / max(1, len(lines)) * rng.random() * 0.8
    extra = min(extra, size * 1.5)
    y = y0 + pad * size + (grow_y - extra * len(lines)) * rng.random()
    left = x0 + pad * size + (grow_x * rng.random() * (0.9 if columns == 1 else 0.5))
    bold_shadow = level > 0.4 and chance(rng, 0.12)
    grid = style == "table" and columns == 1 and chance(rng, 0.5)
    if title:
        tx = x0 + (box[2] - x0 - label_type.width(title, title_size)) / 2 if chance(rng, 0.7) else left
        put(canvas, tx, y + 0.8 * title_size, title, label_type, title_size, ink, bold_shadow)
        y += title_size * 1.6
        if chance(rng, 0.3):
            canvas.line(
                (x0 + pad * size * 0.6, y - title_size * 0.3),
                (box[2] - pad * size * 0.6, y - title_size * 0.3),
                ink,
                max(1, size * 0.06),
            )
    for line, line_height in zip(lines, heights):
        x = left
        baseline = y + 0.86 * size
        for column, row in enumerate(line):
            if column:
                x = left + column_widths[0] + gap * 1.5
            if style == "stacked" and row.label:
                put(canvas, x, baseline, row.label, label_type, size * 0.9, label_ink, bold_shadow)
                put(canvas, x, baseline + 1.2 * size, row.value, value_type, size, ink, bold_shadow)
            elif not row.label:
                put(canvas, x, baseline, row.value, value_type, size, ink, bold_shadow)
            elif style == "table":
                put(canvas, x, baseline, row.label, label_type, size, label_ink, bold_shadow)
                put(canvas, x + table_width + gap, baseline, row.value, value_type, size, ink, bold_shadow)
            else:
                end = put(canvas, x, baseline, row.label + colon, label_type, size, label_ink, bold_shadow)
                put(canvas, end, baseline, row.value, value_type, size, ink, bold_shadow)
        if grid:
            canvas.line(
                (left - size * 0.3, y + line_height - size * (pitch - 1) * 0.35),
                (left + body + size * 0.3, y + line_height - size * (pitch - 1) * 0.35),
                label_ink,
                1,
            )
        y += line_height + extra
    if stray:
        canvas.text(left, y + 0.9 * size, stray, label_type, size * 0.9, label_ink, asked=False)
    return drawn, title, bool(stray)


def canvas_ground(canvas: Canvas, box):
    """Print straight on the background: its mean colour, after taking its contrast down."""
    x0, y0, x1, y1 = (int(v) for v in box)
    part = canvas.pixels[y0:y1, x0:x1]
    mean = part[:: max(1, (y1 - y0) // 16), :: max(1, (x1 - x0) // 16)].reshape(-1, 3).mean(0)
    canvas.pixels[y0:y1, x0:x1] = (part // 4 + (mean * 0.75).astype(np.uint8)).astype(np.uint8)
    return tuple(int(v) for v in mean)


def put(canvas, x, baseline, text, type, size, ink, shadow):
    if shadow:
        light = 255 if sum(ink) < 380 else 0
        offset = max(1, size * 0.04)
        canvas.text(x + offset, baseline + offset, text, type, size, (light,) * 3, asked=False, noted=False)
    return canvas.text(x, baseline, text, type, size, ink)


def paint(canvas: Canvas) -> list[Topic]:
    rng, level, split = canvas.rng, canvas.level, canvas.split
    most = 1 if level < 0.1 else 1 + int(round(7 * min(1.0, level)))
    while True:
        drawn, language = rows(rng, split, level, most)
        title = ""
        printed = {}
        if level > 0.25 and chance(rng, 0.35):
            if chance(rng, 0.6):
                printed["product"] = title = pick(rng, values.PRODUCTS_EN if language == "en" else values.PRODUCTS_ZH)
            elif not any(row.name == "manufacturer" for row in drawn):
                printed["brand"] = title = companies.brand(rng, split)
        stray = pick(rng, STRAY).format(w=companies.word(rng).lower()) if level > 0.4 and chance(rng, 0.3) else ""
        drawn, title, _ = lay(canvas, drawn, title, stray)
        if drawn:
            break
    if not title:
        printed = {}
    printed.update({row.name: row.value for row in drawn})
    return topics(rng, split, printed)

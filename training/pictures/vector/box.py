"""Pill boxes, blister cards and bottles of the second hand."""

from __future__ import annotations

from training.pictures import pillbox
from training.pictures.picture import Topic
from training.pictures.values import chance, pick
from training.pictures.vector.sheet import NoRoom, Sheet, mixed


def paint(sheet: Sheet) -> list[Topic]:
    rng, level, split = sheet.rng, sheet.level, sheet.split
    chinese = chance(rng, 0.55)
    for attempt in range(60):
        name = (pillbox.drug_chinese if chinese else pillbox.drug_latin)(rng, split)
        times = int(rng.integers(1, 5)) if chance(rng, 0.8) else 0
        meal = pick(rng, ["before", "after", "with", "bed"]) if chance(rng, 0.7) else ""
        box = pillbox.Box(name, min(times, 1) if meal == "bed" else times, meal, 0, 0, 0)
        if chance(rng, 0.7):
            box.year, box.month = int(rng.integers(2019, 2034)), int(rng.integers(1, 13))
            box.day = int(rng.integers(1, 29)) if chance(rng, 0.4) else 0
        lines = pillbox.lines_of(rng, box, chinese, level, split)
        if chance(rng, 0.4):
            rng.shuffle(lines)  # what belongs together is still one line, or meals would come before times
        if lay(sheet, name, [text for text, _ in lines], 1.0 if attempt < 6 else 0.7):
            return pillbox.topics(rng, split, box)
    raise NoRoom


def lay(sheet: Sheet, name: str, lines: list[str], ease: float) -> bool:
    rng = sheet.rng
    size, least = sheet.draw_em(), max(17 * sheet.unit, sheet.least_em * ease)
    style = sheet.style(size)
    head = style if chance(rng, 0.4) else sheet.style(size)
    margin, pad, pitch, big = (
        rng.uniform(0.01, 0.1) * min(sheet.size),
        rng.uniform(0.5, 1.6),
        rng.uniform(1.25, 2.0),
        rng.uniform(1.0, 2.6),
    )
    while True:
        style, title = style.at(size), head.at(size * big)
        width = max([title.width(name)] + [style.width(line) for line in lines]) + 2 * pad * size
        height = (big * 1.5 + len(lines) * pitch + 2 * pad) * size
        if width <= sheet.width - 2 * margin and height <= sheet.height - 2 * margin:
            break
        if size * 0.94 >= least:
            size *= 0.94
        elif big > 1.05:
            big = max(1.0, big * 0.85)
        else:
            return False
    grow_x, grow_y = rng.random(2) ** 1.5 * (sheet.width - 2 * margin - width, sheet.height - 2 * margin - height)
    x0 = margin + rng.random() * (sheet.width - 2 * margin - width - grow_x)
    y0 = margin + rng.random() * (sheet.height - 2 * margin - height - grow_y)
    x1, y1 = x0 + width + grow_x, y0 + height + grow_y
    paper = (
        pick(rng, [(255, 255, 255), (246, 250, 252), (250, 246, 236), (232, 244, 238), (214, 230, 246)])
        if chance(rng, 0.7)
        else tuple(int(v) for v in rng.integers(60, 250, 3))
    )
    radius = pick(rng, [0, 0, 0.04, 0.12]) * min(width, height)
    sheet.shadow((x0, y0, x1, y1), radius, 0.02 * min(sheet.size))
    if chance(rng, 0.3):  # the box has a side
        depth = rng.uniform(0.02, 0.05) * min(sheet.size)
        side = mixed(paper, (0, 0, 0), 0.3)
        sheet.outline_polygon([(x1, y0), (x1 + depth, y0 - depth), (x1 + depth, y1 - depth), (x1, y1)], side)
        sheet.outline_polygon(
            [(x0, y0), (x0 + depth, y0 - depth), (x1 + depth, y0 - depth), (x1, y0)], mixed(paper, (0, 0, 0), 0.15)
        )
    sheet.fill((x0, y0, x1, y1), paper, radius, mixed(paper, (180, 190, 200), 0.25) if chance(rng, 0.4) else None)
    tint = tuple(int(v) for v in rng.integers(0, 235, 3))
    look, ground = rng.integers(6), paper
    top = y0 + pad * size
    if look == 0:
        sheet.fill((x0, y0, x1, top + title.size * 1.35), tint, 0, mixed(tint, (255, 255, 255), 0.3))
        ground = tint
    elif look == 1:
        sheet.disc(x1 - 0.4 * pad * size, y0 + 0.4 * pad * size, 0.5 * pad * size, tint)
    elif look == 2:
        for i in range(4):
            sheet.fill(
                (x0, y1 - (0.1 + 0.11 * i) * pad * size, x1, y1 - (0.05 + 0.11 * i) * pad * size), tint, 0, None, 0.8
            )
    elif look == 3:
        sheet.outline_polygon([(x0, y1), (x0, y1 - 0.9 * pad * size), (x1, y1)], tint)
    elif look == 4:
        sheet.outline((x0 + 2, y0 + 2, x1 - 2, y1 - 2), tint, 0.12 * size, radius)
    centred = chance(rng, 0.3)
    left = x0 + pad * size + grow_x * rng.random() * (rng.random() < 0.5)
    put = lambda text, y, style, ink: sheet.write(
        (x0 + x1 - style.width(text)) / 2 if centred else left, y, text, style, ink
    )  # noqa: E731
    put(name, top + title.size, title, sheet.ink_on(ground, 0.4))
    ink = sheet.ink_on(paper)
    y = top + title.size * 1.5 + grow_y * rng.uniform(0, 0.7)
    if chance(rng, 0.25):
        sheet.stroke((left, y - 0.1 * size), (x1 - pad * size, y - 0.1 * size), tint, 0.06 * size)
    room = (y1 - pad * size - y) / max(1, len(lines)) - size * pitch
    step = size * pitch + max(0.0, min(room, size)) * rng.random()
    for text in lines:
        put(text, y + 0.86 * size, style, ink)
        y += step
    return True

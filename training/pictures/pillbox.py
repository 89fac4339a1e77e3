"""Pill boxes: name, how often a day, before or after meals, expiry."""

from __future__ import annotations

from training.pictures.canvas import Canvas
from training.pictures.drug_names import drug_chinese, drug_latin
from training.pictures.medicine import MEAL, MONTHS, PRINTED_TIMES_EN, PRINTED_TIMES_ZH, Medicine
from training.pictures.nameplate import put
from training.pictures.picture import Topic
from training.pictures.pillbox_topics import topics
from training.pictures.sampling import chance, digits, letters, pick


def printed_expiry(rng, box: Medicine, chinese: bool) -> tuple[str, str]:
    """Label and date as printed."""
    y, m, d = box.year, box.month, box.day
    short = MONTHS[m - 1][:3]
    if chinese:
        label = pick(rng, ["有效期至", "有效期至：", "有效期至 ", "失效日期：", "有效期：", "【有效期至】"])
        forms = (
            [
                f"{y}年{m}月{d}日",
                f"{y}.{m:02}.{d:02}",
                f"{y}-{m:02}-{d:02}",
                f"{y}/{m:02}/{d:02}",
                f"{y}{m:02}{d:02}",
                f"{y}年{m:02}月{d:02}日",
            ]
            if d
            else [f"{y}年{m}月", f"{y}年{m:02}月", f"{y}.{m:02}", f"{y}-{m:02}", f"{y}/{m:02}", f"{y}{m:02}"]
        )
    else:
        label = pick(rng, ["EXP ", "EXP: ", "EXP. ", "Exp. date ", "Expiry: ", "Use by ", "Best before ", "EXP "])
        forms = (
            [
                f"{y}-{m:02}-{d:02}",
                f"{d} {short} {y}",
                f"{d:02} {short.upper()} {y}",
                f"{y}/{m:02}/{d:02}",
                f"{short} {d}, {y}",
            ]
            if d
            else [
                f"{m:02}/{y}",
                f"{m:02}-{y}",
                f"{short} {y}",
                f"{short.upper()} {y}",
                f"{y}-{m:02}",
                f"{y}/{m:02}",
                f"{MONTHS[m - 1]} {y}",
                f"{m:02}.{y}",
            ]
        )
    return label, pick(rng, forms)


def lines_of(rng, box: Medicine, chinese: bool, level: float, split: str) -> list[tuple[str, bool]]:
    """(text, asked) of a box's print below its name."""
    lines = []
    if level > 0.2 and chance(rng, 0.5):
        strength = pick(
            rng, ["0.25g", "0.5g", "10mg", "20mg", "100mg", "500mg", "5mg", "50mg", "0.1g", "250 mg", "40 mg"]
        )
        lines.append(
            (
                pick(
                    rng,
                    [f"规格：{strength}", f"{strength}×{rng.integers(6, 49)}", f"每盒{rng.integers(6, 49)}粒"]
                    if chinese
                    else [strength, f"{rng.integers(6, 100)} tablets", f"{strength} x {rng.integers(6, 49)}"],
                ),
                False,
            )
        )
    if box.times or box.meal:
        if chinese:
            dose = pick(rng, ["", "", "每次1片，", "一次2粒，", "每次1粒，", "一次1袋，"])
            parts = [pick(rng, PRINTED_TIMES_ZH[box.times])] if box.times else []
            parts += [pick(rng, MEAL[box.meal][2])] if box.meal else []
            head = pick(rng, ["用法用量：", "用法：", "", "口服，", "【用法用量】"])
            if len(parts) == 2 and chance(rng, 0.5):
                lines += [(head + dose + parts[0], True), (parts[1] + pick(rng, ["", "。"]), True)]
            else:
                lines.append(
                    (head + dose + pick(rng, ["，", "，", " ", "；"]).join(parts) + pick(rng, ["", "。"]), True)
                )
        else:
            head = pick(
                rng, ["Take one tablet ", "Take 1 capsule ", "Take ", "1 tablet ", "Directions: ", "Dosage: take "]
            )
            parts = [pick(rng, PRINTED_TIMES_EN[box.times])] if box.times else []
            parts += [pick(rng, MEAL[box.meal][3])] if box.meal else []
            if len(parts) == 2 and chance(rng, 0.6):
                lines += [(head + parts[0], True), (parts[1], True)]
            else:
                lines.append((head + pick(rng, [" ", ", "]).join(parts), True))
    if box.year:
        lines.append(("".join(printed_expiry(rng, box, chinese)), True))
    extras = []
    if level > 0.3 and chance(rng, 0.4):
        extras.append(
            (
                pick(rng, ["批号：", "产品批号："] if chinese else ["LOT ", "Batch "])
                + letters(rng, 1)
                + digits(rng, 6),
                False,
            )
        )
    if level > 0.3 and chance(rng, 0.3):
        extras.append(
            (
                pick(
                    rng,
                    ["请仔细阅读说明书", "密封，置阴凉干燥处", "儿童请勿接触"]
                    if chinese
                    else ["Keep out of reach of children", "Store in a dry place", "Read the leaflet"],
                ),
                False,
            )
        )
    for extra in extras:
        lines.insert(int(rng.integers(0, len(lines) + 1)), extra)
    return lines


def paint(canvas: Canvas) -> list[Topic]:
    rng, level, split = canvas.rng, canvas.level, canvas.split
    chinese = chance(rng, 0.55)
    for attempt in range(80):
        name = (drug_chinese if chinese else drug_latin)(rng, split)
        times = int(rng.integers(1, 5)) if chance(rng, 0.85) else 0
        meal = pick(rng, ["before", "after", "before", "after", "with", "bed"]) if chance(rng, 0.75) else ""
        if meal == "bed":
            times = min(times, 1)
        box = Medicine(name, times, meal, 0, 0, 0)
        if chance(rng, 0.75):
            box.year, box.month = int(rng.integers(2019, 2033)), int(rng.integers(1, 13))
            box.day = int(rng.integers(1, 29)) if chance(rng, 0.4) else 0
        if level < 0.2:  # one thing at a time
            keep = rng.integers(3)
            box = Medicine(
                name,
                times if keep == 1 else 0,
                meal if keep == 1 else "",
                *((box.year, box.month, 0) if keep == 2 else (0, 0, 0)),
            )
        lines = lines_of(rng, box, chinese, level, split)
        if lay(canvas, box, lines, ease=1.0 if attempt < 8 else 0.5):
            return topics(rng, split, box)
    raise RuntimeError(f"no pill box fits {canvas.size}")


def lay(canvas: Canvas, box: Medicine, lines, ease: float) -> bool:
    """Draws the box if its print fits at the least size; `ease` takes that down where the canvas is small for the level."""
    rng, level = canvas.rng, canvas.level
    margin = rng.uniform(0.02, 0.1) * min(canvas.size)
    wide, tall = canvas.width - 2 * margin, canvas.height - 2 * margin
    name_type = canvas.type()
    type = name_type if chance(rng, 0.4) else canvas.type()
    scale, pad, pitch = rng.uniform(1.2, 2.2), rng.uniform(0.6, 1.3), rng.uniform(1.3, 1.9)
    floor = max(
        17.0 * canvas.unit,
        canvas.least_em * (1.0 if level < 0.3 else rng.uniform(0.8, 1.0)) * (0.6 if level < 0.2 else 1) * ease,
    )
    em = canvas.draw_em()
    while True:
        size = int(round(em))
        big = int(round(em * scale))
        width = max([name_type.width(box.name, big)] + [type.width(text, size) for text, _ in lines]) + 2 * pad * size
        height = big * 1.5 + len(lines) * size * pitch + 2 * pad * size
        if width <= wide and height <= tall:
            break
        if em * 0.94 >= floor:
            em *= 0.94
        elif scale > 1.05:
            scale = max(1.0, scale * 0.85)
        else:
            return False
    grow_x, grow_y = rng.random(2) * (wide - width, tall - height) * (0.8 if chance(rng, 0.6) else 0.2)
    x0, y0 = margin + rng.random() * (wide - width - grow_x), margin + rng.random() * (tall - height - grow_y)
    x1, y1 = x0 + width + grow_x, y0 + height + grow_y
    paper = (
        pick(rng, [(250, 250, 250), (244, 246, 250), (255, 250, 240), (235, 245, 240), (225, 236, 248)])
        if chance(rng, 0.8)
        else tuple(int(v) for v in rng.integers(90, 250, 3))
    )
    canvas.rectangle((x0 + 0.03 * width, y0 + 0.03 * width, x1 + 0.02 * width, y1 + 0.02 * width), (60, 60, 60))
    canvas.rectangle((x0, y0, x1, y1), paper)
    tint = tuple(int(v) for v in rng.choice([30, 60, 120, 180, 220], 3))
    kind = rng.integers(4)
    name_ground = paper
    if kind == 0:  # a band behind the name
        canvas.rectangle((x0, y0, x1, y0 + pad * size + big * 1.3), tint)
        name_ground = tint
    elif kind == 1:
        canvas.rectangle((x0, y1 - 0.3 * pad * size, x1, y1), tint)
        canvas.rectangle((x0, y0, x1, y0 + 0.3 * pad * size), tint)
    elif kind == 2:
        canvas.rectangle((x0, y0, x0 + 0.4 * pad * size, y1), tint)
    left = x0 + pad * size + (0 if chance(rng, 0.5) else grow_x * rng.random())
    put(canvas, left, y0 + pad * size + 0.9 * big, box.name, name_type, big, canvas.ink(name_ground), False)
    ink = canvas.ink(paper)
    y = y0 + pad * size + big * 1.5 + grow_y * rng.uniform(0, 0.6)
    room = (y1 - pad * size - y - len(lines) * size * pitch) / max(1, len(lines))
    step = size * pitch + max(0.0, min(room, size)) * rng.random()
    for text, asked in lines:
        canvas.text(left, y + 0.86 * size, text, type, size, ink, asked=asked)
        y += step
    return True

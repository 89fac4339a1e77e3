"""Displays of the second hand: screens of any colour, segments of any shape, words of any kind as labels."""

from __future__ import annotations

from training.pictures import display, free
from training.pictures.picture import Topic
from training.pictures.splits import FACES
from training.pictures.values import chance, pick
from training.pictures.vector import label as labels
from training.pictures.vector.sheet import NoRoom, Sheet, Style, mixed

SEGMENTS = tuple(FACES["segment", "train"])
UNITS = (
    "|V|A|mA|kW|kWh|Hz|%|°C|℃|bar|MPa|kPa|mm|m|m/s|rpm|r/min|L/min|m³/h|ppm|dB|lux|pH|kg|g|t|N|Nm|s|min|h|Ω|μm|件|次|天|人"
).split("|")


# The bars of a digit: a at the top, then clockwise, g in the middle.
ON = {
    **dict(zip("01234", ("abcdef", "bc", "abged", "abgcd", "fgbc"))),
    **dict(zip("56789-", ("afgcd", "afgedc", "abc", "abcdefg", "abcdfg", "g"))),
}


def bars(
    sheet: Sheet, x: float, baseline: float, text: str, height: float, colour, off, bold: float, square: float
) -> float:
    """Digits of seven bars with round or square ends; returns the right end."""
    wide, t = 0.5 * height, bold * height
    for character in text:
        if character in ".:":
            for level in (0.0,) if character == "." else (0.28, 0.62):
                sheet.fill((x, baseline - level * height - t, x + t, baseline - level * height), colour, t * square)
            sheet.note(character, x + t / 2, baseline - (0 if character == "." else height / 2))
            x += 1.9 * t
            continue
        gap, top, middle = 0.22 * t, baseline - height, baseline - height / 2
        right = x + wide
        places = {
            "a": (x + gap, top, right - gap, top + t),
            "b": (right - t, top + gap, right, middle - gap),
            "c": (right - t, middle + gap, right, baseline - gap),
            "d": (x + gap, baseline - t, right - gap, baseline),
            "e": (x, middle + gap, x + t, baseline - gap),
            "f": (x, top + gap, x + t, middle - gap),
            "g": (x + gap, middle - t / 2, right - gap, middle + t / 2),
        }
        for name, box in places.items():
            lit = name in ON.get(character, "")
            if lit or off is not None:
                sheet.fill(box, colour if lit else off, t * square)
        sheet.note(character, x + wide / 2, middle)
        x += wide + 0.16 * height
    return x


def paint(sheet: Sheet) -> list[Topic]:
    rng, level, split = sheet.rng, sheet.level, sheet.split
    count = 1 if level < 0.15 else int(rng.choice([1, 2, 3, 4, 6], p=[0.45, 0.2, 0.15, 0.12, 0.08]))
    own = count > 1 and chance(rng, 0.4)  # words of any kind instead of quantities
    pieces: dict[str, tuple[str, str, str, str]] = {}
    names = list(rng.choice(sorted(display.PLAIN), size=count, replace=False))
    for name in names:
        text, unit = display.number(rng, str(name), split), str(pick(rng, display.QUANTITIES[name][3]))
        word = str(pick(rng, display.QUANTITIES[name][2]))
        if own:
            word = free.hanzi(rng, 2, 4) if chance(rng, 0.5) else free.latin(rng, 1, 2)
            text, unit = display.number(rng, str(name), split), str(pick(rng, UNITS))
            name = word
        unit = unit if chance(rng, 0.85) and ":" not in text else ""
        pieces[str(name)] = (text, unit, display.join(text, unit), word)
    labelled = count > 1 or chance(rng, 0.5)
    if not labelled:
        pieces = {name: (*piece[:3], "") for name, piece in pieces.items()}

    margin = rng.uniform(0.01, 0.12) * min(sheet.size)
    across = pick(rng, [1, 2, 3]) if count >= 4 else pick(rng, [1, 2]) if count > 1 and sheet.width > 320 else 1
    down = -(-count // across)
    scale = 1.0 if level < 0.2 else rng.uniform(0.6, 1.0)
    w, h = (sheet.width - 2 * margin) * scale, (sheet.height - 2 * margin) * scale
    h = min(h, w * rng.uniform(0.35, 1.1) * max(1.0, down / across))
    x0, y0 = (
        margin + rng.random() * (sheet.width - 2 * margin - w),
        margin + rng.random() * (sheet.height - 2 * margin - h),
    )
    case = pick(
        rng,
        [
            (36, 38, 42),
            (222, 222, 218),
            (246, 246, 246),
            (82, 92, 104),
            (14, 14, 16),
            (180, 60, 40),
            (60, 110, 90),
            (196, 186, 150),
        ],
    )
    radius = pick(rng, [0, 0.03, 0.1]) * h
    sheet.shadow((x0, y0, x0 + w, y0 + h), radius, 0.015 * min(sheet.size))
    sheet.fill((x0, y0, x0 + w, y0 + h), case, radius, mixed(case, (128, 128, 128), 0.2) if chance(rng, 0.5) else None)
    screen, lit = (
        pick(rng, display.LOOKS)
        if chance(rng, 0.6)
        else (tuple(int(v) for v in rng.integers(0, 60, 3)), tuple(int(v) for v in rng.integers(150, 256, 3)))
    )
    pad = rng.uniform(0.03, 0.08) * min(w, h)
    kind = pick(rng, ["bars", "bars", "segments", "text", "text"])
    style = sheet.style(40.0)
    if kind == "segments":
        face = pick(rng, SEGMENTS)
        style = Style(face, face, face, 40.0)
    small = sheet.style(20.0)
    one = chance(rng, 0.5)
    if one:
        sheet.fill(
            (x0 + pad, y0 + pad, x0 + w - pad, y0 + h - pad),
            screen,
            0.4 * radius,
            mixed(screen, lit, 0.1) if chance(rng, 0.3) else None,
        )
    ghost = mixed(screen, lit, rng.uniform(0.05, 0.12)) if chance(rng, 0.4) else None
    bold, square = rng.uniform(0.09, 0.17), rng.uniform(0, 0.5)
    for i, (name, (text, unit, answer, word)) in enumerate(pieces.items()):
        cw, ch = (w - 2 * pad) / across, (h - 2 * pad) / down
        cx, cy = x0 + pad + i % across * cw, y0 + pad + i // across * ch
        em = max(17 * sheet.unit, min(0.2 * ch, 32 * sheet.unit))
        caption = small.at(em)
        if caption.width(word) > cw * 0.95 or ch < 2.6 * em:
            raise NoRoom
        ground, ink = (screen, lit) if one else (case, sheet.ink(case))
        if word:
            left = cx + 0.04 * cw if chance(rng, 0.5) else cx + (cw - caption.width(word)) / 2
            sheet.write(left, cy + 1.05 * em, word, caption, ink)
        top = cy + (1.4 * em if word else 0.06 * ch)
        inner = (cx + 0.03 * cw, top, cx + 0.97 * cw, cy + 0.95 * ch)
        if not one:
            sheet.fill(inner, screen, 0.3 * radius)
        unit_style = small.at(
            max(17 * sheet.unit, min((inner[3] - inner[1]) * rng.uniform(0.25, 0.45), 46 * sheet.unit))
        )
        beside = unit_style.width(unit) + 0.35 * unit_style.size if unit else 0.0
        room_w, room_h = inner[2] - inner[0] - beside - 0.06 * cw, (inner[3] - inner[1]) * 0.78
        if kind == "bars":
            measure = sum(1.9 * bold if c in ".:" else 0.66 for c in text)
            height = min(room_h, room_w / measure) * (1.0 if level < 0.2 else rng.uniform(0.65, 1.0))
            width = measure * height
        else:
            size = min(room_h * (1.0 if kind == "segments" else 1.25), room_w / (style.width(text) / 40.0))
            size *= 1.0 if level < 0.2 else rng.uniform(0.65, 1.0)
            height, width = size * (1.0 if kind == "segments" else 0.72), style.at(size).width(text)
        if height < 14 * sheet.unit:
            raise NoRoom
        left = inner[0] + 0.03 * cw + rng.random() * max(0.0, room_w - width)
        baseline = (inner[1] + inner[3] + height) / 2
        if kind == "bars":
            sheet.em = min(sheet.em, 1.2 * height)
            sheet.keep(left + width / 2, baseline - height / 2, max(width, height) / 2 + 2)
            right = bars(sheet, left, baseline, text, height, lit, ghost, bold, square) - 0.16 * height
        else:
            right = sheet.write(left, baseline, text, style.at(size), lit)
        if unit:
            raised = chance(rng, 0.25)
            sheet.write(
                right + 0.3 * unit_style.size,
                baseline - (height - 0.8 * unit_style.size) * raised,
                unit,
                unit_style,
                lit,
            )
    if own:
        missing = [free.hanzi(rng, 2, 3), free.latin(rng, 1, 2)]
        asked = labels.topics(rng, split, {name: piece[2] for name, piece in pieces.items()}, missing, True)
        return [_as_display(topic) for topic in asked]
    return display.topics(rng, split, pieces, labelled, {name: piece[:2] for name, piece in pieces.items()})


def _as_display(topic: Topic) -> Topic:
    return Topic("display" if topic.tag == "label" else topic.tag, topic.field, topic.ask, topic.group)

"""Displays of the second hand: screens of any colour, segments of any shape, words of any kind as labels."""

from __future__ import annotations

from training.pictures import free
from training.pictures.display import LOOKS
from training.pictures.display_topics import topics
from training.pictures.picture import Topic
from training.pictures.quantities import PLAIN, QUANTITIES, join, number
from training.pictures.sampling import chance, pick
from training.pictures.splits import FACES
from training.pictures.vector import digits
from training.pictures.vector import label as labels
from training.pictures.vector.sheet import NoRoom, Sheet, Style, mixed

SEGMENTS = tuple(FACES["segment", "train"])
CASES = (
    *((36, 38, 42), (222, 222, 218), (246, 246, 246), (82, 92, 104), (14, 14, 16), (180, 60, 40), (60, 110, 90)),
    *((196, 186, 150), (30, 60, 110), (230, 190, 40)),
)
UNITS = (
    "|V|A|mA|kW|kWh|Hz|%|°C|℃|bar|MPa|kPa|mm|m|m/s|rpm|r/min|L/min|m³/h|ppm|dB|lux|pH|kg|g|t|N|Nm|s|min|h|Ω|μm|件|次|天|人"
).split("|")


def paint(sheet: Sheet) -> list[Topic]:
    rng, level, split = sheet.rng, sheet.level, sheet.split
    count = 1 if level < 0.15 else int(rng.choice([1, 2, 3, 4, 6], p=[0.45, 0.2, 0.15, 0.12, 0.08]))
    own = count > 1 and chance(rng, 0.4)  # words of any kind instead of quantities
    pieces: dict[str, tuple[str, str, str, str]] = {}
    names = list(rng.choice(sorted(PLAIN), size=count, replace=False))
    for name in names:
        text, unit = number(rng, str(name), split), str(pick(rng, QUANTITIES[name][3]))
        word = str(pick(rng, QUANTITIES[name][2]))
        if own:
            word = free.hanzi(rng, 2, 4) if chance(rng, 0.5) else free.latin(rng, 1, 2)
            text, unit = number(rng, str(name), split), str(pick(rng, UNITS))
            name = word
        unit = unit if chance(rng, 0.85) and ":" not in text else ""
        pieces[str(name)] = (text, unit, join(text, unit), word)
    labelled = count > 1 or chance(rng, 0.5)
    if not labelled:
        pieces = {name: (*piece[:3], "") for name, piece in pieces.items()}

    draw(sheet, pieces)
    if own:
        missing = [free.hanzi(rng, 2, 3), free.latin(rng, 1, 2)]
        asked = labels.topics(rng, split, {name: piece[2] for name, piece in pieces.items()}, missing, True)
        return [_as_display(topic) for topic in asked]
    return topics(rng, split, pieces, labelled, {name: piece[:2] for name, piece in pieces.items()})


def draw(sheet: Sheet, pieces: dict[str, tuple[str, str, str, str]]):
    """Draws number, unit, answer and word of each piece in cells of one screen or of their own; raises NoRoom."""
    rng, level, count = sheet.rng, sheet.level, len(pieces)
    margin = rng.uniform(0.01, 0.12) * min(sheet.size)
    beside = count > 1 and chance(rng, 0.35)  # words in a column, numbers in the next
    across = (
        1
        if beside and count < 5
        else pick(rng, [1, 2, 3])
        if count >= 4
        else pick(rng, [1, 2])
        if count > 1 and sheet.width > 320
        else 1
    )
    down = -(-count // across)
    scale = 1.0 if level < 0.2 else rng.uniform(0.6, 1.0)
    w, h = (sheet.width - 2 * margin) * scale, (sheet.height - 2 * margin) * scale
    h = min(h, w * rng.uniform(0.35, 1.1) * max(1.0, down / across))
    x0 = margin + rng.random() * (sheet.width - 2 * margin - w)
    y0 = margin + rng.random() * (sheet.height - 2 * margin - h)
    case = pick(rng, CASES) if chance(rng, 0.6) else tuple(int(v) for v in rng.integers(5, 250, 3))
    radius = pick(rng, [0, 0.03, 0.1]) * h
    sheet.shadow((x0, y0, x0 + w, y0 + h), radius, 0.015 * min(sheet.size))
    sheet.fill((x0, y0, x0 + w, y0 + h), case, radius, mixed(case, (128, 128, 128), 0.2) if chance(rng, 0.5) else None)
    screen, lit = pick(rng, LOOKS)
    if chance(rng, 0.4):
        screen, lit = tuple(int(v) for v in rng.integers(0, 60, 3)), tuple(int(v) for v in rng.integers(150, 256, 3))
    pad = rng.uniform(0.03, 0.08) * min(w, h)
    foot = buttons(sheet, (x0, y0, x0 + w, y0 + h), case) if chance(rng, 0.25) else 0.0
    h -= foot
    one = chance(rng, 0.5)
    if one:
        gradient = mixed(screen, lit, 0.1) if chance(rng, 0.3) else None
        sheet.fill((x0 + pad, y0 + pad, x0 + w - pad, y0 + h - pad), screen, 0.4 * radius, gradient)
        if chance(rng, 0.3) and count > 1:
            sheet.outline((x0 + 1.5 * pad, y0 + 1.5 * pad, x0 + w - 1.5 * pad, y0 + h - 1.5 * pad), lit, 0.1 * pad)
    numbers, small, inks = Numbers(sheet, screen, lit), sheet.style(20.0), (lit if one else sheet.ink(case))
    below = not beside and chance(rng, 0.15)
    middle = chance(rng, 0.5)
    for i, (text, unit, _, word) in enumerate(pieces.values()):
        cw, ch = (w - 2 * pad) / across, (h - 2 * pad) / down
        cx, cy = x0 + pad + i % across * cw, y0 + pad + i // across * ch
        em = max(17 * sheet.unit, min(rng.uniform(0.14, 0.26) * ch, 32 * sheet.unit))
        caption, left, top, bottom = small.at(em), cx, cy, cy + 0.95 * ch
        if word and beside:
            if caption.width(word) > 0.42 * cw or ch < 1.3 * em:
                raise NoRoom
            sheet.write(cx + 0.04 * cw, cy + 0.5 * ch + 0.36 * em, word, caption, inks)
            left, top = cx + 0.45 * cw, cy + 0.06 * ch
        elif word:
            if caption.width(word) > cw * 0.95 or ch < 2.6 * em:
                raise NoRoom
            at = cx + (cw - caption.width(word)) / 2 if middle else cx + 0.04 * cw
            sheet.write(at, cy + (ch - 0.45 * em if below else 1.05 * em), word, caption, inks)
            top, bottom = (cy + 0.06 * ch, cy + ch - 1.4 * em) if below else (cy + 1.4 * em, bottom)
        else:
            top += 0.06 * ch
        inner = (left + 0.03 * cw, top, cx + 0.97 * cw, bottom)
        if not one:
            sheet.fill(inner, screen, 0.3 * radius)
        show(sheet, inner, text, unit, numbers, small, lit)


class Numbers:
    """How the digits of a display are made."""

    def __init__(self, sheet: Sheet, screen, lit):
        rng = sheet.rng
        self.kind = pick(rng, ["bars", "bars", "segments", "dots", "text", "text"])
        self.style = sheet.style(40.0)
        if self.kind == "segments":
            face = pick(rng, SEGMENTS)
            self.style = Style(face, face, face, 40.0)
        self.ghost = mixed(screen, lit, rng.uniform(0.05, 0.3)) if chance(rng, 0.4) else None
        self.bold, self.look = rng.uniform(0.09, 0.17), pick(rng, ["square", "round", "pointed", "pointed"])
        self.slant = rng.uniform(0.03, 0.16) if chance(rng, 0.4) else 0.0
        self.round, self.most = chance(rng, 0.7), 1.0 if sheet.level < 0.2 else rng.uniform(0.6, 1.0)

    def width(self, text: str, height: float) -> float:
        if self.kind == "bars":
            return (digits.bars_width(text, self.bold) + self.slant) * height
        if self.kind == "dots":
            return digits.dots_width(text) * height
        return self.style.at(height / (1.0 if self.kind == "segments" else 0.72)).width(text)

    def write(self, sheet: Sheet, x: float, baseline: float, text: str, height: float, colour) -> float:
        if self.kind == "bars":
            return (
                digits.bars(sheet, x, baseline, text, height, colour, self.ghost, self.bold, self.look, self.slant)
                + self.slant * height
            )
        if self.kind == "dots":
            return digits.dots(sheet, x, baseline, text, height, colour, self.ghost, self.round)
        return sheet.write(
            x, baseline, text, self.style.at(height / (1.0 if self.kind == "segments" else 0.72)), colour
        )


def show(sheet: Sheet, inner, text: str, unit: str, numbers: Numbers, small: Style, lit):
    """A number with its unit in a box; raises NoRoom."""
    rng, (x0, y0, x1, y1) = sheet.rng, inner
    unit_style = small.at(max(17 * sheet.unit, min((y1 - y0) * rng.uniform(0.25, 0.45), 46 * sheet.unit)))
    beside = unit_style.width(unit) + 0.35 * unit_style.size if unit else 0.0
    room_w, room_h = (x1 - x0) * 0.94 - beside, (y1 - y0) * 0.78
    height = min(room_h, room_w / numbers.width(text, 1000.0) * 1000.0) * numbers.most
    least = (21 if numbers.kind == "dots" else 14) * sheet.unit
    if height < least:
        raise NoRoom
    width = numbers.width(text, height)
    left = x0 + 0.03 * (x1 - x0) + rng.random() * max(0.0, room_w - width)
    baseline = (y0 + y1 + height) / 2
    if numbers.kind in ("bars", "dots"):
        sheet.em = min(sheet.em, 1.2 * height)
        sheet.keep(left + width / 2, baseline - height / 2, max(width, height) / 2 + 2)
    right = numbers.write(sheet, left, baseline, text, height, lit)
    if unit:
        lift = (height - 0.8 * unit_style.size) * chance(rng, 0.25)
        sheet.write(right + 0.3 * unit_style.size, baseline - lift, unit, unit_style, lit)


def buttons(sheet: Sheet, box, case) -> float:
    """A row of keys at the foot of the case; returns its height."""
    rng, (x0, y0, x1, y1) = sheet.rng, box
    count, tall = int(rng.integers(2, 6)), rng.uniform(0.12, 0.2) * (y1 - y0)
    colour, round_ = mixed(case, pick(rng, [(255, 255, 255), (0, 0, 0)]), 0.3), chance(rng, 0.4)
    for i in range(count):
        x, y, r = x0 + (i + 0.5) * (x1 - x0) / count, y1 - 0.55 * tall, 0.32 * tall
        if round_:
            sheet.disc(x, y, r, colour, mixed(colour, (0, 0, 0), 0.4))
        else:
            sheet.fill((x - 1.5 * r, y - r, x + 1.5 * r, y + r), colour, 0.3 * r, mixed(colour, (0, 0, 0), 0.3))
    return tall


def _as_display(topic: Topic) -> Topic:
    return Topic("display" if topic.tag == "label" else topic.tag, topic.field, topic.ask, topic.group)

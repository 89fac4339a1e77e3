"""Needle meters of the second hand: round dials, panel meters with an arc, straight scales with a pointer."""

from __future__ import annotations

from math import cos, radians, sin

import skia

from training.pictures import gauge
from training.pictures.companies import brand
from training.pictures.marks import needle as needle_mark
from training.pictures.picture import Topic
from training.pictures.quantities import join
from training.pictures.sampling import chance, pick
from training.pictures.vector.sheet import NoRoom, Sheet, mixed
from training.pictures.vector.sheet import paint as brush

FACES = (
    *((250, 250, 248), (240, 238, 228), (255, 252, 235), (225, 230, 235), (20, 20, 22), (35, 38, 45), (12, 24, 46)),
    *((210, 232, 214), (250, 240, 200), (60, 20, 20)),
)
KINDS = ("round", "round", "round", "arc", "arc", "straight")


class Scale:
    """Where the values of a scale stand: on an arc around (x, y), or on a straight line."""

    def __init__(self, low: float, high: float, kind: str):
        self.low, self.high, self.kind = low, high, kind
        self.x = self.y = self.r = self.start = self.sweep = 0.0
        self.ends = ((0.0, 0.0), (0.0, 0.0))
        self.side = (0.0, -1.0)  # of a straight scale: where its marks point

    def share(self, value: float) -> float:
        return (value - self.low) / (self.high - self.low)

    def at(self, value: float, reach: float) -> tuple[float, float]:
        """A point at a value: `reach` radii from the middle, or so many units beside the line."""
        share = self.share(value)
        if self.kind == "straight":
            (x0, y0), (x1, y1) = self.ends
            return x0 + (x1 - x0) * share + self.side[0] * reach, y0 + (y1 - y0) * share + self.side[1] * reach
        angle = radians(self.start - self.sweep * share)
        return self.x + self.r * reach * cos(angle), self.y - self.r * reach * sin(angle)


def paint(sheet: Sheet) -> list[Topic]:
    rng, split = sheet.rng, sheet.split
    spec = pick(rng, gauge.SCALES)
    name, unit, low, high, step = spec
    decimals = gauge.places(low, high)
    value = round(float(rng.uniform(low, high)), decimals) + 0.0
    text = f"{value:.{max(0, decimals)}f}"
    answer = join(text if text.strip("-0.") else text.lstrip("-"), unit)
    kind = pick(rng, KINDS) if sheet.level > 0.2 else "round"
    branded = brand(rng, split) if sheet.level > 0.3 and kind == "round" and chance(rng, 0.25) else ""
    scale = Scale(low, high, kind)
    if kind == "straight":
        straight(sheet, scale, spec, value)
    else:
        curved(sheet, scale, spec, value, branded)
    return gauge.topics(rng, split, spec, value, answer, bool(branded))


def curved(sheet: Sheet, scale: Scale, spec, value: float, branded: str):
    rng, unit = sheet.rng, spec[1]
    short = min(sheet.size)
    size = short * rng.uniform(0.55, 0.98)
    size = max(size, min(200 * sheet.unit, 0.98 * short))
    ground = pick(rng, FACES)
    rim = pick(rng, [(25, 25, 25), (170, 172, 175), (190, 160, 90), (60, 70, 90), (200, 30, 30), (235, 235, 235)])
    inner = rng.uniform(0.84, 0.93)
    if scale.kind == "round":
        x, y, r = room(sheet, size, size)
        sheet.disc(x, y, r, rim, mixed(rim, (0, 0, 0), 0.4))
        sheet.disc(x, y, r * (inner + 0.03), mixed(rim, (0, 0, 0), 0.5))
        sheet.disc(x, y, r * inner, ground, mixed(ground, (110, 110, 110), 0.15) if chance(rng, 0.4) else None)
        scale.x, scale.y, scale.r = x, y, r * inner
        scale.sweep = pick(rng, [270, 270, 240, 300, 220, 250]) if sheet.level > 0.15 else 270
        turn = pick(rng, [0, 0, 0, 0, -45, 45]) if scale.sweep <= 270 and sheet.level > 0.4 and not branded else 0
        scale.start = 90 + scale.sweep / 2 + turn
        sheet.keep(x, y, 0.97 * r)
    else:
        wide, tall = size, size * rng.uniform(0.62, 0.85)
        x, y, r = room(sheet, wide, tall)
        corner = rng.uniform(0, 0.08) * wide
        box = (x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2)
        sheet.shadow(box, corner, 0.02 * wide)
        sheet.fill(box, rim, corner, mixed(rim, (0, 0, 0), 0.3))
        e = 0.05 * wide
        sheet.fill((box[0] + e, box[1] + e, box[2] - e, box[3] - e), ground, corner)
        scale.sweep = pick(rng, [90, 100, 110, 120])
        scale.start = 90 + scale.sweep / 2
        scale.x, scale.y = x, box[3] - 1.8 * e
        scale.r = min(tall - 3.2 * e, (wide / 2 - 1.6 * e) / sin(radians(scale.sweep / 2)))
        sheet.keep(x, y, 0.48 * wide)
    ink, outer = sheet.ink(ground), rng.uniform(0.88, 0.96)
    outside = scale.kind == "arc" or chance(rng, 0.2)
    if outside:
        outer -= 0.2
    zones(sheet, scale, outer, ink)
    marks(sheet, scale, spec, outer, ink, outside)
    em = max(16 * sheet.unit, 0.13 * scale.r)
    style = sheet.style(em)
    if scale.kind == "round":
        below = (
            scale.sweep < 230 or sin(radians(scale.start - scale.sweep * scale.share(value))) > 0.5 or chance(rng, 0.7)
        )
        spot = (scale.x, scale.y + scale.r * (0.38 if below else -0.32))
        if branded:
            other = (scale.x, scale.y + scale.r * (0.62 if below else 0.45))
            sheet.write_in(*other, branded, style.at(max(14 * sheet.unit, 0.8 * em)), ink, asked=False)
    else:
        aside = -0.25 if scale.share(value) > 0.5 else 0.25  # where the needle does not hide the unit
        spot = (scale.x + aside * scale.r, scale.y - 0.28 * scale.r)
    sheet.write_in(*spot, unit, style, ink)
    needle(sheet, scale, value, outer, ground, ink)
    pointed = needle_mark(scale.share(value))
    sheet.mark(pointed, *scale.at(value, outer * 0.95))
    sheet.mark(pointed, scale.x, scale.y)
    if chance(rng, 0.25):  # glass
        sheet.disc(
            scale.x - 0.3 * scale.r,
            scale.y - 0.45 * scale.r,
            0.4 * scale.r,
            (255, 255, 255),
            None,
            0.15 * scale.r,
            rng.uniform(0.08, 0.3),
        )


def room(sheet: Sheet, wide: float, tall: float) -> tuple[float, float, float]:
    """The middle of a shape somewhere on the sheet, and half its width."""
    rng = sheet.rng
    if wide > sheet.width or tall > sheet.height:
        raise NoRoom
    x = wide / 2 + rng.random() * (sheet.width - wide)
    return x, tall / 2 + rng.random() * (sheet.height - tall), wide / 2


def zones(sheet: Sheet, scale: Scale, outer: float, ink):
    rng = sheet.rng
    r = outer * scale.r
    box = skia.Rect.MakeLTRB(scale.x - r, scale.y - r, scale.x + r, scale.y + r)
    stroke = lambda colour, wide: brush(colour, Style=skia.Paint.kStroke_Style, StrokeWidth=max(1.0, wide * scale.r))  # noqa: E731
    if chance(rng, 0.35):
        edges, colours = [0.0, *sorted(rng.random(2)), 1.0], [(40, 160, 70), (240, 190, 30), (210, 40, 40)]
        wide = rng.uniform(0.03, 0.07)
        for colour, a, b in zip(colours if chance(rng, 0.8) else colours[::-1], edges, edges[1:]):
            sheet.skia.drawArc(box, -scale.start + scale.sweep * a, scale.sweep * (b - a), False, stroke(colour, wide))
    if chance(rng, 0.6):
        sheet.skia.drawArc(box, -scale.start, scale.sweep, False, stroke(ink, 0.012))


def marks(sheet: Sheet, scale: Scale, spec, outer: float, ink, outside: bool):
    """Ticks and their numbers."""
    rng, (_, _, low, high, step) = sheet.rng, spec
    count = int(round((high - low) / step))
    minor = pick(rng, [5, 10, 4, 2]) if count <= 6 else pick(rng, [5, 2, 4])
    thick, out = rng.uniform(0.01, 0.022) * scale.r, chance(rng, 0.15) or scale.kind == "arc"
    for i in range(count * minor + 1):
        long = 0.12 if i % minor == 0 else 0.09 if minor % 2 == 0 and i % minor == minor // 2 else 0.06
        at = low + step * i / minor
        sheet.stroke(
            scale.at(at, outer),
            scale.at(at, outer + long * (1 if out else -1)),
            ink,
            thick * (1.5 if i % minor == 0 else 0.7),
        )
    em = max(15 * sheet.unit, min(scale.r * rng.uniform(0.12, 0.17), 60 * sheet.unit))
    style = sheet.style(em)
    inside = (
        outer + (0.13 if out else 0.05) + 0.5 * em / scale.r
        if outside
        else outer - (0.05 if out else 0.16) - 0.7 * em / scale.r
    )
    longest = max(style.width(gauge.short(low + step * i)) for i in (0, count - 1, count)) + 0.3 * em
    pitch = inside * scale.r * radians(scale.sweep) / count
    every = next(e for e in (1, 2, 5, count) if (count % e == 0 and pitch * e > longest) or e == count)
    for i in range(0, count + 1, every):
        sheet.write_in(*scale.at(low + step * i, inside), gauge.short(low + step * i), style, ink)


def needle(sheet: Sheet, scale: Scale, value: float, outer: float, ground, ink):
    rng, r = sheet.rng, scale.r
    dark = sum(ground) < 300
    colour = pick(
        rng, [(200, 20, 20), (235, 90, 20), ink, ink] + [(240, 200, 40)] * dark + [(20, 40, 140)] * (not dark)
    )
    tip, base = scale.at(value, outer * rng.uniform(0.88, 1.0)), (scale.x, scale.y)
    angle = radians(scale.start - scale.sweep * scale.share(value))
    ax, ay = cos(angle), -sin(angle)
    wide, tail = rng.uniform(0.015, 0.04) * r, rng.uniform(0.0, 0.25) * r * (scale.kind == "round")
    look = rng.integers(4)
    if chance(rng, 0.4):
        off = 0.025 * r
        sheet.stroke((base[0] + off, base[1] + off), (tip[0] + off, tip[1] + off), mixed(ground, (0, 0, 0), 0.3), wide)
    if look == 0:  # a bar
        sheet.stroke((base[0] - ax * tail, base[1] - ay * tail), tip, colour, 1.2 * wide)
    elif look == 1:  # a point
        points = [
            tip,
            (base[0] - ay * wide, base[1] + ax * wide),
            (base[0] - ax * tail, base[1] - ay * tail),
            (base[0] + ay * wide, base[1] - ax * wide),
        ]
        sheet.outline_polygon(points, colour)
    elif look == 2:  # an arrow
        sheet.stroke(base, tip, colour, 0.7 * wide)
        back = (tip[0] - ax * 0.16 * r, tip[1] - ay * 0.16 * r)
        sheet.outline_polygon(
            [
                tip,
                (back[0] - ay * 1.6 * wide, back[1] + ax * 1.6 * wide),
                (back[0] + ay * 1.6 * wide, back[1] - ax * 1.6 * wide),
            ],
            colour,
        )
    else:  # a weight behind the hub
        sheet.stroke(base, tip, colour, wide)
        sheet.stroke(base, (base[0] - ax * (tail + 0.1 * r), base[1] - ay * (tail + 0.1 * r)), colour, 2.4 * wide)
    sheet.stroke(base, tip, colour, 0.5 * wide)
    sheet.disc(
        *base,
        r * rng.uniform(0.04, 0.1),
        pick(rng, [colour, (30, 30, 30), (170, 170, 172)]),
        (40, 40, 40) if chance(rng, 0.5) else None,
    )


def straight(sheet: Sheet, scale: Scale, spec, value: float):
    """A scale on a line with a pointer, or a column that is filled up to the value."""
    rng, (_, unit, low, high, step) = sheet.rng, spec
    upright = sheet.height > sheet.width * 0.8 and chance(rng, 0.7)
    long = (sheet.height if upright else sheet.width) * rng.uniform(0.62, 0.95)
    em = max(16 * sheet.unit, min(0.06 * long, 40 * sheet.unit))
    style, count = sheet.style(em), int(round((high - low) / step))
    longest = max(style.width(gauge.short(low + step * i)) for i in range(count + 1))
    deep = (longest + 4.4 * em) if upright else 5.2 * em
    wide, tall = (deep, long) if upright else (long, deep)
    x, y, _ = room(sheet, wide, tall)
    box = (x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2)
    ground = pick(rng, FACES)
    sheet.shadow(box, 0.2 * em, 0.1 * em)
    sheet.fill(box, ground, rng.uniform(0, 0.8) * em)
    ink = sheet.ink(ground)
    sheet.outline(box, ink, 0.06 * em, 0.2 * em)
    if upright:
        scale.ends = ((box[0] + 1.6 * em, box[3] - 1.2 * em), (box[0] + 1.6 * em, box[1] + 2.4 * em))
        scale.side, spot = (1.0, 0.0), (box[0] + 1.8 * em, box[1] + 1.0 * em)
    else:
        pad = max(1.2 * em, longest / 2 + 0.4 * em)
        scale.ends = ((box[0] + pad, box[1] + 1.7 * em), (box[2] - pad - style.width(unit), box[1] + 1.7 * em))
        scale.side, spot = (0.0, 1.0), (box[2] - 0.5 * em - style.width(unit) / 2, box[3] - 0.9 * em)
    scale.r = 1.0
    minor = pick(rng, [2, 5, 4])
    pitch = abs(scale.at(low + step, 0)[upright] - scale.at(low, 0)[upright])
    need = 1.25 * em if upright else longest + 0.4 * em
    every = next(e for e in (1, 2, 5, count) if (count % e == 0 and pitch * e > need) or e == count)
    sheet.stroke(scale.at(low, 0), scale.at(high, 0), ink, 0.07 * em)
    for i in range(count * minor + 1):
        at = low + step * i / minor
        sheet.stroke(
            scale.at(at, 0),
            scale.at(at, (0.7 if i % minor == 0 else 0.4) * em),
            ink,
            (0.08 if i % minor == 0 else 0.05) * em,
        )
    for i in range(0, count + 1, every):
        text = gauge.short(low + step * i)
        cx, cy = scale.at(low + step * i, (1.0 * em + style.width(text) / 2) if upright else 1.4 * em)
        sheet.write_in(cx, cy, text, style, ink)
    sheet.write_in(*spot, unit, style, ink)
    colour = pick(rng, [(200, 20, 20), (235, 90, 20), (30, 90, 200)])
    tip = scale.at(value, -0.08 * em)
    if chance(rng, 0.5):  # a column
        start, end = scale.at(low, -0.5 * em), scale.at(value, -0.5 * em)
        sheet.stroke(start, scale.at(high, -0.5 * em), mixed(ground, (128, 128, 128), 0.3), 0.5 * em)
        sheet.stroke(start, end, colour, 0.5 * em)
    else:
        a, b = scale.at(value, -0.9 * em), 0.4 * em
        wings = [(a[0], a[1] - b), (a[0], a[1] + b)] if upright else [(a[0] - b, a[1]), (a[0] + b, a[1])]
        sheet.outline_polygon([tip, *wings], colour)
    sheet.keep(x, y, 0)
    for corner in ((box[0], box[1]), (box[2], box[3])):
        sheet.keep(*corner, 0)
    sheet.mark(needle_mark(scale.share(value)), *tip)

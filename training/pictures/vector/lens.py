"""A lamp of the second hand: lenses of many shapes and surfaces, whose reflections do not say whether it is lit."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin

import numpy as np
import skia

from training.pictures.sampling import chance, pick
from training.pictures.vector.sheet import Sheet, mixed, paint
from training.pictures.words import COLOURS

SHAPES = (
    *("disc", "disc", "disc", "disc", "disc", "disc", "square", "square", "bar", "bar", "upright", "ring"),
    *("hexagon", "diamond", "triangle", "arch"),
)
SURFACES = ("plain", "plain", "globe", "globe", "globe", "sheer", "facets", "ribs", "dots")
BEZELS = ("none", "line", "rim", "rim", "chrome", "plate", "collar")
SHINES = ("none", "spot", "spot", "broad", "broad", "broad", "arc", "window", "cap", "streak", "two")
HALOS = ("none", "none", "near", "near", "far", "rays")
WIDE = {"bar": (1.5, 0.6), "upright": (0.6, 1.35), "square": (0.92, 0.92), "arch": (0.95, 0.8)}  # half sides in radii


@dataclass(frozen=True)
class Design:
    """How the lamps of a panel are made. `dull` is what a dark lens keeps of its colour, `glow` what a lit one has."""

    shape: str
    surface: str
    bezel: str
    shine: str
    halo: str
    rim: tuple[int, int, int]
    corner: float
    dull: float
    glow: float
    core: float  # how white the middle of a lit lens is
    glint: float  # how white a reflection is
    reach: float  # of a reflection, in radii
    at: tuple[float, float]  # where the reflection is, in radii from the middle
    sky: tuple[int, int, int]  # what is reflected
    both: bool  # lit lenses reflect, too


def design(rng) -> Design:
    reach = rng.uniform(0.15, 1.0)
    return Design(
        pick(rng, SHAPES), pick(rng, SURFACES), pick(rng, BEZELS), pick(rng, SHINES), pick(rng, HALOS),
        pick(rng, [(190, 192, 196), (60, 62, 66), (20, 20, 20), (160, 140, 90), (235, 235, 230), tuple(int(v) for v in rng.integers(20, 230, 3))]),
        rng.uniform(0, 0.6), rng.uniform(0.1, 0.4), rng.uniform(0.8, 1.08), rng.uniform(0, 1) ** 1.4,
        rng.uniform(0.4, 1.0 if reach < 0.7 else 0.8), reach,
        (rng.uniform(-0.45, 0.3), rng.uniform(-0.5, 0.15)),
        (255, 255, 255) if chance(rng, 0.7) else tuple(int(v) for v in rng.integers(170, 256, 3)), chance(rng, 0.6),
    )  # fmt: skip


def outline(shape: str, x: float, y: float, r: float, corner: float) -> skia.Path:
    """The lens's edge."""
    path = skia.Path()
    if shape in WIDE:
        w, h = (r * side for side in WIDE[shape])
        box = skia.Rect.MakeLTRB(x - w, y - h, x + w, y + h)
        if shape == "arch":
            path.addOval(box)
        else:
            path.addRRect(skia.RRect.MakeRectXY(box, corner * min(w, h), corner * min(w, h)))
    elif shape in ("hexagon", "diamond", "triangle"):
        sides, turn = {"hexagon": (6, 0.0), "diamond": (4, pi / 2), "triangle": (3, -pi / 2)}[shape]
        points = [
            (x + r * cos(turn + 2 * pi * i / sides), y + r * sin(turn + 2 * pi * i / sides)) for i in range(sides)
        ]
        path.addPoly([skia.Point(*p) for p in points], True)
    else:
        path.addCircle(x, y, r)
    return path


def body(colour: str, lit: bool, look: Design) -> np.ndarray:
    """The lens's own colour, (3,) float 0 to 255."""
    rgb = np.array(COLOURS[colour][2], float)
    if lit:
        return np.clip(rgb * look.glow + 12 * look.core, 0, 255) if colour != "white" else np.full(3, 243.0)
    return rgb * look.dull + 10 if colour != "white" else np.full(3, 235 * min(look.dull, 0.34) * 1.3 + 14)


def radial(x: float, y: float, r: float, stops) -> skia.Shader:
    """Colours with opacity (r, g, b, a) and the places of their rings, 0 to 1."""
    colours = [skia.Color(*(int(np.clip(v, 0, 255)) for v in c)) for c, _ in stops]
    return skia.GradientShader.MakeRadial((x, y), max(r, 1.0), colours, [place for _, place in stops])


def mount(sheet: Sheet, x: float, y: float, r: float, look: Design):
    """What the lens sits in."""
    rim, black, white = look.rim, (20, 20, 22), (250, 250, 252)
    edge = lambda share: outline(look.shape, x, y, r * share, look.corner)  # noqa: E731
    if look.bezel == "line":
        stroke = paint(rim, Style=skia.Paint.kStroke_Style, StrokeWidth=max(1.0, 0.07 * r))
        sheet.skia.drawPath(edge(1.05), stroke)
    elif look.bezel in ("rim", "collar"):
        if look.bezel == "collar":
            sheet.skia.drawPath(edge(1.4), paint(mixed(rim, black, 0.45)))
        sheet.skia.drawPath(edge(1.2), paint(rim))
        sheet.skia.drawPath(edge(1.07), paint(mixed(rim, black, 0.6)))
    elif look.bezel == "chrome":
        brush = paint(rim)
        ends = [skia.Color(*c) for c in (white, (70, 72, 76), (225, 226, 230), (40, 42, 46))]
        brush.setShader(skia.GradientShader.MakeLinear([(x - r, y - r), (x + r, y + r)], ends))
        sheet.skia.drawPath(edge(1.24), brush)
        sheet.skia.drawPath(edge(1.04), paint(black))
    elif look.bezel == "plate":
        side = 1.3 * r * max(WIDE.get(look.shape, (1, 1)))
        sheet.fill((x - side, y - side, x + side, y + side), rim, 0.15 * r, mixed(rim, black, 0.3))
        sheet.outline((x - side, y - side, x + side, y + side), mixed(rim, black, 0.6), 0.04 * r, 0.15 * r)


def texture(sheet: Sheet, x: float, y: float, r: float, tone: np.ndarray, look: Design):
    """Facets, ribs or dots of the glass, within the lens."""
    light, dark = mixed(tone, (255, 255, 255), 0.25), mixed(tone, (0, 0, 0), 0.3)
    if look.surface == "facets":
        for i in range(12):
            a, b = 2 * pi * i / 12, 2 * pi * (i + 1) / 12
            points = [
                (x, y),
                (x + 1.6 * r * cos(a), y + 1.6 * r * sin(a)),
                (x + 1.6 * r * cos(b), y + 1.6 * r * sin(b)),
            ]
            path = skia.Path.Polygon([skia.Point(*p) for p in points], True)
            sheet.skia.drawPath(path, paint((light, dark)[i % 2], 0.45))
        sheet.disc(x, y, 0.4 * r, tone)
    elif look.surface == "ribs":
        step = max(2.5, 0.22 * r)
        for i in range(-8, 9):
            sheet.skia.drawRect(skia.Rect.MakeXYWH(x + i * step, y - 1.5 * r, 0.45 * step, 3 * r), paint(dark, 0.4))
    elif look.surface == "dots":
        step = max(3.0, 0.3 * r)
        for i in range(-5, 6):
            for j in range(-5, 6):
                sheet.skia.drawCircle(x + i * step, y + j * step, 0.36 * step, paint(light, 0.7))


def reflect(sheet: Sheet, x: float, y: float, r: float, strength: float, look: Design):
    """A reflection of the room: a spot, a broad sheen, an arc, a window, a bright cap, a streak."""
    cx, cy, alpha, white = x + look.at[0] * r, y + look.at[1] * r, int(255 * strength), look.sky
    if look.shine in ("spot", "two"):
        size = 0.15 + 0.15 * look.reach
        sheet.disc(cx, cy, size * r, white, None, max(0.6, 0.4 * size * r), strength)
        if look.shine == "two":
            sheet.disc(
                x - look.at[0] * r,
                y - look.at[1] * r + 0.2 * r,
                0.8 * size * r,
                white,
                None,
                0.3 * size * r,
                0.6 * strength,
            )
    elif look.shine == "broad":
        brush = skia.Paint(AntiAlias=True)
        brush.setShader(radial(cx, cy, r * (0.4 + 0.8 * look.reach), [((*white, alpha), 0.0), ((*white, 0), 1.0)]))
        sheet.skia.drawCircle(x, y, 2 * r, brush)
    elif look.shine == "arc":
        stroke = paint(
            white,
            strength,
            Style=skia.Paint.kStroke_Style,
            StrokeWidth=max(1.0, 0.14 * r),
            StrokeCap=skia.Paint.kRound_Cap,
        )
        box = skia.Rect.MakeLTRB(x - 0.72 * r, y - 0.72 * r, x + 0.72 * r, y + 0.72 * r)
        sheet.skia.drawArc(box, 180 + 60 * look.at[0], 40 + 80 * look.reach, False, stroke)
    elif look.shine == "window":
        w = (0.2 + 0.2 * look.reach) * r
        for i in (-1, 0):
            for j in (-1, 0):
                box = skia.Rect.MakeXYWH(cx + i * 1.08 * w, cy + j * 1.08 * w, w, w)
                sheet.skia.drawRect(box, paint(white, 0.85 * strength))
    elif look.shine == "cap":
        box = skia.Rect.MakeLTRB(x - 0.8 * r, y - 0.92 * r, x + 0.8 * r, y - 0.92 * r + (0.5 + 0.5 * look.reach) * r)
        brush = skia.Paint(AntiAlias=True)
        ends = [skia.Color(*white, int(0.9 * alpha)), skia.Color(*white, int(0.1 * alpha))]
        brush.setShader(skia.GradientShader.MakeLinear([(x, box.top()), (x, box.bottom())], ends))
        sheet.skia.drawOval(box, brush)
    elif look.shine == "streak":
        band = paint(white, 0.7 * strength, StrokeWidth=max(1.5, (0.1 + 0.25 * look.reach) * r))
        sheet.skia.drawLine(x - 1.5 * r, y + look.at[1] * r + 0.9 * r, x + 1.5 * r, y + look.at[1] * r - 0.9 * r, band)


def halo(sheet: Sheet, x: float, y: float, r: float, rgb, look: Design):
    wide = max(WIDE.get(look.shape, (1, 1)))
    if look.halo == "near":
        sheet.disc(x, y, r * wide * 1.35, rgb, None, r * 0.35, 0.55)
    elif look.halo == "far":
        brush = skia.Paint(AntiAlias=True)
        reach = r * wide * 2.1
        brush.setShader(radial(x, y, reach, [((*rgb, 190), 0.4), ((*rgb, 0), 1.0)]))
        sheet.skia.drawCircle(x, y, reach, brush)
    elif look.halo == "rays":
        for i in range(8):
            a = 2 * pi * i / 8
            far = 1.42 * r * wide
            sheet.stroke(
                (x + 1.15 * r * wide * cos(a), y + 1.15 * r * wide * sin(a)),
                (x + far * cos(a), y + far * sin(a)),
                rgb,
                0.08 * r,
            )


def shine(sheet: Sheet, x: float, y: float, r: float, colour: str, lit: bool, look: Design):
    """Draws a lamp of radius r. Lit: its whole lens is bright; dark: dull up to the edge, whatever its reflection."""
    tone = body(colour, lit, look)
    if lit:
        halo(sheet, x, y, r, tuple(int(v) for v in tone), look)
    mount(sheet, x, y, r, look)
    lens = outline(look.shape, x, y, r, look.corner)
    sheet.skia.drawPath(lens, paint(tone))
    sheet.skia.save()
    sheet.skia.clipPath(lens, skia.ClipOp.kIntersect, True)
    texture(sheet, x, y, r, tone, look)
    reach = r * max(WIDE.get(look.shape, (1, 1)))
    brush = skia.Paint(AntiAlias=True)
    if lit:
        core = mixed(tone, (255, 255, 255), look.core)
        brush.setShader(
            radial(x, y, reach, [((*core, 255 if look.surface in ("plain", "globe") else 190), 0.0), ((*tone, 0), 1.0)])
        )
        sheet.skia.drawPath(lens, brush)
    elif look.surface == "globe":
        brush.setShader(radial(x - 0.2 * r, y - 0.25 * r, 1.3 * reach, [((0, 0, 0, 0), 0.0), ((0, 0, 0, 150), 1.0)]))
        sheet.skia.drawPath(lens, brush)
    elif look.surface == "sheer":
        brush.setShader(skia.GradientShader.MakeLinear(
            [(x, y - reach), (x, y + reach)], [skia.Color(255, 255, 255, 60), skia.Color(0, 0, 0, 90)]))  # fmt: skip
        sheet.skia.drawPath(lens, brush)
    if not lit or look.both:
        reflect(sheet, x, y, r, look.glint * (0.9 if not lit else 0.75), look)
    sheet.skia.restore()
    if look.shape == "ring":
        sheet.disc(x, y, 0.52 * r, look.rim, mixed(look.rim, (0, 0, 0), 0.5))

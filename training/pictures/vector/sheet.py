"""The second hand's paper: Skia draws at once, and notes every character's centre as the first hand's canvas does."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cache, lru_cache

import cv2
import numpy as np
import skia

from training.pictures.background import background, choose
from training.pictures.canvas import Canvas, luminance
from training.pictures.splits import FACES
from training.pictures.typeface import FOLDER, faces

LATIN = {
    "train": (*FACES["latin", "vector"], *FACES["latin", "vector"], *FACES["latin", "train"]),
    "test": tuple(FACES["latin", "test"]),
}
CHINESE = {"train": (*FACES["chinese", "vector"], *FACES["chinese", "train"]), "test": tuple(FACES["chinese", "test"])}
FALLBACK = {"train": "NotoSansCJK", "test": "WenKai"}


class NoRoom(ValueError):
    """What was to be drawn does not fit at a size that can be read."""


@cache
def typeface(name: str) -> skia.Typeface:
    return skia.Typeface.MakeFromFile(os.fspath(FOLDER / faces()[name]["file"]))


@dataclass(frozen=True)
class Style:
    """Faces that are set together: `size` px an em, `spacing` px between characters, `slant` and `stretch` of each."""

    latin: str
    chinese: str
    fallback: str
    size: float
    spacing: float = 0.0
    slant: float = 0.0
    stretch: float = 1.0
    bold: bool = False

    def at(self, size: float, **rest) -> Style:
        return replace(self, size=size, spacing=self.spacing * size / self.size, **rest)

    def runs(self, text: str) -> tuple[tuple[str, str], ...]:
        return runs(self.latin, self.chinese, self.fallback, text)

    def font(self, face: str) -> skia.Font:
        return font(face, self.size, self.slant, self.stretch, self.bold)

    def advances(self, face: str, text: str) -> list[float]:
        scale = self.size * self.stretch
        return [scale * advance(face, self.bold, c) + self.spacing for c in text]

    def width(self, text: str) -> float:
        return sum(sum(self.advances(face, run)) for face, run in self.runs(text))


@lru_cache(20000)
def runs(latin: str, chinese: str, fallback: str, text: str) -> tuple[tuple[str, str], ...]:
    """The text cut where the face changes: (face, text)."""
    cut: list[list[str]] = []
    known, covered = faces()[latin]["covers"], faces()[chinese]["covers"]
    for c in text:
        face = latin if c in known else chinese if c in covered else fallback
        if cut and (cut[-1][0] == face or c == " "):
            cut[-1][1] += c
        else:
            cut.append([face, c])
    return tuple((face, run) for face, run in cut)


@lru_cache(100000)
def advance(face: str, bold: bool, character: str) -> float:
    """In em: unhinted, it grows with the size, and measuring again for every size that is tried would cost more than drawing."""
    drawn = font(face, 1000.0, 0.0, 1.0, bold)
    return drawn.getWidths(drawn.textToGlyphs(character))[0] / 1000.0


@lru_cache(4000)
def font(face: str, size: float, slant: float, stretch: float, bold: bool) -> skia.Font:
    drawn = skia.Font(typeface(face), size)
    drawn.setSubpixel(True)
    drawn.setHinting(skia.FontHinting.kNone)
    drawn.setEdging(skia.Font.Edging.kAntiAlias)
    drawn.setSkewX(-slant)
    drawn.setScaleX(stretch)
    drawn.setEmbolden(bold)
    return drawn


@cache
def noise(number: int) -> np.ndarray:
    """(256, 256, 4) uint8, one of a few tiles of cloth, plaster or stone; drawn once, since noise costs 50 ms a picture."""
    tile = np.zeros((256, 256, 4), np.uint8)
    frequency = (0.02, 0.05, 0.12, 0.3)[number]
    shader = skia.PerlinNoiseShader.MakeFractalNoise(frequency, frequency, 3, float(number), None)
    skia.Surface(tile).getCanvas().drawPaint(skia.Paint(Shader=shader))
    tile[..., 3] = 255
    return tile


def paint(colour, alpha: float = 1.0, **rest) -> skia.Paint:
    r, g, b = (min(255, max(0, int(v))) for v in colour)
    return skia.Paint(AntiAlias=True, Color=skia.Color(r, g, b, int(255 * alpha)), **rest)


def mixed(a, b, share: float) -> tuple[int, int, int]:
    """The colour between a and b."""
    return tuple(int(x + (y - x) * share) for x, y in zip(a, b))


class Sheet(Canvas):
    """Collects print and shapes at once; boxes are x0, y0, x1, y1 in px."""

    def ground(self) -> np.ndarray:
        rng, (width, height) = self.rng, self.size
        self.rgba = np.full((height, width, 4), 255, np.uint8)
        self.surface = skia.Surface(self.rgba)
        self.skia = self.surface.getCanvas()
        box = (0, 0, width, height)
        kind = rng.integers(5) if self.level > 0.2 else 0
        self.backdrop = "drawn"
        if kind <= 1 and rng.random() < 0.6:
            self.backdrop = choose(rng, self.split, self.level)
            cv2.cvtColor(background(rng, self.size, self.split, self.backdrop), cv2.COLOR_RGB2RGBA, self.rgba)
            return self.rgba
        first, second = rng.integers(10, 246, 3), rng.integers(10, 246, 3)
        self.fill(box, first, gradient=mixed(first, second, rng.random()))
        if kind == 2:  # cloth, plaster, stone
            tile = noise(int(rng.integers(4)))
            side = int(rng.integers(100, 257))
            x, y = rng.integers(0, 257 - side, 2)
            cloth = cv2.resize(
                tile[y : y + side, x : x + max(20, int(side * rng.choice([1.0, 1.0, 0.2])))],
                self.size,
                interpolation=cv2.INTER_LINEAR,
            )
            share = rng.uniform(0.1, 0.45)
            cv2.addWeighted(self.rgba, 1 - share, cloth, share, 0, self.rgba)
        elif kind == 3:  # stripes, squares or dots
            pitch, share = rng.uniform(8, 60) * self.unit, rng.uniform(0.1, 0.5)
            brush, look = paint(second, rng.uniform(0.15, 0.7)), rng.integers(4)
            for i in range(int(max(width, height) / pitch) + 1):
                if look in (0, 2):
                    self.skia.drawRect(skia.Rect.MakeXYWH(i * pitch, 0, pitch * share, height), brush)
                if look in (1, 2):
                    self.skia.drawRect(skia.Rect.MakeXYWH(0, i * pitch, width, pitch * share), brush)
                if look == 3:
                    points = [
                        skia.Point(j * pitch + (i % 2) * pitch / 2, i * pitch) for j in range(int(width / pitch) + 1)
                    ]
                    dots = paint(
                        mixed(second, (255, 255, 255), 0.3),
                        0.6,
                        StrokeWidth=pitch * share,
                        StrokeCap=skia.Paint.kRound_Cap,
                    )
                    self.skia.drawPoints(skia.Canvas.PointMode.kPoints_PointMode, points, dots)
        elif kind == 4:  # things lying about, out of focus
            soft = skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, float(rng.uniform(1, 14)))
            for _ in range(rng.integers(2, 9)):
                x, y, r = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0.05, 0.35) * min(self.size)
                brush = paint(rng.integers(0, 256, 3), rng.uniform(0.3, 1), MaskFilter=soft)
                if rng.random() < 0.5:
                    self.skia.drawCircle(x, y, r, brush)
                else:
                    self.skia.drawRect(skia.Rect.MakeXYWH(x - r, y - r * rng.uniform(0.2, 1), 2 * r, r), brush)
        return self.rgba

    @property
    def least(self) -> float:
        """The smallest print for layouts that cannot leave much out: on a small canvas less than the level would have."""
        return max(17.0 * self.unit, min(self.least_em, 0.09 * min(self.size)))

    def style(self, size: float, clear: bool = True) -> Style:
        """A random pairing of faces; `clear` leaves out those whose 0 and O or 1 and I are alike."""
        rng = self.rng
        latin = [name for name in LATIN[self.split] if not (clear and faces()[name]["alike"])]
        slant = rng.uniform(0.08, 0.25) if rng.random() < 0.08 else 0.0
        stretch = rng.uniform(0.82, 1.15) if rng.random() < 0.3 else 1.0
        spacing = rng.uniform(0, 0.12) * size if rng.random() < 0.2 else 0.0
        chinese = CHINESE[self.split]
        return Style(
            latin[rng.integers(len(latin))], chinese[rng.integers(len(chinese))], FALLBACK[self.split],
            size, spacing, slant, stretch, rng.random() < 0.12,
        )  # fmt: skip

    # Shapes

    def rect(self, box, radius: float = 0.0) -> skia.RRect:
        return skia.RRect.MakeRectXY(skia.Rect.MakeLTRB(*(float(v) for v in box)), radius, radius)

    def fill(self, box, colour, radius: float = 0.0, gradient=None, alpha: float = 1.0):
        """`gradient`: the colour at the other end, in a random direction."""
        brush = paint(colour, alpha)
        if gradient is not None:
            x0, y0, x1, y1 = box
            end = [(x1, y0), (x0, y1), (x1, y1)][self.rng.integers(3)]
            ends = [skia.Color(*(int(np.clip(v, 0, 255)) for v in c)) for c in (colour, gradient)]
            brush.setShader(skia.GradientShader.MakeLinear(points=[(x0, y0), end], colors=ends))
        self.skia.drawRRect(self.rect(box, radius), brush)

    def outline(self, box, colour, width: float, radius: float = 0.0):
        self.skia.drawRRect(
            self.rect(box, radius), paint(colour, Style=skia.Paint.kStroke_Style, StrokeWidth=max(0.8, width))
        )

    def shadow(self, box, radius: float, reach: float):
        x0, y0, x1, y1 = box
        soft = paint((0, 0, 0), 0.5, MaskFilter=skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, max(0.6, reach / 2)))
        self.skia.drawRRect(
            self.rect((x0 + reach * 0.6, y0 + reach * 0.6, x1 + reach * 0.6, y1 + reach * 0.6), radius), soft
        )

    def disc(self, x: float, y: float, radius: float, colour, rim=None, blur: float = 0.0, alpha: float = 1.0):
        """A disc; `rim`: the colour it fades to at its edge."""
        brush = paint(colour, alpha)
        if rim is not None:
            ends = [skia.Color(*(int(np.clip(v, 0, 255)) for v in c)) for c in (colour, rim)]
            brush.setShader(skia.GradientShader.MakeRadial((x - radius * 0.25, y - radius * 0.3), radius * 1.2, ends))
        if blur:
            brush.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, blur))
        self.skia.drawCircle(x, y, radius, brush)

    def stroke(self, a, b, colour, width: float):
        self.skia.drawLine(*a, *b, paint(colour, StrokeWidth=max(0.8, width)))

    def outline_polygon(self, points, colour):
        self.skia.drawPath(skia.Path.Polygon([skia.Point(*p) for p in points], True), paint(colour))

    # Print

    def write(
        self, x: float, baseline: float, text: str, style: Style, colour, asked: bool = True, relief=None
    ) -> float:
        """Sets a line of text with its left end at x; returns its right end. `relief`: the colour of a second copy behind it."""
        self._size = max(self._size, int(style.size))
        if asked:
            self.em = min(self.em, style.size)
        self.printed.append((baseline, x, style.size, text))
        brush = paint(colour)
        for face, run in style.runs(text):
            drawn, left = style.font(face), x
            for character, width in zip(run, style.advances(face, run)):
                if style.spacing or relief is not None:
                    if relief is not None:
                        self.skia.drawString(
                            character, x + 0.05 * style.size, baseline + 0.05 * style.size, drawn, paint(relief)
                        )
                    self.skia.drawString(character, x, baseline, drawn, brush)
                if character != " ":
                    self.note(character, x + (width - style.spacing) / 2, baseline - 0.36 * style.size)
                x += width
            if not style.spacing and relief is None:
                self.skia.drawString(run, left, baseline, drawn, brush)
        return x

    def write_in(self, centre: float, middle: float, text: str, style: Style, colour, **rest) -> float:
        return self.write(centre - style.width(text) / 2, middle + 0.36 * style.size, text, style, colour, **rest)

    def ink_on(self, ground, share_coloured: float = 0.3):
        """A colour that can be read on `ground`; now and then a strong one."""
        if self.rng.random() < share_coloured:
            colour = tuple(int(v) for v in self.rng.integers(0, 256, 3))
            if abs(luminance(colour) - luminance(ground)) > 110:
                return colour
        return self.ink(ground)

    def finish(self):
        self.surface.flushAndSubmit() if hasattr(self.surface, "flushAndSubmit") else None
        self.pixels = cv2.cvtColor(self.rgba, cv2.COLOR_RGBA2RGB)
        return super().finish()

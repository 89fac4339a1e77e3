"""The picture while it is drawn: shapes with OpenCV, print with Pillow, every character's centre noted."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import cv2
import numpy as np
from PIL import Image, ImageDraw

from training.pictures.background import background, choose, crop, tint
from training.pictures.splits import EM, FACES, SMALL_PRINT, TOKEN_CAP_PX
from training.pictures.typeface import Type, advances, faces, font

SHIFT = 4  # fractional bits of OpenCV's coordinates


def luminance(colour) -> float:
    return float(0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2])


@dataclass(frozen=True)
class Run:
    """A part of a line of print in one face; its left end and its baseline in px, `size` px an em."""

    text: str
    x: float
    baseline: float
    face: str
    size: int
    spacing: int

    @property
    def inks(self) -> np.ndarray:
        """(n, 4): x0, y0, x1, y1 of each character's ink."""
        drawn, _ = font(self.face, self.size)
        x, boxes = self.x, []
        for character, width in zip(self.text, advances(self.face, self.size, self.text)):
            box = drawn.getbbox(character, anchor="ls")
            boxes.append((x + box[0], self.baseline + box[1], x + box[2], self.baseline + box[3]))
            x += width + self.spacing
        return np.array(boxes, np.float32).reshape(-1, 4)


class Canvas:
    """Collects shapes at once and print until `finish`. Sizes in px; `unit` is one px under the image token cap."""

    def __init__(self, rng: np.random.Generator, size: tuple[int, int], split: str, level: float):
        self.rng, self.size, self.split, self.level = rng, size, split, level
        self.width, self.height = size
        self.unit = max(1.0, sqrt(self.width * self.height / TOKEN_CAP_PX))
        self.pixels = self.ground()
        self._size = 0
        self.em = 1e9  # smallest print that is asked about
        self._keep: list[tuple[float, float]] = []
        self._print: list[tuple] = []
        self._characters: list[str] = []
        self._centres: list[tuple[float, float]] = []
        self.cell = (0, 0)  # row and column, from 1, of the table's cell that is printed now; 0: none
        self._cells: list[tuple[int, int]] = []
        self._marks: list[tuple[str, float, float]] = []
        self.lines: list[list[Run]] = []
        self.printed: list[tuple[float, float, float, str]] = []  # baseline, left end, px an em, text of each line

    def ground(self) -> np.ndarray:
        """(height, width, 3) uint8 to draw on; `backdrop` says of which kind."""
        self.backdrop = choose(self.rng, self.split, self.level)
        return background(self.rng, self.size, self.split, self.backdrop)

    # What to draw with

    @property
    def least_em(self) -> float:
        (low, _), (high, _) = EM
        return (low + (high - low) * self.level) * self.unit

    def draw_em(self) -> float:
        """An em size from the committed range at this level."""
        least, most = self.least_em, (EM[0][1] + (EM[1][1] - EM[0][1]) * self.level) * self.unit
        if self.split == "train" and self.rng.random() < SMALL_PRINT * self.level:
            most = max(1.1 * least, 22 * self.unit)
        small = self.rng.random() ** (1.0 + 0.8 * self.level)  # more small print where it is hard
        return float(least * (most / least) ** small)

    def type(self, clear: bool = True) -> Type:
        """A random pairing of faces; `clear` leaves out those whose 0 and O or 1 and I are alike."""
        rng = self.rng
        latin = [name for name in FACES["latin", self.split] if not (clear and faces()[name]["alike"])]
        chinese = list(FACES["chinese", self.split])
        if self.level < 0.25:  # a few plain faces to start from
            latin = latin[:9]
            chinese = chinese[:4]
        first = latin[rng.integers(len(latin))]
        second = chinese[rng.integers(len(chinese))]
        if rng.random() < 0.12 and not faces()[second]["alike"]:
            first = second  # the Chinese face's own Latin letters
        return Type(first, second, "NotoSansCJK" if self.split == "train" else "WenKai")

    def ink(self, ground) -> tuple[int, int, int]:
        """A colour that can be read on `ground`."""
        rng = self.rng
        light = luminance(ground)
        apart = 150 - 55 * self.level * rng.random()
        dark = light > 128 if abs(light - 128) > 25 else rng.random() < 0.5
        if dark:
            top = max(0.0, light - apart)
            base = np.full(3, rng.uniform(0, min(top, 70)))
        else:
            bottom = min(255.0, light + apart)
            base = np.full(3, rng.uniform(max(bottom, 185), 255))
        if rng.random() < 0.25:
            base = base + rng.uniform(-35, 35, 3)
        return tuple(int(v) for v in np.clip(base, 0, 255))

    # Shapes

    def rectangle(self, box, colour, radius: float = 0, thickness: float = -1):
        """`box` is x0, y0, x1, y1."""
        x0, y0, x1, y1 = (int(round(v)) for v in box)
        radius = int(min(radius, (x1 - x0) / 2, (y1 - y0) / 2))
        line = -1 if thickness < 0 else max(1, int(round(thickness)))
        colour = tuple(int(v) for v in colour)
        if radius < 2:
            cv2.rectangle(self.pixels, (x0, y0), (x1, y1), colour, line, cv2.LINE_AA if line > 0 else cv2.LINE_8)
        elif line < 0:
            cv2.rectangle(self.pixels, (x0 + radius, y0), (x1 - radius, y1), colour, -1)
            cv2.rectangle(self.pixels, (x0, y0 + radius), (x1, y1 - radius), colour, -1)
            for x in (x0 + radius, x1 - radius):
                for y in (y0 + radius, y1 - radius):
                    cv2.circle(self.pixels, (x, y), radius, colour, -1, cv2.LINE_AA)
        else:
            for a, b in (
                ((x0 + radius, y0), (x1 - radius, y0)),
                ((x0 + radius, y1), (x1 - radius, y1)),
                ((x0, y0 + radius), (x0, y1 - radius)),
                ((x1, y0 + radius), (x1, y1 - radius)),
            ):
                cv2.line(self.pixels, a, b, colour, line, cv2.LINE_AA)
            for x, y, start in (
                (x0 + radius, y0 + radius, 180),
                (x1 - radius, y0 + radius, 270),
                (x1 - radius, y1 - radius, 0),
                (x0 + radius, y1 - radius, 90),
            ):
                cv2.ellipse(self.pixels, (x, y), (radius, radius), start, 0, 90, colour, line, cv2.LINE_AA)

    def circle(self, x: float, y: float, radius: float, colour, thickness: float = -1):
        line = -1 if thickness < 0 else max(1, int(round(thickness)))
        scale = 1 << SHIFT
        cv2.circle(
            self.pixels,
            (int(x * scale), int(y * scale)),
            int(radius * scale),
            tuple(int(v) for v in colour),
            line,
            cv2.LINE_AA,
            SHIFT,
        )

    def line(self, a, b, colour, thickness: float = 1):
        scale = 1 << SHIFT
        cv2.line(
            self.pixels,
            (int(a[0] * scale), int(a[1] * scale)),
            (int(b[0] * scale), int(b[1] * scale)),
            tuple(int(v) for v in colour),
            max(1, int(round(thickness))),
            cv2.LINE_AA,
            SHIFT,
        )

    def polygon(self, points, colour, thickness: float = -1):
        points = (np.asarray(points, np.float32) * (1 << SHIFT)).astype(np.int32)
        colour = tuple(int(v) for v in colour)
        if thickness < 0:
            cv2.fillPoly(self.pixels, [points], colour, cv2.LINE_AA, SHIFT)
        else:
            cv2.polylines(self.pixels, [points], True, colour, max(1, int(round(thickness))), cv2.LINE_AA, SHIFT)

    def grain(self, box, colour, contrast: float, kind: str = "brushed"):
        """Fills a box with a tinted texture."""
        x0, y0, x1, y1 = (int(round(v)) for v in box)
        x0, y0, x1, y1 = max(0, x0), max(0, y0), min(self.width, x1), min(self.height, y1)
        if x1 - x0 > 1 and y1 - y0 > 1:
            self.pixels[y0:y1, x0:x1] = tint(crop(self.rng, kind, (x1 - x0, y1 - y0)), colour, contrast)

    # Print

    def text(
        self,
        x: float,
        baseline: float,
        text: str,
        type: Type,
        size: float,
        colour,
        spacing: int = 0,
        asked: bool = True,
        noted: bool = True,
    ):
        """Sets a line of text with its left end at x. `asked`: it counts as print that must stay legible."""
        size = int(round(size))
        self._size = max(self._size, size)
        if asked:
            self.em = min(self.em, size)
        if noted:
            self.printed.append((baseline, x, size, text))
        line = []
        for face, run in type.runs(text):
            widths = advances(face, size, run)
            line.append(Run(run, x, baseline, face, size, spacing))
            self._print.append((x, baseline, run, face, size, tuple(int(v) for v in colour), spacing))
            for character, width in zip(run, widths):
                if character != " " and noted:
                    self.note(character, x + width / 2, baseline - 0.36 * size)
                x += width + spacing
        if noted:
            self.lines.append(line)
        return x

    def note(self, character: str, x: float, y: float):
        """Notes where a character stands."""
        self._characters.append(character)
        self._centres.append((x, y))
        self._cells.append(self.cell)

    def mark(self, mark: str, x: float, y: float):
        """Notes what stands at a place, one of marks.py."""
        self._marks.append((mark, x, y))

    def text_in(self, centre, middle, text, type, size, colour, **rest):
        """Sets a line of text around a point."""
        size = int(round(size))
        self.text(
            centre - type.width(text, size, rest.get("spacing", 0)) / 2,
            middle + 0.36 * size,
            text,
            type,
            size,
            colour,
            **rest,
        )

    def keep(self, x: float, y: float, radius: float):
        """Notes a shape that must stay in the picture when it is warped."""
        self._keep += [
            (x - radius, y - radius),
            (x + radius, y + radius),
            (x - radius, y + radius),
            (x + radius, y - radius),
        ]

    def kept(self) -> np.ndarray:
        """(n, 2) points around everything that matters, inside the canvas."""
        points = list(self._keep) or [(self.width / 2, self.height / 2)]
        if self._centres:
            centres = np.array(self._centres)
            reach = 0.6 * min(self._size, 0.3 * self.height)
            (x0, y0), (x1, y1) = centres.min(0) - reach, centres.max(0) + reach
            points += [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
        return np.clip(np.array(points), 0, [self.width, self.height])

    def set_print(self):
        """Sets the print collected so far, so that shapes drawn next lie over it."""
        if not self._print:
            return
        image = Image.fromarray(self.pixels)
        draw = ImageDraw.Draw(image)
        for x, baseline, run, face, size, colour, spacing in self._print:
            drawn, _ = font(face, size)
            if spacing:
                for character, width in zip(run, advances(face, size, run)):
                    draw.text((x, baseline), character, colour, drawn, "ls")
                    x += width + spacing
            else:
                draw.text((x, baseline), run, colour, drawn, "ls")
        self._print = []
        self.pixels = np.array(image)

    def finish(self) -> tuple[np.ndarray, str, np.ndarray]:
        """The image, the characters printed inside it and the marks, and their centres."""
        self.set_print()
        centres = np.array(self._centres + [(x, y) for _, x, y in self._marks], np.float32).reshape(-1, 2)
        return self.pixels, "".join(self._characters + [mark for mark, _, _ in self._marks]), centres

    @property
    def cells(self) -> np.ndarray:
        """(n, 2) int8, a table's row and column from 1 of each of what `finish` gives, 0 outside a table."""
        return np.array(self._cells + [(0, 0)] * len(self._marks), np.int8).reshape(-1, 2)

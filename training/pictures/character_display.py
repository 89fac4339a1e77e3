"""Character displays: lines of print in a grid of dots, as instruments, meters and controllers have them.

Training alone draws them; the test's displays have segments and plain print.
"""

from __future__ import annotations

from functools import cache, lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw

from training.pictures.canvas import Canvas
from training.pictures.character_display_topics import compose, topics
from training.pictures.picture import Topic
from training.pictures.sampling import chance, pick
from training.pictures.splits import FACES
from training.pictures.typeface import font

LOOKS = (  # screen, lit: reflecting and lit from behind, emitting
    ((150, 190, 40), (30, 45, 20)),
    ((120, 160, 60), (20, 35, 20)),
    ((165, 178, 150), (30, 34, 32)),
    ((200, 205, 205), (25, 28, 40)),
    ((225, 150, 40), (40, 20, 5)),
    ((25, 60, 200), (235, 242, 255)),
    ((20, 90, 235), (225, 240, 255)),
    ((10, 10, 14), (120, 200, 255)),
    ((8, 10, 10), (90, 255, 210)),
    ((10, 8, 6), (255, 190, 40)),
    ((24, 8, 8), (255, 50, 40)),
    ((8, 18, 8), (80, 255, 80)),
    ((6, 6, 6), (245, 245, 245)),
)
CASES = ((22, 22, 24), (20, 70, 40), (25, 60, 110), (210, 208, 200), (90, 95, 100), (150, 30, 30), (60, 62, 66))
SIZES = (8, 9, 10, 12, 14, 16)  # px an em of a face that is set without grey levels; 10 gives letters of five by seven
ALIKE = "06 0O 0Q 0D 1I 1l 1i 5S 8B 2Z 38 56 69 35 89 68 bh ce ao nr un gq VU KX MN MW HN eo Il".split()
MARGIN = 2  # dots around the lines


@lru_cache(4096)
def glyph(face: str, size: int, character: str) -> np.ndarray:
    """(1.25 size, columns) bool: which dots of a character are lit."""
    drawn, _ = font(face, size)
    image = Image.new("1", (max(1, round(drawn.getlength(character))), round(1.25 * size)))
    draw = ImageDraw.Draw(image)
    draw.fontmode = "1"
    draw.text((0, size), character, 1, drawn, "ls")
    return np.array(image, bool)


def matrix(lines: list[str], face: str, size: int, gap: int) -> tuple[np.ndarray, list[list[float]], int]:
    """The dots of left-aligned lines as bool, every character's middle column, and the dots from line to line."""
    pitch = round(1.25 * size) + gap
    wide = max(glyph(face, size, c).shape[1] for line in lines for c in line)
    dots = np.zeros((2 * MARGIN + pitch * len(lines) - gap, 2 * MARGIN + wide * max(map(len, lines))), bool)
    middles = []
    for row, line in enumerate(lines):
        middles.append([MARGIN + wide * (column + 0.5) for column in range(len(line))])
        for column, character in enumerate(line):
            lit = glyph(face, size, character)
            x, y = MARGIN + wide * column + (wide - lit.shape[1]) // 2, MARGIN + pitch * row
            dots[y : y + lit.shape[0], x : x + lit.shape[1]] |= lit
    return dots, middles, pitch


def shade(rng, dots: np.ndarray, size: tuple[int, int], screen, lit) -> np.ndarray:
    """The screen at `size` (width, height) px: each dot square or round, with a gap around it and a faint one where unlit."""
    fine = 8
    edge = np.linspace(-1, 1, fine)
    gap = rng.uniform(0.0, 0.3)
    round_dots = chance(rng, 0.25)
    far = np.hypot(*np.meshgrid(edge, edge)) if round_dots else np.maximum(*np.abs(np.meshgrid(edge, edge)))
    dot = (far <= 1.0 - gap).astype(np.float32)
    ghost = rng.uniform(0.03, 0.14) if chance(rng, 0.5) else 0.0
    cover = np.kron(np.where(dots, 1.0, ghost).astype(np.float32), dot)
    cover = cv2.resize(cover, size, interpolation=cv2.INTER_AREA)[..., None]
    if chance(rng, 0.3):  # light that spreads, as of bright dots in the dark
        reach = rng.uniform(0.3, 1.2) * size[1] / dots.shape[0]
        cover = np.maximum(cover, rng.uniform(0.2, 0.5) * cv2.GaussianBlur(cover, (0, 0), reach)[..., None])
    fall = np.linspace(*(1 + rng.uniform(-0.15, 0.15, 2)), size[0])[None, :, None]
    return np.clip((np.array(screen) * (1 - cover) + np.array(lit) * cover) * fall, 0, 255).astype(np.uint8)


def apart(face: str, size: int, pair: str) -> int:
    """In how many dots two characters differ."""
    first, second = (glyph(face, size, c) for c in pair)
    wide = max(first.shape[1], second.shape[1])
    first, second = (np.pad(g, ((0, 0), (0, wide - g.shape[1]))) for g in (first, second))
    return int((first ^ second).sum())


@cache
def legible(split: str) -> list[tuple[str, int]]:
    """Narrow faces and sizes in which no two characters come out the same; a slashed zero of few dots is an eight."""
    return [
        (face, size)
        for face in FACES["latin", split]
        for size in SIZES
        if max(glyph(face, size, c).shape[1] for c in "0MW%") <= 0.8 * size
        and apart(face, size, "08") > 2
        and all(apart(face, size, pair) > 1 for pair in ALIKE)
    ]


def paint(canvas: Canvas) -> list[Topic]:
    rng = canvas.rng
    content = compose(rng, canvas.split, canvas.level)
    lines = [line.text for line in content]
    face, size = pick(rng, legible(canvas.split))
    dots, middles, pitch = matrix(lines, face, size, int(rng.integers(0, 4)))
    # The whole is as large as it may be, or down to the least print.
    bezel = rng.uniform(0.04, 0.15)
    room = min(0.92 * canvas.width / dots.shape[1], 0.86 * canvas.height / dots.shape[0]) / (1 + 2 * bezel)
    least = canvas.least_em / size
    dot = room if room <= least or canvas.level < 0.2 else max(least, room * rng.uniform(0.5, 1.0))
    stretch = rng.uniform(0.85, 1.0)
    width, height = max(8, int(dots.shape[1] * dot * stretch)), max(8, int(dots.shape[0] * dot))
    x = int((0.04 + rng.random() * 0.92) * max(1, canvas.width - width * (1 + 2 * bezel)) + bezel * width)
    y = int((0.04 + rng.random() * 0.92) * max(1, canvas.height - height - 2 * bezel * width) + bezel * width)
    x, y = max(0, min(x, canvas.width - width)), max(0, min(y, canvas.height - height))
    screen, lit = pick(rng, LOOKS)
    edge = bezel * width
    canvas.rectangle((x - edge, y - edge, x + width + edge, y + height + edge), pick(rng, CASES), pick(rng, [0, 0.1]) * height)
    if chance(rng, 0.6):
        inner = edge * rng.uniform(0.3, 0.7)
        canvas.rectangle((x - inner, y - inner, x + width + inner, y + height + inner), pick(rng, CASES[:1] + (screen,)))
    canvas.set_print()
    canvas.pixels[y : y + height, x : x + width] = shade(rng, dots, (width, height), screen, lit)
    canvas.em = min(canvas.em, size * dot)
    canvas.keep(x + width / 2, y + height / 2, max(width, height) / 2)
    for row, (line, columns) in enumerate(zip(lines, middles)):
        middle = y + (MARGIN + pitch * row + 0.64 * size) * dot
        canvas.printed.append((middle + 0.36 * size * dot, x + MARGIN * dot, size * dot, line))
        for character, column in zip(line, columns):
            if character != " ":
                canvas.note(character, x + column * dot * stretch, middle)
    return topics(rng, canvas.split, content)

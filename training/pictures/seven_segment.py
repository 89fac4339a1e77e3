"""Digits of seven segments, drawn as polygons."""

from __future__ import annotations

from training.pictures.canvas import Canvas


def seven(
    canvas: Canvas,
    x: float,
    baseline: float,
    text: str,
    height: float,
    colour,
    off,
    slant: float,
    bold: float,
) -> float:
    """Draws digits as seven polygons each. Returns the right end."""
    on = {
        "0": "abcdef",
        "1": "bc",
        "2": "abged",
        "3": "abgcd",
        "4": "fgbc",
        "5": "afgcd",
        "6": "afgedc",
        "7": "abc",
        "8": "abcdefg",
        "9": "abcdfg",
        "-": "g",
        " ": "",
    }
    width, half = 0.54 * height, bold * height / 2
    gap = half * 0.35
    for character in text:
        if character in ".:":
            for level in (0,) if character == "." else (0.3, 0.7):
                cx, cy = (
                    x + (half if character == "." else 0.1 * height),
                    baseline - level * height - (half if character == "." else 0),
                )
                shift = slant * (baseline - cy)
                canvas.polygon(
                    [
                        (cx - half + shift, cy - half),
                        (cx + half + shift, cy - half),
                        (cx + half + shift, cy + half),
                        (cx - half + shift, cy + half),
                    ],
                    colour,
                )
            canvas.note(
                character,
                x + (half if character == "." else 0.1 * height),
                baseline - (0 if character == "." else height / 2),
            )
            x += 2.6 * half if character == "." else 0.24 * height
            continue
        left, right, top, middle, bottom = (
            x + half,
            x + width - half,
            baseline - height + half,
            baseline - height / 2,
            baseline - half,
        )
        ends = {
            "a": (left, top, right, top),
            "g": (left, middle, right, middle),
            "d": (left, bottom, right, bottom),
            "f": (left, top, left, middle),
            "b": (right, top, right, middle),
            "e": (left, middle, left, bottom),
            "c": (right, middle, right, bottom),
        }
        for name, (x0, y0, x1, y1) in ends.items():
            lit = name in on[character]
            if not lit and off is None:
                continue
            if y0 == y1:
                points = [
                    (x0 + gap, y0),
                    (x0 + gap + half, y0 - half),
                    (x1 - gap - half, y0 - half),
                    (x1 - gap, y0),
                    (x1 - gap - half, y0 + half),
                    (x0 + gap + half, y0 + half),
                ]
            else:
                points = [
                    (x0, y0 + gap),
                    (x0 + half, y0 + gap + half),
                    (x0 + half, y1 - gap - half),
                    (x0, y1 - gap),
                    (x0 - half, y1 - gap - half),
                    (x0 - half, y0 + gap + half),
                ]
            canvas.polygon([(px + slant * (baseline - py), py) for px, py in points], colour if lit else off)
        if character != " ":
            canvas.note(character, x + width / 2 + slant * height / 2, baseline - height / 2)
        x += width + 0.14 * height
    return x


def seven_width(text: str, height: float, bold: float) -> float:
    return sum(1.3 * bold * height if c == "." else 0.24 * height if c == ":" else 0.68 * height for c in text)

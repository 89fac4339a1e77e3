"""Numbers as displays show them: seven bars with round, square or pointed ends, and matrices of dots."""

from __future__ import annotations

import skia

from training.pictures.vector.sheet import Sheet, paint

# The bars of a digit: a at the top, then clockwise, g in the middle.
ON = {
    **dict(zip("01234", ("abcdef", "bc", "abged", "abgcd", "fgbc"))),
    **dict(zip("56789-", ("afgcd", "afgedc", "abc", "abcdefg", "abcdfg", "g"))),
}
# Seven rows of five dots, a row as a number of two hexadecimal digits.
DOTS = {
    "0": "0E11131519110E", "1": "040C040404040E", "2": "0E11010204081F", "3": "1F02040201110E", "4": "02060A121F0202",
    "5": "1F101E0101110E", "6": "0608101E11110E", "7": "1F010204080808", "8": "0E11110E11110E", "9": "0E11110F01020C",
    "-": "0000001F000000", ".": "00000000000C0C", ":": "000C0C000C0C00",
}  # fmt: skip


def bars_width(text: str, bold: float) -> float:
    """In heights."""
    return sum(1.9 * bold if c in ".:" else 0.66 for c in text)


def bars(
    sheet: Sheet, x: float, baseline: float, text: str, height: float, colour, off, bold: float, look: str, slant: float
) -> float:
    """Digits of seven bars; `off` is the colour of bars that are dark, None where they are not seen. Returns the right end."""
    wide, t = 0.5 * height, bold * height
    sheet.skia.save()
    sheet.skia.translate(0.0, baseline)
    sheet.skia.skew(-slant, 0.0)
    sheet.skia.translate(0.0, -baseline)
    for character in text:
        if character in ".:":
            for level in (0.0,) if character == "." else (0.28, 0.62):
                sheet.fill(
                    (x, baseline - level * height - t, x + t, baseline - level * height),
                    colour,
                    t * (0.5 if look == "round" else 0.0),
                )
            low = 0 if character == "." else height / 2
            sheet.note(character, x + t / 2 + slant * low, baseline - low)
            x += 1.9 * t
            continue
        gap, top, middle, right = 0.22 * t, baseline - height, baseline - height / 2, x + wide
        places = {
            "a": (x + gap, top, right - gap, top + t), "b": (right - t, top + gap, right, middle - gap),
            "c": (right - t, middle + gap, right, baseline - gap), "d": (x + gap, baseline - t, right - gap, baseline),
            "e": (x, middle + gap, x + t, baseline - gap), "f": (x, top + gap, x + t, middle - gap),
            "g": (x + gap, middle - t / 2, right - gap, middle + t / 2),
        }  # fmt: skip
        for name, box in places.items():
            lit = name in ON.get(character, "")
            if lit or off is not None:
                bar(sheet, box, colour if lit else off, t, look)
        sheet.note(character, x + wide / 2 + slant * height / 2, middle)
        x += wide + 0.16 * height
    sheet.skia.restore()
    return x - 0.16 * height


def bar(sheet: Sheet, box, colour, t: float, look: str):
    if look != "pointed":
        sheet.fill(box, colour, 0.5 * t if look == "round" else 0.0)
        return
    x0, y0, x1, y1 = box
    if x1 - x0 > y1 - y0:
        y = (y0 + y1) / 2
        points = [(x0, y), (x0 + t / 2, y0), (x1 - t / 2, y0), (x1, y), (x1 - t / 2, y1), (x0 + t / 2, y1)]
    else:
        x = (x0 + x1) / 2
        points = [(x, y0), (x1, y0 + t / 2), (x1, y1 - t / 2), (x, y1), (x0, y1 - t / 2), (x0, y0 + t / 2)]
    sheet.outline_polygon(points, colour)


def dots_width(text: str) -> float:
    """In heights."""
    return sum(3 / 7 if c in ".:" else 6 / 7 for c in text) - 1 / 7


def dots(sheet: Sheet, x: float, baseline: float, text: str, height: float, colour, off, round_: bool) -> float:
    """Digits of five by seven dots; returns the right end."""
    step = height / 7
    for character in text:
        columns = (2, 3) if character in ".:" else range(5)
        rows = bytes.fromhex(DOTS[character])
        for i, row in enumerate(rows):
            for k, j in enumerate(columns):
                lit = row >> (4 - j) & 1 if character not in ".:" else row >> (3 - k) & 1
                if lit or off is not None:
                    brush = paint(colour if lit else off)
                    cx, cy = x + (k + 0.5) * step, baseline - (6.5 - i) * step
                    if round_:
                        sheet.skia.drawCircle(cx, cy, 0.44 * step, brush)
                    else:
                        sheet.skia.drawRect(
                            skia.Rect.MakeLTRB(cx - 0.43 * step, cy - 0.43 * step, cx + 0.43 * step, cy + 0.43 * step),
                            brush,
                        )
        sheet.note(character, x + len(columns) * step / 2, baseline - height / 2)
        x += (len(columns) + 1) * step
    return x - step

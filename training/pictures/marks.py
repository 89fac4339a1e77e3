"""What the per-patch reading names besides characters: a part, a lamp, and where a needle points.

It also tells the row and the column of a table in which a character stands. A mark is a private-use character, so that
it stands among a picture's characters at the place that it names.
"""

from __future__ import annotations

from training.pictures.words import COLOURS, PARTS

CELLS = (10, 6)  # rows and columns of a table that the reading tells apart, with none
NEEDLE_BINS = 50  # 2 % of the range each, the error that a reading may have

MARKS = (
    *((part, tint) for part in PARTS for tint in COLOURS),
    *(("lamp", tint, lit) for tint in COLOURS for lit in (False, True)),
    *(("needle", i) for i in range(NEEDLE_BINS)),
)
_FIRST = 0xE000  # of Unicode's private use area
_CHARACTERS = {mark: chr(_FIRST + i) for i, mark in enumerate(MARKS)}


def mark(*what) -> str:
    """The private-use character of one of MARKS."""
    return _CHARACTERS[what]


def needle(fraction: float) -> str:
    """The mark of a needle's tip at a fraction (0 to 1) of the scale."""
    return mark("needle", min(int(fraction * NEEDLE_BINS), NEEDLE_BINS - 1))


def number(character: str) -> int | None:
    """A mark's index in MARKS; None for any other character."""
    index = ord(character) - _FIRST
    return index if 0 <= index < len(MARKS) else None

"""What stands where in a picture's print: rows, and in them labels with their values."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import hypot

from glm4v_ros.policy.print_field import FIELDS, Field, any_label, label_pattern
from glm4v_ros.reader.line import Line

_SAME_ROW = 0.55  # of a line's height: how far two lines of one row may be off
_NEAR = 0.5  # of a line's height: a gap in a row that is no wider is a blank
_WIDE = 1.7  # of a line's height: from one character's middle to the next one's, a gap that separates
_FAR = 25  # of a line's height: what is farther to the right is on another plate
_BELOW = 2.4  # of a line's height: how far a value may stand below its label
_BLANK, _APART = 1, 2
_AFTER_LABEL = re.compile(r"[\s:.;=|/\]】）)\-]*")
_UNKNOWN_LABEL = re.compile(r"([^\d:]{2,24}?) ?: ?(?=\S)")


@dataclass(frozen=True)
class Glyph:
    """A character of a row, and where it is in the lines that the reader found."""

    character: str
    line: int
    place: int
    gap: int  # before it: 0, _BLANK or _APART


@dataclass(frozen=True)
class Cell:
    """A value with the label that it stands beside or below; ``field`` is None for one that print_field.py does not know.

    ``ends`` tells after how many glyphs the value may end: where a wide gap is, and at its end.
    """

    field: Field | None
    label: str
    glyphs: tuple[Glyph, ...]
    ends: tuple[int, ...]
    wrapped: tuple[Glyph, ...] = ()  # the row below, where the value may go on
    named: tuple[Glyph, ...] = ()  # the label's

    @cached_property
    def texts(self) -> tuple[tuple[str, tuple[Glyph, ...]], ...]:
        """The value as it may be meant, the longest first."""
        values = [self.glyphs[:end] for end in sorted(self.ends, reverse=True)]
        if self.wrapped:
            values.append(self.glyphs + self.wrapped)
        return tuple((text_of(value), value) for value in values if value)

    @property
    def text(self) -> str:
        return text_of(self.glyphs)


def text_of(glyphs: Sequence[Glyph]) -> str:
    """With one blank for each gap."""
    return "".join(" " * bool(glyph.gap and place) + glyph.character for place, glyph in enumerate(glyphs))


class Page:
    """The print of one picture."""

    def __init__(self, lines: Sequence[Line]):
        self.lines = tuple(lines)
        self._across = _direction(self.lines)
        self.rows = [self._glyphs(row) for row in self._in_rows()]
        self.cells = tuple(self._cells())
        #: Each row as a whole, whatever it says.
        self.whole_rows = tuple(_cell(None, "", row, ()) for row in self.rows)

    def confidence(self, glyphs: Sequence[Glyph]) -> float:
        """Of the least certain line among them, 0 to 1."""
        return min((self.lines[glyph.line].confidence for glyph in glyphs), default=0.0)

    def height(self, glyphs: Sequence[Glyph]) -> float:
        """Of the largest line among them, in pixels."""
        return max((self._boxes[glyph.line][3] for glyph in glyphs), default=0.0)

    # Geometry: every length is measured along the print and square to it, since a plate may be turned.

    def _box(self, index: int) -> tuple[float, float, float, float]:
        """Begin and end along the print, middle and height across it."""
        (ux, uy), quad = self._across, self.lines[index].quad
        along = [x * ux + y * uy for x, y in quad]
        across = [y * ux - x * uy for x, y in quad]
        left = (across[0] + across[3]) / 2
        right = (across[1] + across[2]) / 2
        height = (hypot(quad[0][0] - quad[3][0], quad[0][1] - quad[3][1]) +
                  hypot(quad[1][0] - quad[2][0], quad[1][1] - quad[2][1])) / 2  # fmt: skip
        return min(along), max(along), (left + right) / 2, max(height, 1.0)

    def _in_rows(self) -> list[list[int]]:
        """Indices of lines, from the left in each row and from the top."""
        boxes = [self._box(index) for index in range(len(self.lines))]
        rows: list[list[int]] = []
        for index in sorted(range(len(boxes)), key=lambda index: boxes[index][0]):
            begin, _, middle, height = boxes[index]
            fitting = []
            for row in rows:
                _, end, last, other = boxes[row[-1]]
                off = abs(middle - last)
                if -0.6 < (begin - end) / min(height, other) < _FAR and off < _SAME_ROW * min(height, other) * (
                    1.5 if begin - end < 6 * height else 1.0
                ):
                    fitting.append((off, row))
            if fitting:
                min(fitting, key=lambda pair: pair[0])[1].append(index)
            else:
                rows.append([index])
        self._boxes = boxes
        return sorted(rows, key=lambda row: boxes[row[0]][2])

    def _glyphs(self, row: list[int]) -> tuple[Glyph, ...]:
        glyphs: list[Glyph] = []
        for number, index in enumerate(row):
            line, height = self.lines[index], self._boxes[index][3]
            gap = 0
            if number:
                gap = _BLANK if self._boxes[index][0] - self._boxes[row[number - 1]][1] < _NEAR * height else _APART
            middles = [self._middle(place) for place in line.places]
            printed = 0
            for place, character in enumerate(line.text):
                if character.isspace():
                    gap = max(gap, _BLANK)
                    continue
                if 0 < printed < len(middles) and middles[printed] - middles[printed - 1] > _WIDE * height:
                    gap = _APART
                glyphs.append(Glyph(character, index, place, gap))
                gap, printed = 0, printed + 1
        return tuple(glyphs)

    def _middle(self, quad) -> float:
        ux, uy = self._across
        return sum(x * ux + y * uy for x, y in quad) / len(quad)

    # Labels.

    def labels(self) -> Iterator[tuple[Field, str, tuple[Glyph, ...]]]:
        """Each that is known, whether or not a value stands beside it, with its text and its glyphs."""
        for row in self.rows:
            for begin, end, field, label in _labels(row):
                yield field, label, row[begin:end]

    def _cells(self) -> Iterator[Cell]:
        taken: set[tuple[Glyph, ...]] = set()  # rows that are the values of the labels above them
        for number, row in enumerate(self.rows):
            labels = list(_labels(row))
            first = labels[0][0] if labels else len(row)
            if first and row not in taken and any(glyph.character.isalnum() for glyph in row[:first]):
                yield from self._bare(row[:first], number)
            for index, (begin, end, field, label) in enumerate(labels):
                value = row[end : labels[index + 1][0] if index + 1 < len(labels) else len(row)]
                if not value and len(labels) == 1:
                    value = self._below(row, number)
                    taken.add(value)
                if value:
                    yield _cell(field, label, value, self._below(value, number), row[begin:end])

    def _bare(self, glyphs: tuple[Glyph, ...], number: int) -> Iterator[Cell]:
        """A value without a label, or beside one that is not known; its parts, too, where wide gaps separate them."""
        yield _cell(None, "", glyphs, self._below(glyphs, number))
        match = _UNKNOWN_LABEL.match(_plain(glyphs)[0])
        if match:
            places = _plain(glyphs)[1]
            begin = places[match.end()]
            yield _cell(None, match[1], glyphs[begin:], ())
        for place, glyph in enumerate(glyphs):
            if place and glyph.gap == _APART:
                yield _cell(None, "", glyphs[place:], ())

    def _below(self, glyphs: Sequence[Glyph], number: int) -> tuple[Glyph, ...]:
        """The row below, if it begins where these glyphs do and with no label."""
        begin, _, middle, height = self._boxes[glyphs[0].line]
        if (places := self.lines[glyphs[0].line].places) and glyphs[0].place:
            printed = len(self.lines[glyphs[0].line].text[: glyphs[0].place].replace(" ", ""))
            begin = self._middle(places[printed]) - height / 2 if printed < len(places) else begin
        for row in self.rows[number + 1 :]:
            left, _, lower, _ = self._boxes[row[0].line]
            if lower - middle >= _BELOW * height:
                break
            if abs(left - begin) < 1.5 * height and 0.5 * height < lower - middle:
                labels = next(iter(_labels(row)), None)
                return () if labels and labels[0] == 0 else row
        return ()


def _direction(lines: Sequence[Line]) -> tuple[float, float]:
    """The unit vector along the print: the mean of all upper and lower edges, long ones counting most."""
    x = sum(quad[1][0] - quad[0][0] + quad[2][0] - quad[3][0] for quad in (line.quad for line in lines))
    y = sum(quad[1][1] - quad[0][1] + quad[2][1] - quad[3][1] for quad in (line.quad for line in lines))
    length = hypot(x, y)
    return (x / length, y / length) if length else (1.0, 0.0)


def _cell(
    field: Field | None, label: str, glyphs: tuple[Glyph, ...], wrapped: tuple[Glyph, ...], named: tuple[Glyph, ...] = ()
) -> Cell:
    ends = [place for place, glyph in enumerate(glyphs) if place and glyph.gap == _APART]
    return Cell(field, label, glyphs, (*ends, len(glyphs)), wrapped, named)


def _plain(glyphs: Sequence[Glyph]) -> tuple[str, list[int]]:
    """The text that labels are looked for in, and the glyph of each of its characters."""
    text, places = [], []
    for place, glyph in enumerate(glyphs):
        if glyph.gap and place:
            text.append(" ")
            places.append(place)
        wide = unicodedata.normalize("NFKC", glyph.character)
        text.append(wide if len(wide) == 1 else glyph.character)
        places.append(place)
    return "".join(text), [*places, len(glyphs)]


def _labels(glyphs: Sequence[Glyph]) -> Iterator[tuple[int, int, Field, str]]:
    """(first glyph, first glyph of the value, field, label) from left to right."""
    text, places = _plain(glyphs)
    at = 0
    while at < len(text):
        found = _label_at(text, at, glyphs, places)
        if found is None:
            at += 1
            continue
        field, end = found
        begin = at
        after = _AFTER_LABEL.match(text, end).end()
        # The same in another language: "型号 MODEL: X" has one label.
        while after < len(text) and (again := _label_at(text, after, glyphs, places, after_label=True)):
            if again[0] is not field and len(text[after : again[1]].strip(". ")) < 2:
                break
            if again[0] is not field:
                break
            end = again[1]
            after = _AFTER_LABEL.match(text, end).end()
        if after < len(text) and text[after - 1] == "-" and text[after].isdigit():
            after -= 1  # the sign of a number
        yield places[begin], places[after], field, text[begin:end].strip()
        at = max(after, begin + 1)


def _label_at(text: str, at: int, glyphs, places, after_label: bool = False) -> tuple[Field, int] | None:
    """The longest label that begins here, with its end."""
    before = text[at - 1] if at else ""
    if text[at] == " " or at and not (before in " :,;/|([" or _chinese(before) != _chinese(text[at])):
        return None
    if not any_label().match(text, at):
        return None
    best: tuple[Field, int] | None = None
    for field in FIELDS:
        match = label_pattern(field).match(text, at)
        if match and match.end() > at and (best is None or match.end() > best[1]):
            best = field, match.end()
    if best is None:
        return None
    label, after = text[at : best[1]], text[best[1] :]
    following = after[:1]
    letters = sum(character.isalnum() for character in label)
    chinese = _chinese(label[-1])
    closed = not following or following in " :=|/;.([" or (chinese and not _chinese(following))
    if not closed and not chinese:
        closed = _chinese(following) or label.endswith(".") or "/" in label or len(label) > 3
    # "功率 P5.5kW": behind a label in words its letter in a formula, if a number follows.
    lettered = after_label and best[0].numeric and letters == 1 and following.isdigit()
    if lettered:
        return best
    if not closed:
        return None
    if letters < 2 and not chinese and not (following in ":=" or following == " "):
        return None
    if at and not after_label:
        # In the middle of a row a word such as "Power" may be a part of a name.
        separated = glyphs[places[at]].gap == _APART
        pointed = after.lstrip()[:1] in (":", "=")
        changed = chinese and letters >= 2 and not _chinese(before.strip() or "x")
        # After a number with its unit another label begins.
        numbered = letters >= 4 and any(character.isdigit() for character in "".join(text[:at].split()[-2:]))
        if not separated and not pointed and not changed and not numbered:
            return None
    return best


def _chinese(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"

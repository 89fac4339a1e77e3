"""Where to look closer: the part of a large picture that has the print that is asked for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import hypot, sqrt

import cv2
import numpy as np

from glm4v_ros.policy.print_field import Field, asked_field, instead
from glm4v_ros.policy.print_page import Page, text_of
from glm4v_ros.policy.verification import Reading
from glm4v_ros.vision.enhance import crop
from glm4v_ros.vision.frame import Frame
from glm4v_ros.vision.region import Region

MODES = ("off", "auto")

TOKEN_PIXELS = 28 * 28  # of a picture that one image token of every GLM-4V stands for: patches of 14 px, merged two by two

_EM = 0.75  # of the height of a line as the reader frames it: what its margins leave
_LEGIBLE = 21  # px an em as the tower sees it: the embedded model reads 94 % above and 74 % below (its card)
_WANTED = 28  # px an em in a part that is cut out
_GAIN = 1.25  # a part that would be seen no larger than this is not worth looking for
_BESIDE, _BELOW = 6.0, 1.8  # of a line's height: lines that are no farther apart belong together
_MARGIN = 0.8  # of a line's height, around what is cut out
_LEAST = 224  # px a side that the tower should see
_ASPECT = 3.0  # the longer side to the shorter one, at the most
_SURE = 1  # the rank of a label that another one may stand for
_WORD = re.compile(r"[a-z0-9][a-z0-9\-]*|[\u4e00-\u9fff]")
_COMMON = set(
    "what is the of on a an in at this that it its are was does do read say says tell me which please can you see show "
    "number value label plate nameplate printed written for to and or unit device".split()
)


@dataclass(frozen=True)
class Zoom:
    """What is to be cut out of one picture of a question."""

    image: int  # the picture's number, from 0
    region: Region  # in pixels of its frame
    text: str  # what the second reader read there that made it the place
    scale: float  # by which the part is made larger, at least 1
    places: int = 1  # how many there were to choose from

    def cut(self, frame: Frame) -> Frame:
        """The part of the frame, for the model."""
        part = crop(frame.rgb, *self.region)
        if self.scale > 1:
            size = round(self.region.width * self.scale), round(self.region.height * self.scale)
            part = cv2.resize(part, size, interpolation=cv2.INTER_CUBIC)
        return Frame(np.ascontiguousarray(part))

    def reading(self, reading: Reading) -> Reading:
        """The lines whose middle lies in the region, where they were."""
        return Reading([line for line in reading.lines if _inside(_middle(line.quad), self.region)], reading.width, reading.height)


@dataclass(frozen=True)
class Place:
    """Lines of one picture that may have what is asked for."""

    image: int
    lines: frozenset[int]
    text: str
    rank: int  # 0: at the very label
    page: Page
    reading: Reading
    among: int = 1  # as many were to choose from

    @property
    def sure(self) -> bool:
        """A label with something beside it; else there may be a better place in print that was not found."""
        return self.rank <= _SURE

    def zoom(self, pixels: int) -> Zoom | None:
        """What to cut out; None where the whole picture is seen large enough. ``pixels`` is what its tokens carry."""
        width, height = self.reading.width, self.reading.height
        em = _height(self.page, self.lines) * _EM
        seen = _seen(width, height, pixels)
        if em * seen >= _LEGIBLE:
            return None
        room = pixels / (_WANTED / em) ** 2  # px of the picture that can be seen as large as wanted
        region = _framed(_grown(self.page, self.lines, room), em, width, height)
        scale = min(_WANTED / em, sqrt(pixels / (region.width * region.height)))
        if scale < seen * _GAIN:
            return None
        return Zoom(self.image, region, self.text or text_of(self.page.rows[0]), max(1.0, scale), self.among)


def pixels_of(image_tokens: int) -> int:
    """How many pixels of a picture as many tokens carry."""
    return image_tokens * TOKEN_PIXELS


def too_large(frames: Sequence[Frame], pixels: int) -> bool:
    """Whether any is made smaller for the model, so that a part of it could be seen larger."""
    return any(_seen(frame.width, frame.height, pixels) * _GAIN < 1 for frame in frames)


def find(question: str, readings: Sequence[Reading]) -> Place | None:
    """Where the asked print is; None where nothing that is printed could be it."""
    pages = [Page(reading.lines) for reading in readings]
    field = asked_field(question)
    places = list(_places(question, field, pages, readings))
    if not places:
        return None
    rank = min(place.rank for place in places)
    places = _distinct([place for place in places if place.rank == rank])
    words = _words(question, field)
    return replace(min(places, key=lambda place: _distance(place, words)), among=len(places))


def _places(question: str, field: Field | None, pages: Sequence[Page], readings: Sequence[Reading]) -> Iterator[Place]:
    asked = unicodedata.normalize("NFKC", question).lower()
    for image, (page, reading) in enumerate(zip(pages, readings, strict=True)):

        def place(glyphs, text: str, rank: int) -> Place:
            return Place(image, frozenset(glyph.line for glyph in glyphs), text, rank, page, reading)  # noqa: B023

        for cell in page.cells:
            # To the first wide gap: what stands behind it may be another plate's, and what is near is added later.
            labelled = (*cell.named, *cell.glyphs[: min(cell.ends)])
            if field is None:
                if cell.label and cell.label.strip().lower() in asked:
                    yield place(labelled, cell.label, 0)
            elif cell.field is not None and cell.field.name in (field.name, *instead(field)):
                yield place(labelled, cell.label, int(cell.field is not field))
            elif not cell.label and field.may_be(cell.text):
                yield place(cell.glyphs, cell.text, 3)
        for other, label, glyphs in page.labels():
            if other is field:
                yield place(glyphs, label, 2)
        if field is None and page.lines:
            yield Place(image, frozenset(range(len(page.lines))), "", 4, page, reading)


def _distinct(places: list[Place]) -> list[Place]:
    """Without those that share a line with one before."""
    kept: list[Place] = []
    for place in places:
        if not any(place.image == other.image and place.lines & other.lines for other in kept):
            kept.append(place)
    return kept


def _words(question: str, field: Field | None) -> set[str]:
    """What else the question names: a device, a cabinet, a colour."""
    text = unicodedata.normalize("NFKC", question).lower()
    if field:
        text = re.sub(f"(?:{field.chinese})|(?<![a-z0-9])(?:{field.latin})(?![a-z0-9])", " ", text, flags=re.IGNORECASE)
    return _parts(text) - _COMMON


def _parts(text: str) -> set[str]:
    """Latin words and numbers, and pairs of Chinese characters, of a text in small letters."""
    words = _WORD.findall(text)
    pairs = {first + second for first, second in zip(words, words[1:]) if first > "\u4e00" <= second and first + second in text}
    return {word for word in words if word < "\u4e00"} | pairs


def _distance(place: Place, words: set[str]) -> tuple[float, float, float]:
    """Small for the place to take: near to a line that the question names, else in large print, else first."""
    page, box = place.page, _box(place.page, place.lines)
    height = _height(page, place.lines)
    named = []
    for index, line in enumerate(page.lines):
        found = len(words & _parts(unicodedata.normalize("NFKC", line.text).lower()))
        if found:
            named.append((-found, _apart(box, _box(page, (index,)))))
    most, nearest = min(named, default=(0, 0.0))
    return most, nearest, -height


def _grown(page: Page, lines: frozenset[int], room: float) -> tuple[float, float, float, float]:
    """Around the lines and as many of those that stand near, the nearest first, as there is room for."""
    box, own = _box(page, lines), _height(page, lines)
    left = set(range(len(page.lines))) - lines
    while left:
        near = []
        for index in left:
            other = _box(page, (index,))
            height = max(min(own, _height(page, (index,))), 1.0)  # a large sign reaches no farther than what is asked for
            beside = max(other[0] - box[2], box[0] - other[2], 0.0) / height
            below = max(other[1] - box[3], box[1] - other[3], 0.0) / height
            if beside <= _BESIDE and below <= _BELOW:
                near.append((beside + below, index, other))
        if not near:
            break
        _, index, other = min(near)
        left.remove(index)
        together = min(box[0], other[0]), min(box[1], other[1]), max(box[2], other[2]), max(box[3], other[3])
        if (together[2] - together[0]) * (together[3] - together[1]) <= room:
            box = together
    return box


def _framed(box: tuple[float, float, float, float], em: float, width: int, height: int) -> Region:
    """With a margin, not too small and not too narrow, inside the picture."""
    margin = _MARGIN * em / _EM
    left, top, right, bottom = box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin
    least = _LEAST * em / _WANTED
    across = max(right - left, (bottom - top) / _ASPECT, least)
    down = max(bottom - top, (right - left) / _ASPECT, least)
    left, right = _within((left + right - across) / 2, across, width)
    top, bottom = _within((top + bottom - down) / 2, down, height)
    return Region.around([(left, top), (right, bottom)], width, height)


def _within(begin: float, length: float, whole: int) -> tuple[float, float]:
    begin = max(0.0, min(begin, whole - length))
    return begin, min(begin + length, whole)


def _seen(width: int, height: int, pixels: int) -> float:
    """How large the tower sees a picture, 1 for no smaller than it is."""
    return min(1.0, sqrt(pixels / (width * height)))


def _box(page: Page, lines) -> tuple[float, float, float, float]:
    xs, ys = zip(*(corner for index in lines for corner in page.lines[index].quad))
    return min(xs), min(ys), max(xs), max(ys)


def _height(page: Page, lines) -> float:
    """Of the smallest line, in pixels."""
    return min(
        (hypot(quad[0][0] - quad[3][0], quad[0][1] - quad[3][1]) + hypot(quad[1][0] - quad[2][0], quad[1][1] - quad[2][1])) / 2
        for quad in (page.lines[index].quad for index in lines)
    )


def _apart(one, other) -> float:
    return hypot(max(one[0] - other[2], other[0] - one[2], 0.0), max(one[1] - other[3], other[1] - one[3], 0.0))


def _middle(quad) -> tuple[float, float]:
    return sum(x for x, _ in quad) / 4, sum(y for _, y in quad) / 4


def _inside(point: tuple[float, float], region: Region) -> bool:
    return region.x <= point[0] < region.x + region.width and region.y <= point[1] < region.y + region.height

"""Whether a second reader found in the picture what an answer quotes from it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from glm4v_ros.policy import drug_name, print_form
from glm4v_ros.policy.abstention import abstains
from glm4v_ros.policy.json_answer import Leaf, leaves
from glm4v_ros.policy.print_date import dates
from glm4v_ros.policy.print_field import Field, asked_field, instead, is_open, label_pattern, may_ask_for_print
from glm4v_ros.policy.print_page import Cell, Glyph, Page, text_of
from glm4v_ros.policy.quotation import quoted
from glm4v_ros.reader.line import Line
from glm4v_ros.vision.region import Region

MODES = ("off", "auto", "required")

_SURE = 0.9  # the reader's confidence in a line from which its word stands against the model's
_DATE_ALONE = re.compile(
    r"\W*(?:in|on|by|until|exp|至|到|止)?\W*", re.IGNORECASE
)  # what may be left of an answer that is a date
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)*")  # alone, it could be anything
_MEASURED = re.compile(rf"({_NUMBER.pattern})(\D*)")  # a number and its unit
_NEAR = 0.34  # share of characters: a value that differs by less is the answer's, read in another way


class Verdict(IntEnum):
    """NOT_FOUND: no such print was found, which is no proof that it is not there."""

    NOT_CHECKED = 0
    CONFIRMED = 1
    CONTRADICTED = 2
    NOT_FOUND = 3


_FROM_GOOD_TO_BAD = (Verdict.CONFIRMED, Verdict.NOT_FOUND, Verdict.CONTRADICTED)


@dataclass(frozen=True)
class Evidence:
    """What the second reader read, and where: in pixels of the frame, the ``image``-th of the question."""

    text: str
    image: int
    region: Region


@dataclass(frozen=True)
class Reading:
    """The print of one frame of ``width`` x ``height`` pixels."""

    lines: Sequence[Line]
    width: int
    height: int


@dataclass(frozen=True)
class Verification:
    verdict: Verdict = Verdict.NOT_CHECKED
    evidence: tuple[Evidence, ...] = ()
    confidence: float = 0.0  # 0 to 1: the reader's in what it read as evidence
    reason: str = ""  # for a person: why it is not confirmed


@dataclass(frozen=True)
class _Found:
    """One quotation's fate on one page."""

    verdict: Verdict
    glyphs: tuple[Glyph, ...] = ()
    page: int = 0
    reason: str = ""


def needs_check(question: str, answer: str) -> bool:
    """Whether an answer quotes print that was asked for."""
    if (values := leaves(answer)) is not None:
        return any(needs_check(_asked(question, leaf), leaf.value) for leaf in values if isinstance(leaf.value, str))
    return may_ask_for_print(question) and not abstains(answer) and bool(quoted(answer))


def verify(question: str, answer: str, readings: Sequence[Reading]) -> Verification:
    """CONFIRMED only if all that is quoted stands whole in the print, at the label that was asked for where it has one.

    An answer in JSON is as good as the worst of its texts, each at the label that its key names; a number in it has no unit,
    and is not checked.
    """
    if (values := leaves(answer)) is not None:
        return _verify_leaves(question, values, readings)
    if not may_ask_for_print(question):
        return Verification(reason="no print was asked for")
    if abstains(answer):
        return Verification(reason="the answer quotes nothing")
    quotations, field = quoted(answer), asked_field(question)
    if not quotations and (field is not None or is_open(question)):
        return Verification(Verdict.NOT_FOUND, reason="print was asked for, and the answer quotes none")
    if not quotations:
        return Verification(reason="the answer quotes nothing")
    pages = [Page(reading.lines) for reading in readings]
    founds = [_find(quotation, field, is_open(question), pages) for quotation in quotations]
    verdict = max((found.verdict for found in founds), key=_FROM_GOOD_TO_BAD.index)
    shown = [found for found in founds if found.glyphs]
    return Verification(
        verdict,
        tuple(_evidence(found, pages, readings) for found in shown),
        min((pages[found.page].confidence(found.glyphs) for found in shown), default=0.0),
        "; ".join(dict.fromkeys(found.reason for found in founds if found.reason)),
    )


def _asked(question: str, leaf: Leaf) -> str:
    """The question that a value answers: its key's where that names a field."""
    return leaf.asks if leaf.asks and asked_field(leaf.asks) else question


def _verify_leaves(question: str, values: Sequence[Leaf], readings: Sequence[Reading]) -> Verification:
    founds = [verify(_asked(question, leaf), leaf.value, readings) for leaf in values if isinstance(leaf.value, str)]
    checked = [found for found in founds if found.verdict is not Verdict.NOT_CHECKED]
    if not checked:
        return Verification(reason="the answer quotes nothing")
    verdict = max((found.verdict for found in checked), key=_FROM_GOOD_TO_BAD.index)
    reasons = [found.reason for found in checked if found.reason]
    if verdict is Verdict.CONFIRMED and any(isinstance(leaf.value, (int, float)) and not isinstance(leaf.value, bool) for leaf in values):
        verdict, reasons = Verdict.NOT_CHECKED, ["its texts were found; its numbers have no unit and are not checked"]
    return Verification(
        verdict,
        tuple(evidence for found in checked for evidence in found.evidence),
        min((found.confidence for found in checked if found.evidence), default=0.0),
        "; ".join(dict.fromkeys(reasons)),
    )


def _evidence(found: _Found, pages: Sequence[Page], readings: Sequence[Reading]) -> Evidence:
    page, reading = pages[found.page], readings[found.page]
    places: dict[int, list[int]] = {}
    for glyph in found.glyphs:
        places.setdefault(glyph.line, []).append(glyph.place)
    corners = [
        corner
        for line, of_line in places.items()
        for corner in page.lines[line].region(reading.width, reading.height, min(of_line), max(of_line) + 1).corners
    ]
    return Evidence(text_of(found.glyphs), found.page, Region.around(corners, reading.width, reading.height))


def _find(quotation: str, field: Field | None, open_question: bool, pages: Sequence[Page]) -> _Found:
    """The best that any page says about it."""
    best = (Verdict.CONFIRMED, Verdict.CONTRADICTED, Verdict.NOT_FOUND)
    founds = [_find_on(quotation, field, open_question, page, number) for number, page in enumerate(pages)]
    nothing = _Found(Verdict.NOT_FOUND, reason="no picture was read")
    return min(founds, key=lambda found: best.index(found.verdict), default=nothing)


def _find_on(quotation: str, field: Field | None, open_question: bool, page: Page, number: int) -> _Found:
    own = [cell for cell in page.cells if field and cell.field is field]
    if field and not own:
        also = [cell for cell in page.cells if cell.field and cell.field.name in instead(field)]
        own = also if any(_equal(quotation, cell, field) for cell in also) else []
    if own:
        return _at_its_label(quotation, field, own, page, number)
    for cell in page.cells if field else ():
        if not cell.label and (glyphs := _behind_its_label(quotation, cell, field)):
            return _Found(Verdict.CONFIRMED, glyphs, number)
    is_drug, doubted = field is not None and field.name == "drug", None
    for cell in [cell for cell in page.cells if not cell.label] + ([] if field else list(page.whole_rows)):
        if glyphs := _equal(quotation, cell, field):
            if _needs_a_label(quotation, field, open_question):
                return _Found(Verdict.NOT_FOUND, glyphs, number, "the second reader read it, but no label says what it is")
            if not is_drug or not (doubt := drug_name.doubt(glyphs, field, page)):
                return _Found(Verdict.CONFIRMED, glyphs, number)
            doubted = doubted or _Found(Verdict.NOT_FOUND, glyphs, number, doubt)
    if doubted:
        return doubted
    for cell in page.cells:
        if cell.label and (glyphs := _equal(quotation, cell, field)):
            if cell.field is None and not is_drug or field is None and open_question:
                return _Found(Verdict.CONFIRMED, glyphs, number)
            return _Found(Verdict.NOT_FOUND, glyphs, number, f"the second reader read it beside {cell.label!r}")
    near = min(page.cells, key=lambda cell: _difference(quotation, cell), default=None)
    if near is not None and _difference(quotation, near) < _NEAR and _stands_against(quotation, near, field, page):
        return _Found(Verdict.CONTRADICTED, near.glyphs, number, f"the second reader read {near.text!r}")
    return _Found(Verdict.NOT_FOUND, reason="the second reader found no such print")


def _at_its_label(quotation: str, field: Field, cells: Sequence[Cell], page: Page, number: int) -> _Found:
    for cell in cells:
        if glyphs := _equal(quotation, cell, field):
            return _Found(Verdict.CONFIRMED, glyphs, number)
    cell = min(cells, key=lambda cell: _difference(quotation, cell))
    verdict = Verdict.CONTRADICTED if _stands_against(quotation, cell, field, page) else Verdict.NOT_FOUND
    alike = ", which differs in what readers mistake most" if print_form.alike(quotation, cell.text) else ""
    return _Found(verdict, cell.glyphs, number, f"beside {cell.label!r} the second reader read {cell.text!r}{alike}")


def _stands_against(quotation: str, cell: Cell, field: Field | None, page: Page) -> bool:
    """Whether the reader is sure of another value. How to take a medicine is said in words of its own."""
    if field is not None and field.name == "dose" or page.confidence(cell.glyphs) < _SURE:
        return False
    if any(_lost_its_unit(quotation, text) for text, _ in cell.texts):
        return False
    if field is not None and field.numeric and not any(map(str.isdigit, cell.text)):
        return False  # it is another label, or a unit
    words = cell.text.split()  # among them the quotation may stand, between two labels that were not known for such
    parts = (" ".join(words[i:j]) for i in range(len(words)) for j in range(i + 1, len(words) + 1))
    return not any(print_form.same(quotation, part) or print_form.alike(quotation, part) for part in parts)


def _needs_a_label(quotation: str, field: Field | None, open_question: bool) -> bool:
    """Whether print without a label is no proof that it is what was asked for."""
    if field:
        return not field.may_be(quotation)
    return not open_question and bool(_NUMBER.fullmatch(print_form.bare(quotation)))


def _behind_its_label(quotation: str, cell: Cell, field: Field) -> tuple[Glyph, ...]:
    """The glyphs of a value between which and its label the reader lost the blank: in Chinese nothing else parts them."""
    label = label_pattern(field).match("".join(glyph.character for glyph in cell.glyphs))
    value = cell.glyphs[label.end() :] if label else ()
    return value if value and print_form.same(quotation, text_of(value), field.numeric) else ()


def _lost_its_unit(said: str, read: str) -> bool:
    """Whether the reader has the number, and only the beginning of its unit or none, which is often small print."""
    full, part = (_MEASURED.fullmatch(print_form.Form.of(print_form.bare(text)).numeric) for text in (said, read))
    return bool(full and part) and full[1] == part[1] and full[2] != part[2] and full[2].startswith(re.sub(r"[\W_]", "", part[2]))


def _equal(quotation: str, cell: Cell, field: Field | None) -> tuple[Glyph, ...]:
    """The value's glyphs that say the same as the quotation; () if none do."""
    numeric = bool(field and field.numeric or cell.field and cell.field.numeric)
    said = dates(quotation) if field is None or field.name in ("date", "expiry") else []
    for text, glyphs in cell.texts:
        if print_form.same(quotation, text, numeric):
            return glyphs
        if len(said) == 1 and _DATE_ALONE.fullmatch(quotation[: said[0].start] + quotation[said[0].end :]):
            printed = dates(text)
            rest = text[: printed[0].start] + text[printed[0].end :] if printed else ""
            # What is printed may have words around it, but no other number.
            if len(printed) == 1 and not any(map(str.isdigit, rest)) and said[0].same(printed[0]):
                return glyphs
    return ()


def _difference(quotation: str, cell: Cell) -> float:
    """The share of characters that must be changed to make one the other, 0 to 1; little where one is a part of the other."""
    said = print_form.Form.of(quotation).folded
    least = 1.0
    for text, _ in cell.texts:
        value = print_form.Form.of(text).folded
        longer = max(len(said), len(value), 1)
        part = (said in value or value in said) and min(len(said), len(value)) > longer / 2
        least = min(least, print_form.distance(said, value) / longer * (0.5 if part else 1.0))
    return least

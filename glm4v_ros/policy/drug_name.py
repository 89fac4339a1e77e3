"""Which print of a package, where no label says so, is the name of its medicine."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from glm4v_ros.policy import print_form
from glm4v_ros.policy.print_field import Field, names_company, states_quantity
from glm4v_ros.policy.print_page import Glyph, Page, text_of

_LARGER = 1.3  # other print this much larger is rather the name; a reader's lines vary by a tenth, and letters by their tails
_NEARLY = 0.34  # share of characters: two prints that differ by less are one name read twice, or two boxes to be told apart
_BRAND = re.compile(r"[®™Ⓡ]|[(（]R[)）]|牌$|商标")
# A substance is sold in a form, and its printed name says which; a brand needs none.
_FORM = re.compile(
    r"(?:片|胶囊|颗粒|[丸散膏栓]|糖浆|口服液|合剂|冲剂|滴剂|搽剂|洗剂|喷剂|喷雾剂?|气雾剂?|吸入剂?|贴剂?|凝胶|注射液|滴眼液|溶液|混悬液|乳剂)$|"
    r"\b(?:tablets?|capsules?|caplets?|granules|powder|syrup|elixir|solution|suspension|cream|ointment|gel|lotion|drops|spray|"
    r"injection|inhaler|patch(?:es)?|suppositor(?:y|ies)|lozenges?|pastilles?)\W*$",
    re.IGNORECASE,
)
_NO_NAME = re.compile(  # what every package says
    r"^\W*(?:otc|甲类|乙类|(?:非)?处方药|外用(?:药)?|内服|口服|国药准字.*|rx(?: only)?|prescription only|for (?:oral|external) use.*|new)\W*$|"
    r"^(?:请|本品|用于|keep|read|store|take|made in|for the)|(?:\d\D*){4}|"  # so many digits: a batch, a licence
    r"\b(?:meals?|food|eating|daily|bed(?:time)?|times|a day)\b|[饭餐][前后中]|[一每][日天次]|睡前|空腹|随餐",  # how to take it
    re.IGNORECASE,
)
_LONG = 32  # characters: a longer row is a sentence
_HAN = re.compile(r"[\u4e00-\u9fff]")


def doubt(found: Sequence[Glyph], field: Field, page: Page) -> str:
    """Why unlabelled print may not be the name, for a person; "" where nothing speaks against it.

    It is no brand, no other print that could be the name is plainly larger, and of what is about as large in the same box
    nothing could be the name as well: a name with its form of medicine beats one without.
    """
    text, height = _with_mark(found, page), page.height(found)
    if _is_brand(text):
        return "the second reader read it, but as a brand"
    own = set(found)
    for other in _names(field, page):
        if own.intersection(other) or print_form.same(text, said := text_of(other)):
            continue
        larger = page.height(other) > _LARGER * height
        if larger and not (_nearly(text, said) and _apart(found, other, page)):
            return f"the second reader read it, but in smaller print than {said!r}"
        rivals = not larger and page.height(other) * _LARGER >= height and not _beats(text, said) and not _nearly(text, said)
        if rivals and not _apart(found, other, page):
            return f"the second reader read it, but {said!r} as well, which may be the name"
    return ""


def _names(field: Field, page: Page) -> Iterator[tuple[Glyph, ...]]:
    """Unlabelled print that may be a medicine's name, in the parts that wide gaps make."""
    seen = set()
    for cell in page.cells:
        for begin, end in zip((0, *cell.ends), cell.ends) if not cell.label else ():
            part = cell.glyphs[begin:end]
            text = text_of(part)
            if part in seen or len(text) > _LONG or not field.may_be(text) or _NO_NAME.search(text) or _is_brand(_with_mark(part, page)):
                continue
            seen.add(part)
            yield part


def _with_mark(found: Sequence[Glyph], page: Page) -> str:
    """With what stands behind it, however wide the gap before a brand's mark is."""
    text, last = text_of(found), found[-1]
    row = next((row for row in page.rows if last in row), ())
    following = row[row.index(last) + 1 :][:1] if row else ()
    return text + text_of(following) if following and _is_brand(text_of(following)) else text


def _is_brand(text: str) -> bool:
    return bool(_BRAND.search(text))


def _beats(text: str, other: str) -> bool:
    """By its form: in one language a name has it once, and another language's line is its translation."""
    if not _FORM.search(_folded(text)):
        return False
    return not _FORM.search(_folded(other)) or bool(_HAN.search(text)) != bool(_HAN.search(other))


def _folded(text: str) -> str:
    return re.sub(r"\s*[\d.,]+\s*(?:[mµμ]?g|mcg|毫克|克)?\W*$", "", unicodedata.normalize("NFKC", text), flags=re.IGNORECASE)


def _nearly(text: str, other: str) -> bool:
    one, two = print_form.Form.of(text).folded, print_form.Form.of(other).folded
    return print_form.distance(one, two) < _NEARLY * max(len(one), len(two))


def _apart(found: Sequence[Glyph], other: Sequence[Glyph], page: Page) -> bool:
    """Whether they are on two boxes under each other: how much is in the upper one, and who made it, stand between them."""
    first, last = sorted(next(number for number, row in enumerate(page.rows) if part[0] in row) for part in (found, other))
    between = [text_of(row) for row in page.rows[first + 1 : last]]
    return any(map(names_company, between)) and any(map(states_quantity, between))

"""A text as it is compared: what a reader, a font or a habit changes is gone, and each character knows where it was."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property

_ALIKE = {
    **dict.fromkeys("‐‑‒–—―−－﹣", "-"), **dict.fromkeys("～〜∼˜", "~"), **dict.fromkeys("“”„″〝〞", '"'), **dict.fromkeys("‘’′`", "'"),
    **dict.fromkeys("×✕✖", "x"), **dict.fromkeys("、，", ","), **dict.fromkeys("·•・∙", "."), "。": ".", "º": "°", "˚": "°", "∶": ":",
    "µ": "μ", "【": "[", "】": "]", "〔": "[", "〕": "]", "｛": "{", "｝": "}", "㎜": "mm",
}  # fmt: skip
# Letters whose capital differs from the small one in size alone, which a line by itself does not tell.
_SAME_SHAPE = {letter: letter.lower() for letter in "COSVWXZUPK"}
_LOOKS = str.maketrans("OoQDIl|i!SsBZzG", "000011111558226", ".,")
_TRAILING = ".,;:。 "


@dataclass(frozen=True)
class Form:
    """``text`` without blanks; ``origin[i]`` is where ``text[i]`` stood in the text it was made of."""

    text: str
    origin: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> Form:
        characters, origin = [], []
        for place, character in enumerate(text):
            if character.isspace():
                continue
            for part in unicodedata.normalize("NFKC", _ALIKE.get(character, character)):
                part = _ALIKE.get(part, part)
                if not part.isspace():
                    characters.append(part)
                    origin.append(place)
        return cls("".join(characters), tuple(origin))

    @cached_property
    def folded(self) -> str:
        """Letters of one shape are one letter."""
        return "".join(_SAME_SHAPE.get(character, character) for character in self.text)

    @cached_property
    def numeric(self) -> str:
        """As a number with a unit is compared: letters that look like digits are digits where they touch some."""
        characters = list(self.text)
        for place, character in enumerate(characters):
            before = bool(re.search(r"\d[.,]?$", "".join(characters[max(0, place - 2) : place])))
            after = characters[place + 1 : place + 2]
            followed = bool(after) and (after[0].isdigit() or after[0] in ".,")
            alone = place == 0 or not characters[place - 1].isalpha()
            if character in "Oo" and (before or followed and alone) or character in "QD" and before and followed:
                characters[place] = "0"
            elif character in "Il|i!" and followed and (before or alone):
                characters[place] = "1"
        text = "".join(characters)
        # A degree sign is a small ring that readers leave out; a range is joined by one stroke or another.
        text = text.replace("°", "")
        return "".join(
            "~" if character == "-" and place and (text[place - 1].isdigit() or text[place - 1] in "CFVA") and
            text[place + 1 : place + 2] and (text[place + 1].isdigit() or text[place + 1] in "+-.") else character
            for place, character in enumerate(text)
        )  # fmt: skip


def bare(text: str) -> str:
    """Without the full stop or colon at its end, and quotation marks around it."""
    text = text.strip().rstrip(_TRAILING)
    return text[1:-1].strip() if len(text) > 2 and text[0] + text[-1] in ('""', "''", "“”", "「」", "《》") else text


def same(first: str, second: str, numeric: bool = False) -> bool:
    """Whether two texts say the same, whatever their blanks, widths and signs; a digit that differs makes them differ."""
    one, other = Form.of(bare(first)), Form.of(bare(second))
    if not one.text or not other.text:
        return False
    if one.folded == other.folded:
        return True
    return numeric and _same_number(one, other)


def _same_number(one: Form, other: Form) -> bool:
    def key(form: Form) -> str:
        return "".join(_SAME_SHAPE.get(character, character) for character in form.numeric)

    return key(one) == key(other)


def alike(first: str, second: str) -> bool:
    """Whether they differ, and in nothing but what readers mistake or miss most: 0 and O, 1 and I, 5 and S, a point."""
    one, other = (Form.of(bare(text)).folded.translate(_LOOKS) for text in (first, second))
    return one == other and not same(first, second)


def distance(first: str, second: str) -> int:
    """Characters that must be changed, added or left out (Levenshtein)."""
    row = list(range(len(second) + 1))
    for line, a in enumerate(first, 1):
        diagonal, row[0] = row[0], line
        for column, b in enumerate(second, 1):
            diagonal, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, diagonal + (a != b))
    return row[-1]

"""Which language a piece of text is to be read in."""

from __future__ import annotations

import re

from glm4v_ros.speech.unit import UNITS

_HAN = r"[\u3400-\u9fff\uf900-\ufaff]"
# A word that a Chinese voice would read badly: two letters or more, not all capitals, no digit beside it. Everything
# else in Latin script (H3U-32MR, IP, kPa after a number) is read in the language around it.
_WORD = r"(?<![A-Za-z0-9_./-])(?!(?:[A-Z]+)(?![A-Za-z]))[A-Za-z][A-Za-z'’]+(?![A-Za-z0-9_/]|-[A-Z0-9])"
_SCRIPT = re.compile(f"(?P<zh>{_HAN}+)|(?P<en>{_WORD})")
_UNIT_BEFORE = re.compile(r"\d\s*$")


def base_language(tag: str) -> str:
    """The language of a BCP 47 tag: "zh-Hans-CN" and "cmn" are "zh"."""
    base = re.split(r"[-_]", tag.strip().lower())[0]
    return "zh" if base in ("cmn", "zho", "chi") else base


def language_of(text: str, default: str = "en") -> str:
    """The language that most of ``text`` is in: a Han character counts as much as an English word."""
    counts = {"zh": 0, "en": 0}
    for match in _SCRIPT.finditer(text):
        counts[match.lastgroup] += len(match.group()) if match.lastgroup == "zh" else 1
    if counts["zh"] == counts["en"] == 0:
        return default
    return max(counts, key=counts.get)


def runs(text: str, default: str = "en") -> list[tuple[str, str]]:
    """Cuts mixed text into (language, text), one for each change of language.

    What has no language of its own (numbers, punctuation, model names) goes with what stands before it.
    """
    pieces: list[tuple[str, str]] = []
    start = 0
    current = ""
    for match in _SCRIPT.finditer(text):
        if match.lastgroup == "en" and match.group() in UNITS and _UNIT_BEFORE.search(text[: match.start()]):
            continue
        if current and match.lastgroup != current:
            pieces.append((current, text[start : match.start()]))
            start = match.start()
        current = match.lastgroup
    pieces.append((current or default, text[start:]))
    return [(language, piece) for language, piece in pieces if piece.strip()]

"""Faces and sizes: what a text measures and how it is drawn, glyph by glyph, with the glyphs' centres."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from PIL import ImageFont

FOLDER = Path(__file__).parent.parent / ".fonts"


@cache
def faces() -> dict[str, dict]:
    """What fonts.py noted of each face: its file, the characters it covers, the pairs it draws alike."""
    try:
        notes = json.loads((FOLDER / "faces.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileNotFoundError(f"{FOLDER}/faces.json is missing: run python -m training.fonts first") from None
    return {name: {**note, "covers": frozenset(note["covers"])} for name, note in notes.items()}


@lru_cache(6000)
def font(name: str, size: int) -> tuple[ImageFont.FreeTypeFont, dict[str, float]]:
    """A face at `size` px with its table of advances, filled as it is used."""
    return ImageFont.truetype(str(FOLDER / faces()[name]["file"]), size, layout_engine=ImageFont.Layout.BASIC), {}


@dataclass(frozen=True)
class Type:
    """A Latin and a Chinese face that are set together. The Chinese one draws what the Latin one lacks."""

    latin: str
    chinese: str
    fallback: str = ""

    def face(self, character: str) -> str:
        if character in faces()[self.latin]["covers"]:
            return self.latin
        if self.fallback and character not in faces()[self.chinese]["covers"]:
            return self.fallback
        return self.chinese

    def runs(self, text: str) -> list[tuple[str, str]]:
        """Splits the text where the face changes: [(face, text)]."""
        runs = []
        for character in text:
            face = self.face(character)
            if runs and (runs[-1][0] == face or character == " "):
                runs[-1][1].append(character)
            else:
                runs.append((face, [character]))
        return [(face, "".join(characters)) for face, characters in runs]

    def width(self, text: str, size: int, spacing: int = 0) -> float:
        return sum(sum(advances(face, size, run)) for face, run in self.runs(text)) + spacing * len(text)


def advances(face: str, size: int, text: str) -> list[float]:
    drawn, table = font(face, size)
    widths = []
    for character in text:
        width = table.get(character)
        if width is None:
            width = table[character] = drawn.getlength(character)
        widths.append(width)
    return widths

"""Collects the fonts of pictures/splits.py and cuts them down to charset.txt: ``python -m training.fonts``.

Needs apt-get (Debian or Ubuntu), dpkg-deb and fontTools; installs nothing. Writes training/.fonts/NAME.{ttf,otf} (git-ignored).
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
from fontTools import subset
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont

from training.debian import unpacked
from training.pictures.splits import FACES

HERE = Path(__file__).parent


def cut(source: Path, index: int, text: str, name: str, folder: Path) -> Path:
    """Writes the glyphs of `text` alone, without layout tables (text is set one glyph at a time)."""
    font = TTFont(source, fontNumber=index)
    options = subset.Options(layout_features=[], hinting=True, notdef_outline=True, ignore_missing_unicodes=True)
    options.drop_tables += [
        "kern",
        "GPOS",
        "GSUB",
        "GDEF",
        "BASE",
        "vhea",
        "vmtx",
        "VORG",
        "EBDT",
        "EBLC",
        "EBSC",
        "MATH",
    ]
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=text)
    subsetter.subset(font)
    target = folder / f"{name}.{'otf' if 'CFF ' in font else 'ttf'}"
    font.save(target)
    return target


def glyph(font: ImageFont.FreeTypeFont, character: str) -> np.ndarray:
    image = Image.new("L", (160, 160))
    ImageDraw.Draw(image).text((80, 120), character, 255, font, "ms")
    return np.asarray(image) > 127


def alike(path: Path) -> list[str]:
    """The pairs among 0O and 1I that this face draws nearly the same (at least 82 % of their area is common)."""
    font = ImageFont.truetype(str(path), 96, layout_engine=ImageFont.Layout.BASIC)
    pairs = []
    for a, b in ("0O", "1I"):
        first, second = glyph(font, a), glyph(font, b)
        if (first & second).sum() > 0.82 * (first | second).sum():
            pairs.append(a + b)
    return pairs


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE / ".fonts")
    parser.add_argument("--debs", type=Path, help="folder of already downloaded .deb files")
    args = parser.parse_args()
    args.out.mkdir(exist_ok=True)
    charset = (HERE / "charset.txt").read_text(encoding="utf-8")
    ascii_and_signs = "".join(c for c in charset if not "\u4e00" <= c <= "\u9fff")
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        faces = {name: (script, *where) for (script, _), group in FACES.items() for name, where in group.items()}
        total, notes = 0, {}
        for name, (script, package, file, index) in faces.items():
            source = next(unpacked(package, root, args.debs).rglob(file))
            target = cut(source, index, charset if script == "chinese" else ascii_and_signs, name, args.out)
            total += target.stat().st_size
            drawn = ImageFont.truetype(str(target), 40, layout_engine=ImageFont.Layout.BASIC)
            covers = "".join(
                c for c in map(chr, sorted(TTFont(target).getBestCmap())) if c == " " or drawn.getmask(c).getbbox()
            )
            notes[name] = {"file": target.name, "covers": covers, "alike": [] if script == "segment" else alike(target)}
        (args.out / "faces.json").write_text(json.dumps(notes, ensure_ascii=False, indent=0), encoding="utf-8")
        print(f"{len(faces)} faces, {total / 1e6:.1f} MB in {args.out}")


if __name__ == "__main__":
    main()

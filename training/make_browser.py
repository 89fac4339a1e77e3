"""Writes pictures of a hand that training never sees: HTML and CSS with random layouts, drawn by headless Chromium.

``python -m training.make_browser --out DIR --per-skill 60`` makes DIR/SKILL/NUMBER.png and DIR/browser.jsonl in the format of
``glm4v eval``: nameplates, lamps, displays, pill boxes, medicines on no list (pictures/browser.py), tables, invoices and diagrams.
Needs Chromium (Debian's package) and python -m training.fonts. The same arguments give the same pages.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import zlib
from pathlib import Path

import cv2
import numpy as np

from training.pictures.browser import CHINESE, LATIN, PAINTERS, SEGMENT, backdrop
from training.pictures.typeface import FOLDER, faces

SKILLS = tuple(PAINTERS)
A_PAGE = 12
SEED = 7_000_000_000


def page_of(skill: str, first: int, count: int):
    """HTML of `count` pictures under each other, and their (top, width, height, [(question, answer, language), ...])."""
    parts, notes, top = [], [], 0
    for number in range(first, first + count):
        rng = np.random.default_rng(SEED + zlib.crc32(skill.encode()) % 1000 * 100_000 + number)
        size = int(rng.integers(460, 860)), int(rng.integers(340, 640))
        inside, asked = PAINTERS[skill](rng, size)
        place = (
            f"position:absolute;left:0;top:{top}px;width:{size[0]}px;height:{size[1]}px;"
            "overflow:hidden;display:flex;align-items:center;justify-content:center"
        )
        parts.append(f'<div style="{place};{backdrop(rng)}">{inside}</div>')
        notes.append((top, *size, asked))
        top += size[1]
    used = {*LATIN, *CHINESE, *SEGMENT}
    rules = "".join(
        f"@font-face{{font-family:'{name}';src:url('file://{(FOLDER / faces()[name]['file']).resolve()}')}}"
        for name in sorted(used)
    )
    return f"<!doctype html><meta charset=utf-8><style>body{{margin:0}}{rules}</style>" + "".join(parts), notes, top


def shoot(html: str, height: int, folder: Path) -> np.ndarray:
    """(height, 860, 3) BGR."""
    (folder / "page.html").write_text(html, encoding="utf-8")
    subprocess.run(
        ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--allow-file-access-from-files",
         "--force-device-scale-factor=1", "--virtual-time-budget=4000", f"--user-data-dir={folder}/profile",
         f"--window-size=860,{height + 200}", f"--screenshot={folder}/page.png", f"file://{folder}/page.html"],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return cv2.imread(str(folder / "page.png"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--per-skill", type=int, default=60)
    parser.add_argument("--first", type=int, default=0, metavar="NUMBER", help="of the first picture: a fresh set starts behind the last")
    parser.add_argument("--skills", nargs="+", choices=SKILLS, default=SKILLS)
    a = parser.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    with open(a.out / "browser.jsonl", "w", encoding="utf-8") as file, tempfile.TemporaryDirectory() as temporary:
        for skill in a.skills:
            (a.out / skill).mkdir(exist_ok=True)
            end = a.first + a.per_skill
            for first in range(a.first, end, A_PAGE):
                html, notes, height = page_of(skill, first, min(A_PAGE, end - first))
                page = shoot(html, height, Path(temporary))
                for number, (top, w, h, asked) in enumerate(notes, first):
                    name = f"{skill}/{number:05}.png"
                    cv2.imwrite(str(a.out / name), page[top : top + h, :w])
                    for question, answer, language in asked:
                        line = {"image": name, "question": question, "answer": answer, "tags": [skill, language]}
                        file.write(json.dumps(line, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Draws pictures of 4000x3000 px, as a 12 MP camera has them of a whole cabinet, with print that is too small for image tokens.

python3 benchmarks/cabinets.py OUT [--pictures 60] [--em 20] [--named]      needs Chromium and playwright

OUT/cabinets.jsonl has the questions about the whole pictures, OUT/cut.jsonl the same about what a person would cut out of them: the
plate, with a margin of half a line. Then:
  glm4v eval OUT/cabinets.jsonl --zoom auto     glm4v eval OUT/cabinets.jsonl     glm4v eval OUT/cut.jsonl
Up to three other plates, without the asked field, and signs are in each picture. With --named one of them has the field as well;
both devices have a name, and the question says which is meant.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

from PIL import Image
from rendering.browser import Browser, browser
from rendering.plate import Plate

WIDTH, HEIGHT = 4000, 3000
_WALLS = ("#c8cac6", "linear-gradient(160deg,#8d9597,#b9bfc0)", "linear-gradient(20deg,#d9d6cb,#bdb9ab)", "#5d666c", "#e4e6e8")
_DEVICES = ("#3c4247", "#e8e6df", "#1f4e79", "#7a7f83", "#f1f1f1", "#37474f")
_SIGNS = ("DANGER 400V", "当心触电", "MAIN SWITCH", "禁止合闸", "EMERGENCY STOP", "主电源", "L1 L2 L3 N PE", "非专业人员禁止打开")


def cabinet(chance: random.Random, em: float, named: bool) -> tuple[str, Plate, int, str]:
    """The page, the asked plate, which of its rows is asked, and its device's name."""
    plate = Plate.drawn(chance, least=4)
    device = (("水泵", "风机", "变压器") if plate.language == "zh" else ("PUMP", "FAN", "MOTOR"))[len(plate.rows) % 3]
    asked = chance.randrange(len(plate.rows))
    cells = [(column, row) for column in range(4) for row in range(3)]
    chance.shuffle(cells)
    parts = []
    for number, (column, row) in enumerate(cells[: chance.randint(5, 9)]):
        x, y = 60 + column * 980 + chance.randint(0, 120), 60 + row * 970 + chance.randint(0, 120)
        width, height = chance.randint(620, 780), chance.randint(560, 760)
        parts.append(
            f"<div style='position:absolute;left:{x}px;top:{y}px;width:{width}px;height:{height}px;background:{chance.choice(_DEVICES)};"
            f"border-radius:18px;box-shadow:8px 12px 24px #0007'></div>" + _furniture(chance, x, y, width, height)
        )
        place = f"position:absolute;left:{x + chance.randint(20, 60)}px;top:{y + chance.randint(200, 300)}px"
        if named and number < 2:
            parts.append(
                f"<div style='position:absolute;left:{x + 30}px;top:{y + 130}px;font:bold {1.5 * em}px \"Noto Sans CJK SC\";color:#111;"
                f"background:#fff;padding:4px 12px'>{device} {number + 1}</div>"
            )
        if number == 0:
            parts.append(plate.html(em, place))
        elif number < 4:
            field = plate.rows[asked].field
            other = Plate.drawn(chance, without=[field], least=2, most=4)
            if named and number == 1:
                while all(row.field != field for row in other.rows):
                    other = Plate.drawn(chance, most=5)
            parts.append(other.html(em, place, f"other{number}"))
        elif chance.random() < 0.6:
            parts.append(
                f"<div style='{place};font:bold {chance.choice((em, 2 * em, 4 * em))}px \"Noto Sans CJK SC\";color:#c00;background:#fd3;"
                f"padding:10px 16px;white-space:nowrap'>{chance.choice(_SIGNS)}</div>"
            )
    wall = f"<div style='position:absolute;inset:0;width:{WIDTH}px;height:{HEIGHT}px;background:{chance.choice(_WALLS)}'></div>"
    return wall + "".join(parts), plate, asked, f"{device} 1"


def _furniture(chance: random.Random, x: int, y: int, width: int, height: int) -> str:
    """Louvres, lamps and screws."""
    parts = [
        f"<div style='position:absolute;left:{x + 40 + 30 * i}px;top:{y + height - 150}px;width:10px;height:110px;background:#0006'></div>"
        for i in range(chance.randint(0, 12))
    ]
    for _ in range(chance.randint(1, 4)):
        parts.append(
            f"<div style='position:absolute;left:{x + chance.randint(30, width - 90)}px;top:{y + chance.randint(30, 120)}px;width:56px;"
            f"height:56px;border-radius:50%;background:radial-gradient(circle at 35% 35%,#fff,{chance.choice(('#d22', '#2b2', '#fb0', '#444'))})'>"
            "</div>"
        )
    return "".join(parts)


def make(drawer: Browser, out: Path, number: int, em: float, named: bool) -> tuple[dict, dict]:
    """Writes both pictures; returns both lines."""
    chance = random.Random(f"cabinet {number}")
    body, plate, asked, device = cabinet(chance, em, named)
    row = plate.rows[asked]
    picture, [(x, y, width, height)], [ink] = drawer.draw(body, WIDTH, HEIGHT, ["plate"], [f"plate-{row.field}"])
    Image.fromarray(picture).save(out / f"{number:03}.jpg", quality=92)
    margin = round(em / 2)
    cut = Image.fromarray(picture).crop((x - margin, y - margin, x + width + margin, y + height + margin))
    cut.save(out / f"{number:03}-cut.png")
    question = plate.question(chance, row, device if named else "")
    line = {"image": f"{number:03}.jpg", "question": question, "answer": row.value,
            "tags": ["cabinet", plate.language, row.field, plate.layout], "region": ink}  # fmt: skip
    return line, {**line, "image": f"{number:03}-cut.png", "region": [ink[0] - x + margin, ink[1] - y + margin, *ink[2:]]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--pictures", type=int, default=60)
    parser.add_argument("--em", type=float, default=20, help="px of the print, of 3000 (default: %(default)s)")
    parser.add_argument("--named", action="store_true")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    with browser() as drawer, open(args.out / "cabinets.jsonl", "w") as whole, open(args.out / "cut.jsonl", "w") as cut:
        for number in range(args.pictures):
            for file, line in zip((whole, cut), make(drawer, args.out, number, args.em, args.named)):
                print(json.dumps(line, ensure_ascii=False), file=file)


if __name__ == "__main__":
    main()

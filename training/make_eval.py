"""Writes pictures with expected answers for ``glm4v eval``: ``python -m training.make_eval --out DIR --per-skill 500 --split test``.

DIR/SKILL/NUMBER.{jpg,png} and one DIR/FILE.jsonl with a line a question:
{"image", "question", "answer", "tags": [skill, quality, print size, language, field, background], "tolerance"?, "turns"?: [{"question", "answer"}, ...]}.
`turns` are the turns before a follow-up question. The same arguments give the same pictures.
"""

from __future__ import annotations

import argparse
import json
import zlib
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from math import exp, log, sqrt
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from training.pictures.degrade import collate, degrade
from training.pictures.drawing import SKILLS, draw
from training.pictures.splits import BANDS, SEEDS, SIDES, TOKEN_CAP_PX

ASPECTS = (1.0, 4 / 3, 4 / 3, 3 / 4, 3 / 2, 2 / 3, 16 / 9, 9 / 16, 2.0, 0.5, 2.6)


def random_size(rng: np.random.Generator) -> tuple[int, int]:
    """Width and height from 224 to 1600 px, of many shapes."""
    low, high = SIDES
    area = exp(rng.uniform(log(low**2), log(high**2)))
    aspect = ASPECTS[rng.integers(len(ASPECTS))]
    width, height = sqrt(area * aspect), sqrt(area / aspect)
    return int(np.clip(width, low, high)), int(np.clip(height, low, high))


def print_size(em: float, size: tuple[int, int]) -> str:
    """The band of the smallest print asked about, once the picture is under the image token cap."""
    em /= max(1.0, sqrt(size[0] * size[1] / TOKEN_CAP_PX))
    return "small print" if em < 21 else "medium print" if em < 30 else "large print"


def make(out: Path, split: str, skill: str, number: int) -> dict:
    """Writes one picture; returns its line."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(SEEDS[split] + zlib.crc32(skill.encode()) % 1000 * 100_000 + number)
    band = list(BANDS)[number % len(BANDS)]
    turns = []
    while not turns:
        size = random_size(rng)
        try:
            picture = draw(rng, skill, size, split, 1.0, flaws=rng.uniform(*BANDS[band]))
        except ValueError:  # this shape has no room for its print
            continue
        turns = [
            i for i, turn in enumerate(picture.turns) if turn.tag == skill and (skill == "followup" or not turn.follows)
        ]
    index = turns[int(rng.integers(len(turns)))]
    turn = picture.turns[index]
    image = degrade(
        torch.from_numpy(picture.image)[None], collate([picture.degradation]), seed=int(rng.integers(1 << 31))
    )[0].numpy()
    name = f"{skill}/{number:05}.{'png' if number % 5 == 0 else 'jpg'}"
    Image.fromarray(image).save(out / name, **({} if name.endswith("png") else {"quality": 95, "subsampling": 0}))
    line = {
        "image": name,
        "question": turn.question,
        "answer": turn.answer,
        "tags": [skill, band, print_size(picture.em, size), turn.language, turn.field, picture.backdrop],
    }
    if turn.tolerance is not None:
        line["tolerance"] = turn.tolerance
    if skill == "followup":
        line["turns"] = [{"question": before.question, "answer": before.answer} for before in picture.turns[:index]]
    return line


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--per-skill", type=int, default=500)
    parser.add_argument("--skills", nargs="+", choices=SKILLS, default=SKILLS)
    parser.add_argument("--split", choices=tuple(SEEDS), default="test")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--name", default="eval", help="the .jsonl's name")
    args = parser.parse_args()
    with open_lines(args) as file, ProcessPoolExecutor(args.workers) as pool:
        for skill in args.skills:
            for line in pool.map(partial(make, args.out, args.split, skill), range(args.per_skill), chunksize=8):
                file.write(json.dumps(line, ensure_ascii=False) + "\n")


def open_lines(args):
    for skill in args.skills:
        (args.out / skill).mkdir(parents=True, exist_ok=True)
    return open(args.out / f"{args.name}.jsonl", "w", encoding="utf-8")


if __name__ == "__main__":
    main()

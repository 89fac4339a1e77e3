"""Writes pictures with print and every question about each, for ``glm4v eval --verify``.

``python -m training.make_print --out DIR`` makes DIR/SKILL/NUMBER.{jpg,png} and DIR/print.jsonl with a line a question, as
make_eval.py has it, without turns, and with "region": [x, y, width, height] in px of the stored picture around the answer's
print where it is printed as it is answered.
A reading set in a seven-segment face has the tag "segments". The same arguments give the same pictures.
"""

from __future__ import annotations

import argparse
import json
import zlib
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from training.make_eval import print_size, random_size
from training.pictures.degrade import collate, degrade, move_centres
from training.pictures.drawing import draw
from training.pictures.splits import BANDS, FACES, SEEDS

SKILLS = ("nameplate", "pillbox", "display")
_FIRST = 50_000  # numbers below it are make_eval.py's
_SEGMENTS = {name for split in ("train", "test") for name in FACES["segment", split]}


def region_of(picture, answer: str) -> tuple[list[int] | None, bool]:
    """Around the answer's ink in the warped picture, None where it is printed in another way; whether segments show it."""
    bare = answer.replace(" ", "")
    lines = [(line, "".join(run.text for run in line)) for line in picture.lines]
    for number, (line, text) in enumerate(lines):
        tight = text.replace(" ", "")
        following = lines[number + 1] if number + 1 < len(lines) else ([], "")
        if tight + following[1].replace(" ", "") == bare and following[1]:  # a reading and its unit
            return _around(picture, [*line, *following[0]], 0, len(bare)), _segments(line)
        named = tight in bare and len(tight) > 2 and not any(character.isdigit() for character in bare)  # 这是NAME。
        start = 0 if named or tight == bare else tight.find(bare) if len(bare) > 2 else -1
        if start >= 0:
            return _around(picture, line, start, len(tight) if named else len(bare)), _segments(line)
    return None, False


def _segments(line) -> bool:
    return any(run.face in _SEGMENTS for run in line)


def _around(picture, runs, start: int, count: int) -> list[int]:
    text = "".join(run.text for run in runs)
    chosen = [place for place, character in enumerate(text) if character != " "][start : start + count]
    x0, y0, x1, y1 = np.concatenate([run.inks for run in runs])[chosen].T
    corners = np.array([(x, y) for x in (x0.min(), x1.max()) for y in (y0.min(), y1.max())])
    moved = move_centres(corners, picture.degradation)
    height, width = picture.image.shape[:2]
    left, top = np.clip(np.floor(moved.min(0)), 0, (width, height))
    right, bottom = np.clip(np.ceil(moved.max(0)), 0, (width, height))
    return [int(left), int(top), int(right - left), int(bottom - top)]


def make(out: Path, split: str, skill: str, number: int) -> list[dict]:
    """Writes one picture; returns its lines."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(SEEDS[split] + zlib.crc32(skill.encode()) % 1000 * 100_000 + _FIRST + number)
    band = list(BANDS)[number % len(BANDS)]
    picture = None
    while picture is None:
        size = random_size(rng)
        try:
            picture = draw(rng, skill, size, split, 1.0, flaws=rng.uniform(*BANDS[band]))
        except ValueError:  # this shape has no room for its print
            continue
    image = degrade(
        torch.from_numpy(picture.image)[None], collate([picture.degradation]), seed=int(rng.integers(1 << 31))
    )[0].numpy()
    name = f"{skill}/{number:05}.{'png' if number % 5 == 0 else 'jpg'}"
    Image.fromarray(image).save(out / name, **({} if name.endswith("png") else {"quality": 95, "subsampling": 0}))
    lines = []
    texts = {"".join(run.text for run in line) for line in picture.lines}
    for turn in picture.turns:
        if turn.follows:
            continue
        line = {
            "image": name,
            "question": turn.question,
            "answer": turn.answer,
            "tags": [turn.tag, band, print_size(picture.em, size), turn.language, turn.field],
        }
        region, segments = region_of(picture, turn.answer) if turn.tag == skill else (None, False)
        reading = turn.answer.split()[0].rstrip("%°℃CFRH")
        set_in_segments = any(
            run.face in _SEGMENTS for line in picture.lines for run in line if run.text == reading.replace(" ", "")
        )
        # Digits that are drawn as shapes are in no line.
        if turn.tag == "display" and (segments or set_in_segments or not any(reading in text for text in texts)):
            line["tags"].append("segments")
        if region:
            line["region"] = region
        if turn.tolerance is not None:
            line["tolerance"] = turn.tolerance
        lines.append(line)
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pictures", type=int, nargs=len(SKILLS), default=(150, 90, 60), help=" ".join(SKILLS))
    parser.add_argument("--split", choices=tuple(SEEDS), default="test")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    for skill in SKILLS:
        (args.out / skill).mkdir(parents=True, exist_ok=True)
    with open(args.out / "print.jsonl", "w", encoding="utf-8") as file, ProcessPoolExecutor(args.workers) as pool:
        for skill, count in zip(SKILLS, args.pictures):
            for lines in pool.map(partial(make, args.out, args.split, skill), range(count), chunksize=8):
                file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


if __name__ == "__main__":
    main()

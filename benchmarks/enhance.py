#!/usr/bin/env python3
"""How much of blurred, dark, noisy and small print two readers read, with and without enhancement.

python3 benchmarks/enhance.py OUT [--pictures 24] [--questions print/print.jsonl]
                              [--reader second|model] [--flaws NAME...] [--methods NAME...] [--half even|odd] [--seconds S]
python3 benchmarks/enhance.py OUT --table              what OUT/second.jsonl and OUT/model.jsonl say, as Markdown; and OUT/enhance.svg

Plates that Chromium draws, and as many of training/make_print.py's clean nameplates where --questions has them, shrunk to print of
the same size, harmed by benchmarks/enhancing/flaws.py. The second reader is right where it reads a value whole at its label; the
model (glm4v-nano) where its answer is the value byte for byte. Methods were chosen on the pictures with even numbers and counted on
the odd ones. A run that was stopped, or is out of --seconds, goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
import uuid
import zlib
from collections import defaultdict
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from enhancing.flaws import LEVELS
from enhancing.methods import AGAINST, METHODS
from PIL import Image
from rendering.browser import browser
from rendering.plate import Plate

EM = 26  # px of Chromium's print
INK = 20  # px that its capitals and figures are high, and that the generator's are made
FILES = {"second": "second.jsonl", "model": "model.jsonl"}
HANDS = ("chromium", "generator")
SPREAD = 1.96  # standard errors of a share: in 19 of 20 samples it is no farther off


def draw(out: Path, count: int, questions: Path | None) -> None:
    """OUT/plates/NUMBER.png with their questions and values in plates.jsonl; by turns of both hands, two of each."""
    drawn = iter(chromium(count))
    taken = iter(generator(questions, count) if questions else ())
    out.mkdir(parents=True)
    with open(out / "plates.jsonl", "w", encoding="utf-8") as file:
        number = 0
        while batch := [(hand, *plate) for hand, plates in zip(HANDS, (drawn, taken)) for plate in islice(plates, 2)]:
            for hand, picture, asked in batch:
                Image.fromarray(picture).save(out / f"{number:03}.png")
                print(json.dumps({"image": f"{number:03}.png", "hand": hand, "questions": asked}, ensure_ascii=False), file=file)
                number += 1


def chromium(count: int):
    with browser() as drawer:
        for number in range(count):
            chance = random.Random(f"plate {number}")
            plate = Plate.drawn(chance, least=4, most=6)
            wall = chance.choice(("#8a9094", "#d8d5cc", "#4c555b", "#e9ebec"))
            body = f"<div style='background:{wall};width:760px;height:520px;display:grid;place-items:center'>{plate.html(EM)}</div>"
            picture, [(x, y, width, height)], _ = drawer.draw(body, 760, 520, ["plate"], [])
            cut = picture[max(0, y - 30) : y + height + 30, max(0, x - 30) : x + width + 30]
            yield cut, [(plate.question(chance, row), row.value) for row in plate.rows]


def generator(questions: Path, count: int):
    """Clean nameplates whose print is no smaller than INK, each shrunk to it."""
    by_picture: dict[str, list[dict]] = defaultdict(list)
    for line in map(json.loads, open(questions, encoding="utf-8")):
        if {"nameplate", "clean"} <= set(line["tags"]) and "region" in line:
            by_picture[line["image"]].append(line)
    fit = [(name, lines) for name, lines in by_picture.items() if np.median([line["region"][3] for line in lines]) > 0.85 * INK]
    for name, lines in fit[:count]:
        rgb = np.asarray(Image.open(questions.parent / name).convert("RGB"))
        scale = min(1.0, INK / np.median([line["region"][3] for line in lines]))
        yield cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), [(line["question"], line["answer"]) for line in lines]


class Second:
    """The second reader."""

    def __init__(self):
        from glm4v_ros.reader.client import SecondReader

        self._reader = SecondReader()

    def right(self, rgb: np.ndarray, questions) -> int:
        from glm4v_ros.policy.verification import Reading, Verdict, verify
        from glm4v_ros.vision.frame import Frame

        lines = self._reader.read(Frame(rgb)).result()
        reading = [Reading(lines, rgb.shape[1], rgb.shape[0])]
        return sum(verify(question, value, reading).verdict is Verdict.CONFIRMED for question, value in questions)

    def close(self) -> None:
        self._reader.close()


class Model:
    """glm4v-nano, by the engine."""

    def __init__(self):
        from glm4v_ros.catalog import catalog
        from glm4v_ros.engine.client import EngineClient
        from glm4v_ros.engine.config import EngineConfig

        self._engine = EngineClient(EngineConfig(catalog.require(catalog.Catalog.load().model("glm4v-nano")), threads=1))
        self._engine.start(lambda share: None)

    def right(self, rgb: np.ndarray, questions) -> int:
        from glm4v_ros.engine.question import Question
        from glm4v_ros.vision.frame import Frame

        frame = Frame(rgb)
        answers = [self._engine.ask(Question(question, uuid.uuid4().hex, deterministic=True), [frame]) for question, _ in questions]
        return sum(answer.result().text == value for answer, (_, value) in zip(answers, questions))

    def close(self) -> None:
        self._engine.close()


def run(out: Path, which: str, flaws: Sequence[str], methods: Sequence[str] | None, half: str, until: float) -> bool:
    """Whether everything is done."""
    plates = [json.loads(line) for line in open(out / "plates" / "plates.jsonl", encoding="utf-8")]
    path = out / FILES[which]
    done = {tuple(json.loads(line)["key"]) for line in open(path)} if path.exists() else set()
    reader = {"second": Second, "model": Model}[which]()
    try:
        with open(path, "a") as file:
            for number, plate in enumerate(plates):
                if half and number % 2 != (half == "odd"):
                    continue
                clean = np.ascontiguousarray(Image.open(out / "plates" / plate["image"]).convert("RGB"))
                for flaw in flaws:
                    harm, levels = LEVELS[flaw]
                    for level in levels:
                        rng = np.random.default_rng(zlib.crc32(f"{number} {flaw} {level}".encode()))
                        harmed = harm(clean, level, rng)
                        for method in ("none", "auto", *AGAINST[flaw]) if methods is None else methods:
                            key = (number, flaw, level, method)
                            if key in done:
                                continue
                            if time.monotonic() > until:
                                return False
                            better = np.ascontiguousarray(METHODS[method](harmed))
                            right = reader.right(better, plate["questions"])
                            print(json.dumps({"key": key, "right": right, "of": len(plate["questions"])}), file=file, flush=True)
        return True
    finally:
        reader.close()


def shares(out: Path, which: str, half: str, hand: str = "") -> dict[tuple[str, float], dict[str, tuple[int, int]]]:
    """Of one reader: by flaw and level, then by method, (right, asked)."""
    hands = [json.loads(line)["hand"] for line in open(out / "plates" / "plates.jsonl", encoding="utf-8")]
    sums: dict = defaultdict(lambda: defaultdict(lambda: (0, 0)))
    for entry in map(json.loads, open(out / FILES[which])):
        number, flaw, level, method = entry["key"]
        if (not half or number % 2 == (half == "odd")) and hand in ("", hands[number]):
            right, of = sums[flaw, level][method]
            sums[flaw, level][method] = right + entry["right"], of + entry["of"]
    return sums


def share(right: int, of: int) -> str:
    p = right / of
    return f"{p:.0%} of {of}, ±{SPREAD * (p * (1 - p) / of) ** 0.5:.0%}"


def table(out: Path, half: str) -> None:
    for which, name in FILES.items():
        if not (out / name).exists():
            continue
        for hand in HANDS:
            found = shares(out, which, half, hand)
            used = [method for method in METHODS if any(method in by for by in found.values())]
            if used:
                print(f"\n{which}, {hand}\n\n| flaw | level | " + " | ".join(used) + " |\n|" + "---|" * (len(used) + 2))
            for (flaw, level), by in found.items():
                print(f"| {flaw} | {level:g} | " + " | ".join(share(*by[m]) if m in by else "" for m in used) + " |")


def plot(path: Path, out: Path, half: str) -> None:
    from matplotlib.figure import Figure

    flaws = [flaw for flaw in LEVELS if flaw != "none"]
    figure = Figure(figsize=(11, 5), layout="constrained")
    rows = figure.subplots(len(FILES), len(flaws), sharey=True)
    for axes_of, which in zip(rows, FILES):
        found = shares(out, which, half)
        for axes, flaw in zip(axes_of, flaws):
            levels = LEVELS[flaw][1]
            for method, colour in (("none", "#b5482f"), ("auto", "#2a7f62")):
                pairs = [by[method] for key in [("none", 0.0), *((flaw, level) for level in levels)] if method in (by := found[key])]
                p = np.array([right / of for right, of in pairs])
                spread = SPREAD * np.sqrt(p * (1 - p) / [of for _, of in pairs])
                label = {"none": "as it is", "auto": "enhance: auto"}[method]
                axes.errorbar(range(len(p)), p, spread, fmt="o-", color=colour, label=label, markersize=4, capsize=2, linewidth=1)
            axes.set_xticks(range(len(levels) + 1), ["clean", *(f"{level:g}" for level in levels)], fontsize=7)
            axes.set_ylim(-0.03, 1.03)
            axes.grid(alpha=0.3)
            if which == "second":
                axes.set_title(flaw, fontsize=9)
        axes_of[0].set_ylabel({"second": "second reader", "model": "glm4v-nano"}[which] + "\nshare right", fontsize=8)
    rows[0][0].legend(fontsize=7, loc="lower left")
    figure.savefig(path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--pictures", type=int, default=24, help="of each hand (default: %(default)s)")
    parser.add_argument("--questions", type=Path, help="make_print.py's file: its clean nameplates are harmed as well")
    parser.add_argument("--reader", choices=FILES, default="second")
    parser.add_argument("--methods", nargs="*", choices=METHODS, help="default: those that may help against each flaw")
    parser.add_argument("--flaws", nargs="*", choices=LEVELS, default=tuple(LEVELS))
    parser.add_argument("--half", choices=("even", "odd"), default="")
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--table", action="store_true")
    args = parser.parse_args()
    if args.table:
        table(args.out, args.half)
        try:
            plot(args.out / "enhance.svg", args.out, args.half)
        except ImportError:
            print("no plot: Matplotlib is not installed (pip install -r benchmarks/requirements.txt)", file=sys.stderr)
        return 0
    if not (args.out / "plates").exists():
        draw(args.out / "plates", args.pictures, args.questions)
    done = run(args.out, args.reader, args.flaws, args.methods, args.half, time.monotonic() + args.seconds)
    print("done" if done else "out of time; the same command goes on")
    return 0 if done else 3


if __name__ == "__main__":
    raise SystemExit(main())

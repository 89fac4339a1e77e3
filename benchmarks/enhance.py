#!/usr/bin/env python3
"""How much of blurred, dark, noisy and small print two readers read, with and without enhancement.

python3 benchmarks/enhance.py OUT [--pictures 24] [--reader second|model] [--methods NAME...] [--half even|odd] [--seconds S]
python3 benchmarks/enhance.py OUT --table              what OUT/SECOND.jsonl and OUT/MODEL.jsonl say, as Markdown; and OUT/enhance.svg

Plates that Chromium draws, harmed by benchmarks/enhancing/flaws.py. The second reader is right where it reads a value whole at its
label; the model (glm4v-nano) where its answer is the value byte for byte. Methods were chosen on the pictures with even numbers
and counted on the odd ones. A run that was stopped, or is out of --seconds, goes on where it was.
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
from pathlib import Path

import numpy as np
from enhancing.flaws import LEVELS
from enhancing.methods import AGAINST, METHODS
from PIL import Image
from rendering.browser import browser
from rendering.plate import Plate

EM = 26  # px of the print
FILES = {"second": "second.jsonl", "model": "model.jsonl"}


def draw(out: Path, count: int) -> None:
    """OUT/plates/NUMBER.png with their questions and values in plates.jsonl."""
    out.mkdir(parents=True)
    with browser() as drawer, open(out / "plates.jsonl", "w", encoding="utf-8") as file:
        for number in range(count):
            chance = random.Random(f"plate {number}")
            plate = Plate.drawn(chance, least=4, most=6)
            wall = chance.choice(("#8a9094", "#d8d5cc", "#4c555b", "#e9ebec"))
            body = f"<div style='background:{wall};width:760px;height:520px;display:grid;place-items:center'>{plate.html(EM)}</div>"
            picture, [(x, y, width, height)], _ = drawer.draw(body, 760, 520, ["plate"], [])
            Image.fromarray(picture[max(0, y - 30) : y + height + 30, max(0, x - 30) : x + width + 30]).save(out / f"{number:03}.png")
            questions = [(plate.question(chance, row), row.value) for row in plate.rows]
            print(json.dumps({"image": f"{number:03}.png", "questions": questions}, ensure_ascii=False), file=file)


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


def run(out: Path, which: str, methods: list[str] | None, half: str, until: float) -> bool:
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
                for flaw, (harm, levels) in LEVELS.items():
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


def shares(path: Path, half: str) -> dict[tuple[str, float], dict[str, float]]:
    """Of one reader: by flaw and level, then by method, 0 to 1."""
    sums: dict = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for line in open(path):
        entry = json.loads(line)
        number, flaw, level, method = entry["key"]
        if not half or number % 2 == (half == "odd"):
            sums[flaw, level][method][0] += entry["right"]
            sums[flaw, level][method][1] += entry["of"]
    return {key: {method: right / of for method, (right, of) in by.items()} for key, by in sums.items()}


def table(out: Path, half: str) -> None:
    for which, name in FILES.items():
        if not (out / name).exists():
            continue
        found = shares(out / name, half)
        used = [method for method in METHODS if any(method in by for by in found.values())]
        print(f"\n{which}\n\n| flaw | level | " + " | ".join(used) + " |\n|" + "---|" * (len(used) + 2))
        for (flaw, level), by in found.items():
            print(f"| {flaw} | {level:g} | " + " | ".join(f"{by[m]:.0%}" if m in by else "" for m in used) + " |")


def plot(path: Path, out: Path, half: str) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 5), layout="constrained")
    rows = figure.subplots(2, len(LEVELS) - 1, sharey=True)
    for axes_of, (which, name) in zip(rows, FILES.items()):
        found = shares(out / name, half)
        for axes, flaw in zip(axes_of, [flaw for flaw in LEVELS if flaw != "none"]):
            levels = LEVELS[flaw][1]
            for method, colour in (("none", "#b5482f"), ("auto", "#2a7f62")):
                values = [found["none", 0.0][method], *(found[flaw, level][method] for level in levels)]
                axes.plot(range(len(values)), values, "o-", color=colour, label={"none": "as it is", "auto": "enhance: auto"}[method])
            axes.set_xticks(range(len(levels) + 1), ["clean", *(f"{level:g}" for level in levels)], fontsize=7)
            axes.set_ylim(0, 1.02)
            axes.grid(alpha=0.3)
            if which == "second":
                axes.set_title(flaw, fontsize=9)
        axes_of[0].set_ylabel({"second": "second reader", "model": "glm4v-nano"}[which] + "\nshare right", fontsize=8)
    rows[0][0].legend(fontsize=7, loc="lower left")
    figure.savefig(path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--pictures", type=int, default=24)
    parser.add_argument("--reader", choices=FILES, default="second")
    parser.add_argument("--methods", nargs="*", choices=METHODS, help="default: those that may help against each flaw")
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
        draw(args.out / "plates", args.pictures)
    done = run(args.out, args.reader, args.methods, args.half, time.monotonic() + args.seconds)
    print("done" if done else "out of time; the same command goes on")
    return 0 if done else 3


if __name__ == "__main__":
    raise SystemExit(main())

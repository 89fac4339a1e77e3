#!/usr/bin/env python3
"""What the check by a second reader costs: first word and whole answer with and without it, in turns, each about a new picture.

  python3 benchmarks/second_reader.py --pairs 15          on a quiet machine

The way of a question is the node's, without ROS, with the embedded model. A picture is test/data/nameplate.png at --size with noise of
its own, so that it is encoded and read anew. ``first word`` is the time from the question to its first text.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from without_ros import Asked, Look, activation  # noqa: E402

from glm4v_ros.asking.activation import Activation  # noqa: E402
from glm4v_ros.asking.ask import ask  # noqa: E402
from glm4v_ros.asking.ports import Listener  # noqa: E402
from glm4v_ros.asking.ticket import Ticket  # noqa: E402
from glm4v_ros.catalog.catalog import Catalog  # noqa: E402
from glm4v_ros.engine.client import EngineClient  # noqa: E402
from glm4v_ros.engine.config import EngineConfig  # noqa: E402
from glm4v_ros.reader.client import SecondReader  # noqa: E402
from glm4v_ros.reader.config import ReaderConfig  # noqa: E402
from glm4v_ros.vision.decoder import read_picture  # noqa: E402

QUESTIONS = {"print": "型号是什么?", "no print": "How many screws are there?"}


class Watch(Listener):
    """Notes when the first word comes."""

    first = 0.0

    def hear(self, delta):
        if delta.text and not self.first:
            self.first = time.monotonic()


def measure(made: Activation, rgb: np.ndarray, question: str, verify: str) -> dict:
    watch, begun = Watch(), time.monotonic()
    reply = ask(Asked(question, (Look(rgb),), verify=verify), Ticket(), made, [watch])
    if reply.error:
        raise reply.error
    whole = time.monotonic() - begun
    return {"verify": verify, "first": watch.first - begun, "whole": whole, "delay": reply.checked.delay,
            "verdict": reply.checked.verification.verdict.name, "answer": reply.says}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--size", default="1120x840", help="of a picture, in pixels (default: %(default)s)")
    parser.add_argument("--reader-threads", type=int, default=1)
    parser.add_argument("--max-image-tokens", type=int, default=0)
    parser.add_argument("--model", default="glm4v-nano")
    args = parser.parse_args()
    size = tuple(map(int, args.size.split("x")))
    plate = cv2.resize(read_picture(ROOT / "test" / "data" / "nameplate.png"), size, interpolation=cv2.INTER_CUBIC).astype(np.int16)
    rng = np.random.default_rng(0)

    def fresh() -> np.ndarray:
        return (plate + rng.integers(-3, 4, plate.shape, np.int16)).clip(0, 255).astype(np.uint8)

    model = Catalog.load().model(args.model)
    found: dict[str, dict] = {}
    with EngineClient(EngineConfig(model)) as client, SecondReader(ReaderConfig(threads=args.reader_threads)) as reader:
        client.start()
        with activation(model, client, reader) as made:
            for verify in ("off", "auto"):  # what is loaded once is
                measure(made, fresh(), QUESTIONS["print"], verify)
            for name, question in QUESTIONS.items():
                runs: dict[str, list[dict]] = {"off": [], "auto": []}
                for pair in range(args.pairs):
                    for verify in ("off", "auto") if pair % 2 else ("auto", "off"):
                        runs[verify].append(measure(made, fresh(), question, verify))
                found[name] = _figures(runs)
    print(json.dumps(found, indent=1, ensure_ascii=False))
    return 0


def _figures(runs: dict[str, list[dict]]) -> dict:
    def median(verify: str, figure: str) -> float:
        return round(statistics.median(run[figure] for run in runs[verify]), 4)

    first = [median(verify, "first") for verify in ("off", "auto")]
    whole = [median(verify, "whole") for verify in ("off", "auto")]
    return {
        "first word s, off and auto": first, "ratio": round(first[1] / first[0], 4),
        "ratio of pairs, median": round(statistics.median(b["first"] / a["first"] for a, b in zip(runs["off"], runs["auto"], strict=True)), 4),
        "whole s, off and auto": whole, "added s": round(whole[1] - whole[0], 4),
        "delay s, median and most": [median("auto", "delay"), round(max(run["delay"] for run in runs["auto"]), 4)],
        "verdicts": sorted({run["verdict"] for run in runs["auto"]}), "answers": sorted({run["answer"] for run in [*runs["off"], *runs["auto"]]}),
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""The worker's memory over many questions of every kind, of four askers with changing frames.

    scripts/in_venv python benchmarks/worker_memory.py [--questions 2000] [--seconds 600]

A line for every 200 questions, then one with a JSON object. The exit status is 1 when a question failed, a worker was
replaced, or the memory after the last question is over 1.05 of that after the first fifth. Runs on the CPU.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import threading
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from glm4v_ros.catalog import catalog  # noqa: E402
from glm4v_ros.engine.client import EngineClient  # noqa: E402
from glm4v_ros.engine.config import EngineConfig  # noqa: E402
from glm4v_ros.engine.question import Question  # noqa: E402
from glm4v_ros.errors import VqaError  # noqa: E402
from glm4v_ros.machine.memory import resident_mib  # noqa: E402
from glm4v_ros.vision.frame import Frame  # noqa: E402

NANO = ROOT / "models" / "glm4v-nano"
ASKERS = 4
TOLD_EVERY = 200  # questions
MOST_GROWTH = 1.05  # of the memory after the first fifth of the questions
PATIENCE = 120.0  # seconds
KINDS = (  # every tenth question is of each of these, the others are plain
    dict(needs_picture=False), dict(logprobs=5), dict(choices=("yes", "no")), dict(session_id="asker"),
    dict(json_schema='{"type":"boolean"}'),
)  # fmt: skip


class Run:
    def __init__(self, questions: int, seconds: float):
        self._numbers = iter(range(1, questions + 1))
        self._wanted = questions
        self._end = time.monotonic() + seconds
        self._lock = threading.Lock()
        self.memory: dict[int, float] = {}  # MiB, by the number of questions
        self.failed: list[str] = []
        self.asked = 0

    def run(self) -> dict:
        model = catalog.model_of(NANO / "glm4v-nano-text-q4_k_m.gguf", NANO / "glm4v-nano-vision-q8_0.gguf")
        config = EngineConfig(model, gpu_layers=0, threads=1, context_tokens=2048, max_parallel=ASKERS, embedding_bytes=32 << 20)
        begun = time.monotonic()
        with EngineClient(config) as engine:
            engine.start()
            askers = [threading.Thread(target=self._ask, args=(engine, number)) for number in range(ASKERS)]
            for asker in askers:
                asker.start()
            for asker in askers:
                asker.join()
            self._look(engine)
            restarts = engine.status.worker_restarts
        return {"questions": self.asked, "wanted": self._wanted, "memory_mib": self.memory, "failed": self.failed[:5],
                "failures": len(self.failed), "restarts": restarts, "seconds": round(time.monotonic() - begun)}  # fmt: skip

    def _ask(self, engine: EngineClient, asker: int) -> None:
        for count in itertools.count():
            with self._lock:
                number = next(self._numbers, None)
                if number is None or time.monotonic() > self._end:
                    return
                self.asked += 1
                if self.asked % TOLD_EVERY == 0:
                    self._look(engine)
            kind = dict(KINDS[number % 10]) if number % 10 < len(KINDS) else {}
            if "session_id" in kind:
                kind["session_id"] += str(asker)
            frames = [noise(10_000 * asker + count // 3)] if kind.get("needs_picture", True) else []
            try:
                engine.ask(Question(f"what is {number}?", f"memory-{number}", max_tokens=8, **kind), frames).result(PATIENCE)
            except (VqaError, TimeoutError) as error:
                self.failed.append(f"{number}: {error}")

    def _look(self, engine: EngineClient) -> None:
        self.memory[self.asked] = round(resident_mib(engine.status.worker_pid), 1)
        print(self.asked, self.memory[self.asked], "MiB", flush=True)


def noise(seed: int) -> Frame:
    return Frame(np.random.default_rng(seed).integers(0, 256, (168, 224, 3), dtype=np.uint8))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=2000, metavar="N")
    parser.add_argument("--seconds", type=float, default=float("inf"), metavar="S", help="after which no more are asked")
    args = parser.parse_args()
    result = Run(args.questions, args.seconds).run()
    print(json.dumps(result))
    settled = next((mib for asked, mib in result["memory_mib"].items() if asked >= result["questions"] / 5), 0.0)
    grown = list(result["memory_mib"].values())[-1] > MOST_GROWTH * settled
    return 1 if grown or result["failures"] or result["restarts"] else 0


if __name__ == "__main__":
    sys.exit(main())

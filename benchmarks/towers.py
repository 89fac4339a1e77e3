#!/usr/bin/env python3
"""The vision towers beside each other: mtmd's, and our own graph with the weights of its blocks as they are or widened.

    PYTHONPATH=BUILD/python python benchmarks/towers.py --text FILE --vision FILE [--size 1120x840] [--gpu-layers 0]

Each encodes the same pictures, alone. A line for each; the last line is a JSON object with the medians in milliseconds, each
tower's difference from mtmd's (rms, in standard deviations: what rounding explains is a few hundredths) and what ours takes for
its buffers.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

import llama_cpp  # noqa: E402

from glm4v_ros.errors import VqaError  # noqa: E402
from glm4v_ros.llama.llama_log import LlamaLog  # noqa: E402
from glm4v_ros.vision.frame import Frame  # noqa: E402
from glm4v_ros.vision.glm4v_tower import Glm4vTower  # noqa: E402
from glm4v_ros.vision.mtmd_tower import MtmdTower  # noqa: E402

NANO = ROOT / "models" / "glm4v-nano"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", type=Path, default=NANO / "glm4v-nano-text-q4_k_m.gguf", metavar="FILE")
    parser.add_argument("--vision", type=Path, default=NANO / "glm4v-nano-vision-q8_0.gguf", metavar="FILE")
    parser.add_argument("--size", default="448x336", metavar="WxH")
    parser.add_argument("--gpu-layers", type=int, default=-1, metavar="N", help="0: the CPU")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="0: every core")
    parser.add_argument("--repeats", type=int, default=8, metavar="N")
    args = parser.parse_args()
    log = LlamaLog()
    params = llama_cpp.llama_model_default_params()
    params.n_gpu_layers = 0
    language_model = llama_cpp.llama_model_load_from_file(os.fsencode(args.text), params)
    width, height = map(int, args.size.split("x"))
    random = np.random.default_rng(1)
    frames = [Frame(random.integers(0, 256, (height, width, 3), dtype=np.uint8)) for _ in range(3)]
    times: dict[str, float] = {}
    differences: dict[str, float] = {}
    buffers: dict[str, float] = {}
    exact = None
    common = dict(gpu=args.gpu_layers != 0, threads=args.threads or len(os.sched_getaffinity(0)), half=True)
    towers = {
        "mtmd": MtmdTower(args.vision, language_model, mrope=True, take_error=log.take_error, **common),
        "ours": Glm4vTower(args.vision, language_model, widen=False, **common),
        "ours, widened": Glm4vTower(args.vision, language_model, **common),
    }
    for name, tower in towers.items():
        try:
            tower.load()
            made = [tower.encode(frame).runs[1].embeddings.astype(np.float32) for frame in frames]  # and warm
            taken = []
            for repeat in range(args.repeats):
                begun = time.perf_counter()
                tower.encode(frames[repeat % len(frames)])
                taken.append(1000 * (time.perf_counter() - begun))
            if isinstance(tower, Glm4vTower):
                buffers[name] = round(tower.compute_bytes / 2**20, 1)
        except VqaError as error:
            print(f"{name}: {error}", flush=True)
            continue
        finally:
            tower.free()
        exact = exact or made
        times[name] = round(statistics.median(taken), 2)
        differences[name] = round(float(np.sqrt(np.mean((np.stack(made) - np.stack(exact)) ** 2)) / np.std(exact)), 5)
        print(f"{name}: {times[name]} ms, {differences[name]} off mtmd's; {[round(one, 1) for one in taken]}", flush=True)
    print(json.dumps({"ms": times, "difference": differences, "buffers_mib": buffers}))


if __name__ == "__main__":
    main()

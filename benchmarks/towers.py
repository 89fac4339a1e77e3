#!/usr/bin/env python3
"""The vision towers beside each other: mtmd's, and our own graph with the weights of its blocks as they are or widened.

    PYTHONPATH=BUILD/python python benchmarks/towers.py --text FILE --vision FILE [--size 1120x840] [--gpu-layers 0]

Each encodes the same pictures, alone. A line for each; the last line is a JSON object with the medians in milliseconds, each
tower's difference from mtmd's (rms, in standard deviations), and as "best" the name of the fastest of ours whose difference is
what rounding explains, where it beats mtmd's by a tenth. GLM4V_TOWER takes such a name.
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
from glm4v_ros.vision.towers import make_tower  # noqa: E402

NANO = ROOT / "models" / "glm4v-nano"
OURS = ("own", "own-f32", "own-f16")
ROUNDING = 0.2  # standard deviations between two towers with weights of eight bits
GAIN = 0.9  # of mtmd's time


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
    for name in ("", *OURS):
        os.environ["GLM4V_TOWER"] = name
        tower = make_tower(
            args.vision, language_model, mrope=True, threads=args.threads or len(os.sched_getaffinity(0)),
            gpu=args.gpu_layers != 0, flash_attention=True, max_tokens=0, half=True, take_error=log.take_error,
            progress=lambda: None,
        )  # fmt: skip
        shown = name or "mtmd"
        try:
            tower.load()
            made = [tower.encode(frame).runs[1].embeddings.astype(np.float32) for frame in frames]  # and warm
            taken = []
            for repeat in range(args.repeats):
                begun = time.perf_counter()
                tower.encode(frames[repeat % len(frames)])
                taken.append(1000 * (time.perf_counter() - begun))
            if name:
                buffers[name] = round(tower.compute_bytes / 2**20, 1)
        except VqaError as error:
            print(f"{shown}: {error}", flush=True)
            continue
        finally:
            tower.free()
        exact = exact or made
        times[shown] = round(statistics.median(taken), 2)
        differences[shown] = round(float(np.sqrt(np.mean((np.stack(made) - np.stack(exact)) ** 2)) / np.std(exact)), 5)
        print(f"{shown}: {times[shown]} ms, {differences[shown]} off mtmd's; {[round(one, 1) for one in taken]}", flush=True)
    near = [name for name in OURS if differences.get(name, 1.0) < ROUNDING and times[name] < GAIN * times["mtmd"]]
    print(json.dumps({"ms": times, "difference": differences, "buffers_mib": buffers, "best": min(near, key=times.get, default="")}))


if __name__ == "__main__":
    main()

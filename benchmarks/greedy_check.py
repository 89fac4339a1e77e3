#!/usr/bin/env python3
"""Checks the sampler inside llama.cpp's graph (llama/greedy_sampler.py) against the logits on the host.

    PYTHONPATH=BUILD/python python benchmarks/greedy_check.py [--text FILE] [--decodes N]

The same batches are decoded twice from the same empty cells, once for sequences that are sampled in the graph and once for
sequences whose logits come to the host: the token must be their largest one and its probability their softmax. The last
line is a JSON object; the exit status is 1 when a token was another.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from glm4v_ros.catalog.model import Model  # noqa: E402
from glm4v_ros.engine.config import EngineConfig  # noqa: E402
from glm4v_ros.llama.language_model import LanguageModel  # noqa: E402
from glm4v_ros.llama.llama_log import LlamaLog  # noqa: E402
from glm4v_ros.llama.token_sampler import probability  # noqa: E402

TEXT = ROOT / "models" / "glm4v-nano" / "glm4v-nano-text-q4_k_m.gguf"
SEQUENCES = 8
TIMED = 64  # tokens of one sequence


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", type=Path, default=TEXT, metavar="FILE")
    parser.add_argument("--decodes", type=int, default=60, metavar="N")
    parser.add_argument("--gpu-layers", type=int, default=-1, metavar="N")
    args = parser.parse_args()
    config = EngineConfig(Model("checked", args.text, args.text), gpu_layers=args.gpu_layers, max_parallel=SEQUENCES)
    model = LanguageModel(config, LlamaLog(), lambda fraction: True)
    if not model.greedy_sequences:
        print(json.dumps({"device": model.device, "compared": 0}))  # a CPU samples on the host
        return 0
    found = {"device": model.device, **check(model, args.decodes), **speed(model)}
    model.free()
    print(json.dumps(found))
    return int(found["wrong"] > 0)


def check(model: LanguageModel, decodes: int) -> dict:
    """Prompts of 1 to 40 random tokens; 1 to 8 sequences in a decode."""
    random = np.random.default_rng(0)
    compared = wrong = ties = 0
    worst = 0.0
    for number in range(decodes):
        prompts = [random.integers(300, model.vocabulary, random.integers(1, 41)) for _ in range(1 + number % SEQUENCES)]
        on_device = [model.likeliest(index) for index in decode(model, prompts, model.greedy_sequences.start)]
        for index, (token, likelihood) in zip(decode(model, prompts, model.greedy_sequences.stop), on_device):
            logits = model.logits(index)
            compared += 1
            wrong += bool(logits[token] < logits.max())
            ties += bool(token != logits.argmax() and logits[token] == logits.max())
            worst = max(worst, abs(likelihood / probability(logits, token) - 1))
    return {"compared": compared, "wrong": wrong, "ties": ties, "probability_error": worst}


def decode(model: LanguageModel, prompts: list[np.ndarray], first: int) -> list[int]:
    """From empty cells; the batch entries behind which each prompt goes on."""
    model.clear()
    batch = model.new_batch()
    ends = [batch.add_tokens(prompt, 0, first + i, 1) + len(prompt) - 1 for i, prompt in enumerate(prompts)]
    model.decode(batch)
    return ends


def speed(model: LanguageModel) -> dict:
    """Milliseconds a token of one answer, sampled in the graph and on the host."""
    found = {}
    for name, seq_id in (("graph", model.greedy_sequences.start), ("host", model.greedy_sequences.stop)):
        model.clear()
        batch, token, begun = model.new_batch(), 300, 0.0
        for position in range(2 * TIMED):
            if position == TIMED:  # what comes before pays for what is made only once
                begun = time.monotonic()
            batch.clear()
            batch.add_tokens([token], position, seq_id, 1)
            model.decode(batch)
            if name == "graph":
                token, _ = model.likeliest(0)
            else:
                logits = model.logits(0)
                token = int(logits.argmax())
                probability(logits, token)
        found[f"{name}_ms_per_token"] = 1000 * (time.monotonic() - begun) / TIMED
    return found


if __name__ == "__main__":
    sys.exit(main())

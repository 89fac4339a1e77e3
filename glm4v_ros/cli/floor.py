"""The least time that this machine could take: what a model must read and compute, over what the machine was measured to do.

Run as ``python -m glm4v_ros.cli.floor GPU THREADS`` it measures, in a process of its own, since it loads llama.cpp.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from glm4v_ros.catalog.gguf import Gguf
from glm4v_ros.errors import EngineFailed

_ROWS, _COLUMNS = 4096, 4096  # of the matrices that are multiplied, F16
_BATCH = 512
_MATRICES = 16  # 512 MiB together, more than any cache holds
_LEAST_SECONDS = 0.3


@dataclass(frozen=True)
class Machine:
    """What llama.cpp's own matrix products reach here."""

    bytes_per_s: float  # weights read, one token at a time
    flop_per_s: float  # with 512 tokens at a time

    @classmethod
    def measured(cls, gpu: bool, threads: int) -> Machine:
        """Raises EngineFailed."""
        root = str(Path(__file__).parents[2])
        path = os.pathsep.join(dict.fromkeys([root, *filter(None, sys.path)]))
        done = subprocess.run(
            [sys.executable, "-m", __name__, str(int(gpu)), str(threads)], capture_output=True, text=True, cwd="/",
            env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip
        if done.returncode:
            raise EngineFailed(f"the machine could not be measured: {done.stderr.strip()[-300:]}")
        return cls(**json.loads(done.stdout))


@dataclass(frozen=True)
class Floor:
    """Of one model on one machine."""

    text: Gguf
    vision: Gguf
    machine: Machine

    def shares(self, results: dict) -> dict[str, float]:
        """How much of the time of what Benchmark measured could not have been saved, 0 to 1; a prompt of words is left out."""
        tokens = results["image_tokens"]
        least = self.new_frame_ms(tokens, tokens)
        return {
            "new_frame": round(least / results["new_frame_ttft_ms"], 3),
            "decode": round(results["decode_tokens_per_s"] / self.decode_tokens_per_s(tokens), 3),
        }

    def decode_tokens_per_s(self, cells: int) -> float:
        """Every weight but the unused embeddings is read for each token, and the keys and values of ``cells``."""
        from glm4v_ros.llama.kv_types import kv_bytes

        return self.machine.bytes_per_s / (self._read_bytes + kv_bytes(self.text, cells, "f16"))

    def new_frame_ms(self, image_tokens: int, prompt_tokens: int) -> float:
        """Encode and prefill."""
        vision = self.vision.metadata.get
        patches = 4 * image_tokens
        attention = 4 * patches**2 * vision("clip.vision.embedding_length", 0) * vision("clip.vision.block_count", 0)
        merger = sum(t.elements for name, t in self.vision.tensors.items() if name.startswith("mm.") and len(t.shape) > 1)
        blocks = sum(t.elements for name, t in self.vision.tensors.items() if name.startswith("v.") and len(t.shape) > 1)
        tower = 2 * (blocks * patches + merger * image_tokens) + attention
        text = 2 * self._products * prompt_tokens
        text += 2 * prompt_tokens**2 * self.text.own("embedding_length") * self.text.own("block_count")  # causal
        return 1000 * (tower + text) / self.machine.flop_per_s

    @property
    def _weights(self):
        return [t for part in self.text.parts for name, t in Gguf.read(part).tensors.items()
                if len(t.shape) > 1 and (name != "token_embd.weight" or "output.weight" not in self.text.tensors)]  # fmt: skip

    @property
    def _read_bytes(self) -> int:
        return sum(tensor.bytes for tensor in self._weights)

    @property
    def _products(self) -> int:
        return sum(tensor.elements for tensor in self._weights)


def _main(gpu: bool, threads: int) -> None:
    """Multiplies matrices with one vector and with many, and writes how fast."""
    from glm4v_ros.vision import ggml

    devices = ggml.devices(ggml.GPU_DEVICE, ggml.INTEGRATED_GPU_DEVICE) if gpu else []
    cpu = ggml.init_device(ggml.devices(ggml.CPU_DEVICE)[0], None)
    ggml.set_threads(cpu, threads)
    backends = [*(ggml.init_device(device, None) for device in devices[:1]), cpu]
    context = ggml.new_context(1 << 20)
    matrices = [ggml.new_tensor_like(context, ggml.F16, (_COLUMNS, _ROWS)) for _ in range(_MATRICES)]
    inputs = {count: ggml.new_tensor_like(context, ggml.F32, (_COLUMNS, count)) for count in (1, _BATCH)}
    buffer = ggml.allocate(context, backends[0])
    ggml.set_usage(buffer, ggml.USAGE_WEIGHTS)
    half = np.full((_ROWS, _COLUMNS), 0.01, np.float16)
    for matrix in matrices:
        ggml.write_tensor(matrix, half.ctypes.data, 0, half.nbytes)
    for tensor in inputs.values():
        ones = np.full(ggml.nbytes(tensor) // 4, 0.01, np.float32)
        ggml.write_tensor(tensor, ones.ctypes.data, 0, ones.nbytes)
    seconds = {count: _seconds(ggml, backends, matrices, tensor) for count, tensor in inputs.items()}
    print(json.dumps({
        "bytes_per_s": _MATRICES * half.nbytes / seconds[1],
        "flop_per_s": 2.0 * _MATRICES * _ROWS * _COLUMNS * _BATCH / seconds[_BATCH],
    }))  # fmt: skip


def _seconds(ggml, backends: list[int], matrices: list[int], vector: int) -> float:
    """The best of several times that all matrices are multiplied."""
    context = ggml.new_context(ggml.tensor_overhead() * 64 + ggml.graph_overhead(64, False))
    graph = ggml.new_graph(context, 64, False)
    for matrix in matrices:
        ggml.build_forward(graph, ggml.mul_mat(context, matrix, vector))
    handles = (ctypes.c_void_p * len(backends))(*backends)
    scheduler = ggml.new_scheduler(handles, None, len(backends), 64, False, True)
    if not ggml.allocate_graph(scheduler, graph):
        sys.exit("no memory for the products")
    best, begun = float("inf"), time.monotonic()
    while time.monotonic() - begun < _LEAST_SECONDS or best == float("inf"):
        started = time.perf_counter()
        if ggml.compute(scheduler, graph) != ggml.SUCCESS:
            sys.exit("ggml could not multiply")
        best = min(best, time.perf_counter() - started)
    return best


if __name__ == "__main__":
    _main(sys.argv[1] == "1", int(sys.argv[2]))

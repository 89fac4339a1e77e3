"""GLM-4v-9b in its full shape on a GPU: conversion, the tower against PyTorch, speed and memory.

    python benchmarks/glm4v9b_gpu.py WORK_DIR [--llama-bench PATH] [--tiny]

The weights are random, so nothing is said about answers; shapes, types and arithmetic are the real ones. One half of
the checkpoint lies on the disk at a time: 45 GB are enough. Every step writes what it found to WORK_DIR/results.json
and is left out when it is there already, so a run that was broken off goes on. At the end a table is printed with the
bars of the project beside the figures. ``--tiny`` rehearses all of it on a CPU with a model of a few megabytes.

Needs torch, gguf and a llama-cpp-python that was built for the GPU.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "test")]

from golden import glm4v9b_checkpoint as checkpoint  # noqa: E402
from memory import Memory  # noqa: E402

from glm4v_ros.catalog.model import Model  # noqa: E402
from glm4v_ros.catalog.quantise import quantise  # noqa: E402
from glm4v_ros.engine.frame import Frame  # noqa: E402

FULL = checkpoint.Shape(
    width=4096, layers=40, heads=32, kv_heads=2, feed_forward=13696, vocabulary=151552, vision_width=1792,
    vision_layers=63, vision_heads=16, vision_feed_forward=15360, image=1120, dtype="BF16",
)  # fmt: skip
TINY = replace(checkpoint.VARIANTS["plain"], dtype="BF16")
VISION_TYPES = ("BF16", "Q8_0", "Q4_K_M")
QUESTION = "What does the gauge say? Answer in one sentence."
DECODED = 128


class Bench:
    def __init__(self, args: argparse.Namespace):
        self.directory = args.work_dir
        self.directory.mkdir(parents=True, exist_ok=True)
        self.tiny, self.llama_bench = args.tiny, args.llama_bench
        self.shape = TINY if args.tiny else FULL
        self.checkpoint, self.out = self.directory / "checkpoint", self.directory / "gguf"
        self.results_path = self.directory / "results.json"
        self.results: dict[str, Any] = {}
        if self.results_path.is_file():
            self.results = json.loads(self.results_path.read_text())
        self.gpu = not args.tiny

    def step(self, name: str, work: Callable[[], dict[str, Any]]) -> None:
        if name in self.results:
            return
        print(f"[{time.strftime('%H:%M:%S')}] {name}", flush=True)
        start = time.monotonic()
        found = work()
        self.results[name] = {**found, "step_s": round(time.monotonic() - start, 1)}
        self.results_path.write_text(json.dumps(self.results, indent=1))
        print(json.dumps(self.results[name]), flush=True)

    def run(self) -> None:
        self.step("machine", self.machine)
        self.step("generate text", lambda: self.generate("text"))
        self.step("convert text", lambda: self.convert("text", "Q4_K_M"))
        self.forget("text")
        self.step("llama-bench", self.bench_llama)
        self.step("generate vision", lambda: self.generate("vision"))
        self.step("reference", self.reference)
        self.step("convert vision", lambda: self.convert("vision", "BF16"))
        self.forget("vision")
        for kind in VISION_TYPES[1:]:
            self.step(f"quantise vision {kind}", lambda kind=kind: self.quantise_vision(kind))
        for kind in VISION_TYPES:
            self.step(f"tower {kind}", lambda kind=kind: self.in_child("tower", kind))
        for kind in VISION_TYPES[1:]:
            for resident in (True, False):
                name = f"engine {kind} {'resident' if resident else 'not resident'}"
                self.step(name, lambda kind=kind, resident=resident: self.engine(kind, resident))
        self.step("estimate", self.estimate)

    def machine(self) -> dict[str, Any]:
        gpu = ""
        if shutil.which("nvidia-smi"):
            query = ["nvidia-smi", "-i", "0", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
            gpu = subprocess.run(query, capture_output=True, text=True).stdout.strip()
        script = (
            "import llama_cpp; from glm4v_ros.vision import ggml;"
            "print(llama_cpp.__version__, ggml.version(), llama_cpp.llama_supports_gpu_offload(),"
            " [ggml.device_name(d) for d in ggml.devices(0, 1, 2)])"
        )
        return {
            "gpu": gpu,
            "llama": self.python("-c", script).strip(),
            "cores": os.cpu_count(),
            "shape": "tiny" if self.tiny else "full",
            "disk_free_gb": shutil.disk_usage(self.directory).free / 1e9,
        }

    def generate(self, half: str) -> dict[str, Any]:
        """Shards of about 2 GB, the way the published checkpoint is cut."""
        import torch

        torch.manual_seed(1 if half == "text" else 2)
        checkpoint.write(self.checkpoint, self.shape, parts=0, only=half)
        (self.checkpoint / "model.safetensors.index.json").unlink()
        names = [name for name in checkpoint.shapes(self.shape) if (".vision." in name) == (half == "vision")]
        shard: dict[str, torch.Tensor] = {}
        written = count = 0
        for name in [*names, None]:
            if name is None or sum(t.numel() * 2 for t in shard.values()) > 2e9:
                written += _write_bf16(self.checkpoint / f"{half}-{count:05}.safetensors", shard)
                shard, count = {}, count + 1
            if name is not None:
                shard[name] = _random(name, checkpoint.shapes(self.shape)[name], self.torch_device())
        return {"gb": written / 1e9, "shards": count}

    def forget(self, half: str) -> None:
        for path in self.checkpoint.glob(f"{half}-*.safetensors"):
            path.unlink()

    def convert(self, half: str, kind: str) -> dict[str, Any]:
        with Memory() as memory:
            start = time.monotonic()
            self.python("-m", "glm4v_ros.cli.main", "models", "convert", str(self.checkpoint), str(self.out),
                        "--only", half, f"--{half}", kind)  # fmt: skip
            seconds = time.monotonic() - start
        return {
            "seconds": seconds,
            "peak_ram_mib": memory.resident_mib,
            "file_gb": self.file(half, kind).stat().st_size / 1e9,
        }

    def quantise_vision(self, kind: str) -> dict[str, Any]:
        with Memory() as memory:
            start = time.monotonic()
            quantise(self.file("vision", "BF16"), self.file("vision", kind), kind, 0, lambda done, total: None)
            seconds = time.monotonic() - start
        return {
            "seconds": seconds,
            "peak_ram_mib": memory.resident_mib,
            "file_gb": self.file("vision", kind).stat().st_size / 1e9,
        }

    def reference(self) -> dict[str, Any]:
        """PyTorch's embeddings in float32 and bfloat16, and how far these two are apart."""
        import torch
        from golden.glm4v9b_reference import Reference

        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        found, seconds = {}, {}
        for dtype in (torch.bfloat16, torch.float32):
            weights = {}
            for path in sorted(self.checkpoint.glob("vision-*.safetensors")):
                for name, tensor in _read_bf16(path, self.torch_device()).items():
                    weights[name] = tensor.to(dtype)
            reference = Reference(self.shape, weights)
            with torch.no_grad():
                reference.vision(self.frame().rgb)
                if self.gpu:
                    torch.cuda.synchronize()
                start = time.monotonic()
                embeddings = reference.vision(self.frame().rgb).float().cpu().numpy()
                seconds[str(dtype)] = time.monotonic() - start
            found[str(dtype)] = embeddings
            np.save(self.directory / f"{str(dtype)[6:]}.npy", embeddings)
            del weights, reference
            if self.gpu:
                torch.cuda.empty_cache()
        exact = found["torch.float32"]
        return {"bf16_rms_error": _rms_error(found["torch.bfloat16"], exact), "seconds": seconds,
                "patch_spread": float(exact[1:-1].std(0).mean() / exact[1:-1].std())}  # fmt: skip

    def in_child(self, what: str, kind: str) -> dict[str, Any]:
        """In a process of its own, so that its memory on the device is gone afterwards."""
        with Memory() as memory:
            output = self.python(__file__, str(self.directory), f"--{what}", kind, *(["--tiny"] if self.tiny else []))
        return {**json.loads(output.splitlines()[-1]), "peak_device_mib": memory.gpu_mib}

    def tower(self, kind: str) -> dict[str, Any]:
        from glm4v_ros.vision.glm4v9b_tower import Glm4v9bTower

        found: dict[str, Any] = {}
        exact, half = np.load(self.directory / "float32.npy"), np.load(self.directory / "bfloat16.npy")
        for flash in (True, False) if kind == "BF16" else (True,):
            tower = Glm4v9bTower(self.file("vision", kind), gpu=self.gpu, flash_attention=flash)
            start = time.monotonic()
            tower.load()
            load_s = time.monotonic() - start
            times = []
            for _ in range(6):
                start = time.monotonic()
                (run,) = tower.encode(self.frame()).runs
                times.append(time.monotonic() - start)
            ticks: list[float] = []

            def should_stop() -> bool:
                ticks.append(time.monotonic())
                return len(ticks) == 5

            try:
                tower.encode(self.frame(), should_stop=should_stop)
            except Exception as error:
                assert type(error).__name__ == "EncodeStopped", error
            stopped_s = time.monotonic() - ticks[-1]
            found["flash" if flash else "exact attention"] = {
                "device": tower.device, "load_s": load_s, "first_encode_s": times[0], "encode_s": sorted(times[1:])[2],
                "stop_s": stopped_s, "weights_mib": tower.weight_bytes / 2**20,
                "buffers_mib": tower.compute_bytes / 2**20,
                "rms_error_to_f32": _rms_error(run.embeddings, exact),
                "rms_error_to_bf16": _rms_error(run.embeddings, half),
                "max_error_to_f32": float(np.abs(run.embeddings - exact)[1:-1].max() / np.abs(exact[1:-1]).max()),
            }  # fmt: skip
            tower.free()
        return found

    def engine(self, kind: str, resident: bool) -> dict[str, Any]:
        from glm4v_ros.engine.answer import Stage
        from glm4v_ros.engine.client import EngineClient
        from glm4v_ros.engine.question import Question

        found: dict[str, Any] = {}
        with Memory() as memory, EngineClient(self.config(kind, resident)) as engine:
            start = time.monotonic()
            engine.start()
            found["load_s"] = time.monotonic() - start
            found["loaded_mib"] = memory.now_mib
            ids = iter(range(1000))

            def ask(frame: Frame, tokens: int) -> tuple[Any, dict[str, float]]:
                stages: dict[str, float] = {}
                begun = time.monotonic()

                def on_delta(delta) -> None:
                    stages.setdefault(Stage(delta.stage).name, time.monotonic() - begun)

                question = Question(QUESTION, str(next(ids)), max_tokens=tokens, ignore_eos=True)
                return engine.ask(question, [frame], on_delta).result(600), stages

            ask(self.frame(0), 8)
            news, stages = zip(*(ask(self.frame(seed), DECODED + 1) for seed in (1, 2, 3)))
            again = [ask(self.frame(3), 8)[0] for _ in range(3)]
            time.sleep(1.0 if self.gpu else 0.0)
            found["between_frames_mib"] = memory.now_mib
        median = lambda values: sorted(values)[len(values) // 2]  # noqa: E731
        return {
            **found,
            "first_token_new_frame_s": median([answer.time_to_first_token for answer in news]),
            "first_token_same_frame_s": median([answer.time_to_first_token for answer in again]),
            "stages_s": stages[1],
            "decode_tokens_per_s": median([
                (answer.completion_tokens - 1) / (answer.latency - answer.time_to_first_token) for answer in news
            ]),
            "completion_tokens": news[0].completion_tokens, "image_tokens": news[0].image_tokens,
            "peak_device_mib": memory.gpu_mib, "peak_ram_mib": memory.resident_mib,
        }  # fmt: skip

    def bench_llama(self) -> dict[str, Any]:
        """The same file in llama.cpp's own benchmark; no figure where there is no such program."""
        if not self.llama_bench:
            return {"tg128": None, "pp1600": None}
        command = [
            self.llama_bench,
            "-m",
            str(self.file("text", "Q4_K_M")),
            "-fa",
            "1",
            "-n",
            "128",
            "-p",
            "1600",
            "-o",
            "json",
        ]
        rows = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        return {("tg128" if row["n_gen"] else "pp1600"): row["avg_ts"] for row in rows}

    def estimate(self) -> dict[str, Any]:
        from glm4v_ros.catalog.estimate import estimate

        found = estimate(self.config("Q8_0", True))
        return {"peak_mib": found.peak / 2**20, "between_frames_mib": found.between_frames / 2**20,
                "buffers_mib": found.text_buffers / 2**20,
                "devices": [vars(device) for device in found.devices]}  # fmt: skip

    def config(self, kind: str, resident: bool):
        from glm4v_ros.engine.config import EngineConfig

        model = Model("glm-4v-9b", self.file("text", "Q4_K_M"), self.file("vision", kind))
        return EngineConfig(model, vision_resident=resident, gpu_layers=-1 if self.gpu else 0, max_parallel=1,
                            speculation=False, watchdog_timeout=300.0)  # fmt: skip

    def file(self, half: str, kind: str) -> Path:
        return self.out / f"glm-4v-9b-{half}-{kind.lower()}.gguf"

    def frame(self, seed: int = 0) -> Frame:
        """A 1280x720 picture; each seed another one."""
        rgb = np.tile(checkpoint.picture(), (11, 9, 1))[:720, :1280]
        return Frame(np.ascontiguousarray(np.roll(rgb, 37 * seed, axis=1)))

    def torch_device(self) -> str:
        return "cuda" if self.gpu else "cpu"

    def python(self, *arguments: str) -> str:
        path = os.pathsep.join([str(ROOT), *filter(None, sys.path)])
        done = subprocess.run([sys.executable, *arguments], env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)  # fmt: skip
        if done.returncode:
            sys.exit(f"{' '.join(arguments)[:200]} failed:\n{done.stderr[-4000:]}")
        return done.stdout

    def table(self) -> str:
        found = self.results
        decode = found["llama-bench"]["tg128"]
        rows = [("figure", "measured", "bar")]
        for kind in VISION_TYPES:
            tower = found[f"tower {kind}"]["flash"]
            rows.append((f"image encode, {kind} [s]", f"{tower['encode_s']:.3f}", "< 1.0" if kind != "BF16" else ""))
            rows.append((f"tower error to PyTorch f32, {kind} [rms]", f"{tower['rms_error_to_f32']:.2e}", ""))
        rows.append(("PyTorch bf16 to its own f32 [rms]", f"{found['reference']['bf16_rms_error']:.2e}", ""))
        exact = found["tower BF16"]["exact attention"]
        rows.append(("tower error, BF16, attention in f32 [rms]", f"{exact['rms_error_to_f32']:.2e}", ""))
        for kind in VISION_TYPES[1:]:
            engine, freed = (found[f"engine {kind} {how}"] for how in ("resident", "not resident"))
            bar = f"> {0.95 * decode:.0f}" if decode else "(no llama-bench)"
            rows.append((f"decode, {kind} vision [tokens/s]", f"{engine['decode_tokens_per_s']:.1f}", bar))
            rows.append((f"first token, new frame, {kind} [s]", f"{engine['first_token_new_frame_s']:.3f}", ""))
            rows.append((f"first token, same frame, {kind} [s]", f"{engine['first_token_same_frame_s']:.3f}", ""))
            peak_bar = "< 10240" if kind == "Q4_K_M" else ""
            rows.append((f"peak device memory, {kind} [MiB]", f"{engine['peak_device_mib']:.0f}", peak_bar))
            rows.append((f"peak, not resident, {kind} [MiB]", f"{freed['peak_device_mib']:.0f}", ""))
            rows.append((f"between frames, tower freed, {kind} [MiB]", f"{freed['between_frames_mib']:.0f}", "< 6866"))
        text = found["convert text"]
        rows.append(
            (
                "convert text: minutes, peak RAM [MiB]",
                f"{text['seconds'] / 60:.1f}, {text['peak_ram_mib']:.0f}",
                "< 4096",
            )
        )
        return "\n".join(f"| {a:44} | {b:>14} | {c:>16} |" for a, b, c in rows)


def _random(name: str, shape: tuple[int, ...], device: str):
    """Like the tiny checkpoint's values, but with small gains in the blocks' norms.

    With unit gains 63 random blocks are chaotic, and every rounding error grows as large as the signal.
    """
    import torch

    if "norm" in name and name.endswith("weight"):
        gain = 0.05 if "vision.transformer" in name else 1.0
        return torch.full(shape, gain, dtype=torch.bfloat16, device=device)
    if name.endswith("bias"):
        return (0.02 * torch.randn(shape, device=device)).bfloat16()
    fan_in = 1 if "embed" in name or "boi" in name or "eoi" in name else int(np.prod(shape[1:]))
    return (torch.randn(shape, device=device) * fan_in**-0.5).bfloat16()


def _write_bf16(path: Path, tensors: dict) -> int:
    import torch

    header, at = {}, 0
    for name, tensor in tensors.items():
        size = tensor.numel() * 2
        header[name] = {"dtype": "BF16", "shape": list(tensor.shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for tensor in tensors.values():
            file.write(tensor.contiguous().view(torch.int16).cpu().numpy())
    return at


def _read_bf16(path: Path, device: str) -> dict:
    import torch

    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    tensors = {}
    for name, entry in json.loads(raw[8 : 8 + length]).items():
        start, end = (8 + length + at for at in entry["data_offsets"])
        tensor = torch.frombuffer(bytearray(raw[start:end]), dtype=torch.bfloat16).reshape(entry["shape"])
        tensors[name] = tensor.to(device)
    return tensors


def _rms_error(found: np.ndarray, expected: np.ndarray) -> float:
    """Over the patches: the begin and the end of the image are copied."""
    difference = (found - expected)[1:-1]
    return float(np.sqrt(np.mean(difference**2) / np.mean(expected[1:-1] ** 2)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work_dir", type=Path, metavar="WORK_DIR")
    parser.add_argument(
        "--llama-bench", default="", metavar="PATH", help="llama.cpp's own benchmark, built for this GPU"
    )
    parser.add_argument("--tiny", action="store_true", help="rehearse on a CPU")
    parser.add_argument("--tower", default="", help=argparse.SUPPRESS)  # the part that runs in a process of its own
    bench = Bench(args := parser.parse_args())
    if args.tower:
        print(json.dumps(bench.tower(args.tower)))
        return
    bench.run()
    print(bench.table())


if __name__ == "__main__":
    main()

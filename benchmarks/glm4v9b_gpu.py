#!/usr/bin/env python3
"""GLM-4v-9b in its full shape on a GPU: conversion, the tower against PyTorch, speed and memory.

    PYTHONPATH=BUILD/python python benchmarks/glm4v9b_gpu.py WORK OUT --llama-bench BUILD/bin/llama-bench

BUILD is what build_peers.py made; glm4v9b_gpu.sh runs this behind gpu.sh. The weights are random, so nothing is said about
answers; shapes, types and arithmetic are the real ones. One half of the checkpoint lies in WORK/checkpoint at a time, 19 GB
at most, beside up to 24 GB of what is made of it. OUT/results.jsonl gets a line for each step; a step that is there already
and did not fail is left out, so a run that was broken off goes on. A step that fails says why and the next one follows. At
the end OUT/table.md has the project's bars beside the figures. ``--seconds`` starts no further step after that time;
``--tiny`` rehearses all of it on a CPU with a model of a few megabytes.

Needs torch, gguf, and a llama-cpp-python (with its diskcache and jinja2) that was built for the GPU; no ROS.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "test"), str(ROOT / "benchmarks")]

from golden import glm4v9b_checkpoint as checkpoint  # noqa: E402

from glm4v_ros.catalog.model import Model  # noqa: E402
from glm4v_ros.machine.memory_watch import MemoryWatch  # noqa: E402
from glm4v_ros.vision.frame import Frame  # noqa: E402

FULL = checkpoint.Shape(
    width=4096, layers=40, heads=32, kv_heads=2, feed_forward=13696, vocabulary=151552, vision_width=1792,
    vision_layers=63, vision_heads=16, vision_feed_forward=15360, image=1120, dtype="BF16",
)  # fmt: skip
TINY = replace(checkpoint.VARIANTS["plain"], dtype="BF16")
SHARD = 1 << 30  # bytes
VISION_TYPES = ("Q4_K_M", "Q8_0", "BF16")
QUESTION = "What does the gauge say? Answer in one sentence."
DECODED = 128
DEPTH = 1650  # tokens in the context while the engine's answers are written, about; llama-bench gets as many
PATIENCE = 240.0  # seconds for one piece of work


class Bench:
    def __init__(self, args: argparse.Namespace):
        self.tiny, self.gpu, self.llama_bench = args.tiny, not args.tiny, args.llama_bench
        self.end = time.monotonic() + args.seconds if args.seconds else float("inf")
        self.shape = TINY if args.tiny else FULL
        self.work = args.work
        self.checkpoint, self.made = args.work / "checkpoint", args.work / "gguf"
        self.results_path = args.out / "results.jsonl"
        self.table_path = args.out / "table.md"
        for directory in (self.work, self.checkpoint, args.out):
            directory.mkdir(parents=True, exist_ok=True)
        lines = self.results_path.read_text().splitlines() if self.results_path.is_file() else []
        self.results: dict[str, dict[str, Any]] = {found.pop("step"): found for found in map(json.loads, lines)}

    def step(self, name: str, work: Callable[[], dict[str, Any]]) -> bool:
        """Whether it is done, now or earlier."""
        if "error" not in self.results.get(name, {"error": ""}):
            return True
        if time.monotonic() > self.end:
            return False
        print(f"[{time.strftime('%H:%M:%S')}] {name}", flush=True)
        start = time.monotonic()
        try:
            found = work()
        except Exception as error:
            found = {"error": f"{type(error).__name__}: {error}"}
        self.results[name] = found = {**found, "step_s": round(time.monotonic() - start, 1)}
        with self.results_path.open("a") as file:
            file.write(json.dumps({"step": name, **found}) + "\n")
        print(json.dumps(found), flush=True)
        return "error" not in found

    def run(self) -> None:
        self.step("machine", self.machine)
        if self.step("generate text", lambda: self.in_child("generate", "text")):
            if self.step("convert text Q4_K_M", lambda: self.convert("text", "Q4_K_M")):
                self.forget("text")
                self.step("llama-bench", self.bench_llama)
        if self.step("generate vision", lambda: self.in_child("generate", "vision")):
            done = self.step("reference", lambda: self.in_child("reference", "vision"))
            for kind in VISION_TYPES:
                done &= self.step(f"convert vision {kind}", lambda kind=kind: self.convert("vision", kind))
            if done:
                self.forget("vision")
        for kind in VISION_TYPES:
            self.step(f"tower {kind}", lambda kind=kind: self.in_child("tower", kind))
        for resident in (True, False):
            for kind in VISION_TYPES[:2]:
                name = f"engine {kind} {'resident' if resident else 'not resident'}"
                self.step(name, lambda kind=kind, resident=resident: self.engine(kind, resident))
        self.step("estimate", self.estimate)
        self.table_path.write_text(self.table())

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
            "cores": len(os.sched_getaffinity(0)),
            "shape": "tiny" if self.tiny else "full",
            "free_gb": {str(place): shutil.disk_usage(place).free / 1e9 for place in (self.work, self.checkpoint)},
        }

    def generate(self, half: str) -> dict[str, Any]:
        """Shards of 1 GB, written by a few threads while the GPU draws the next ones."""
        import torch

        torch.manual_seed(1 if half == "text" else 2)
        if not (self.checkpoint / "config.json").is_file():
            checkpoint.write(self.checkpoint, self.shape, parts=0)
            (self.checkpoint / "model.safetensors.index.json").unlink()
        shapes = checkpoint.shapes(self.shape)
        names = [name for name in shapes if (".vision." in name) == (half == "vision")]
        written: deque = deque()
        shards, size = [[]], 0
        for name in names:
            if size > SHARD:
                shards.append([])
                size = 0
            shards[-1].append(name)
            size += 2 * int(np.prod(shapes[name]))
        with ThreadPoolExecutor(4) as pool:
            for i, shard in enumerate(shards):
                tensors = {name: _random(name, shapes[name], self.torch_device) for name in shard}
                written.append(pool.submit(_write_bf16, self.checkpoint / f"{half}-{i:05}.safetensors", tensors))
                if i >= 6:
                    written[i - 6].result()  # no more than these wait on the GPU
            total = sum(future.result() for future in written)
        del tensors
        self.empty_cache()
        return {"gb": total / 1e9, "shards": len(shards)}

    def forget(self, half: str) -> None:
        for path in self.checkpoint.glob(f"{half}-*.safetensors"):
            path.unlink()

    def convert(self, half: str, kind: str) -> dict[str, Any]:
        with MemoryWatch() as memory:
            start = time.monotonic()
            self.python("-m", "glm4v_ros.cli.main", "models", "convert", str(self.checkpoint), str(self.made),
                        "--only", half, f"--{half}", kind)  # fmt: skip
            seconds = time.monotonic() - start
        return {
            "seconds": seconds,
            "peak_ram_mib": memory.resident_mib,
            "file_gb": self.file(half, kind).stat().st_size / 1e9,
        }

    def reference(self, _half: str) -> dict[str, Any]:
        """PyTorch's embeddings in float32 and bfloat16, and how far these two are apart."""
        import torch
        from golden.glm4v9b_reference import Reference

        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        stored = {}
        for path in sorted(self.checkpoint.glob("vision-*.safetensors")):
            stored.update(_read_bf16(path, self.torch_device))
        found, seconds = {}, {}
        for dtype in (torch.bfloat16, torch.float32):
            reference = Reference(self.shape, {name: tensor.to(dtype) for name, tensor in stored.items()})
            with torch.no_grad():
                reference.vision(self.frame().rgb).cpu()
                start = time.monotonic()
                embeddings = reference.vision(self.frame().rgb).float().cpu().numpy()
                seconds[str(dtype)] = time.monotonic() - start
            found[str(dtype)] = embeddings
            np.save(self.work / f"{str(dtype)[6:]}.npy", embeddings)
            del reference
            self.empty_cache()
        del stored
        self.empty_cache()
        exact = found["torch.float32"]
        return {"bf16_rms_error": _rms_error(found["torch.bfloat16"], exact), "seconds": seconds,
                "patch_spread": float(exact[1:-1].std(0).mean() / exact[1:-1].std())}  # fmt: skip

    def in_child(self, what: str, kind: str) -> dict[str, Any]:
        """In a process of its own, so that its memory on the device is gone afterwards, and PyTorch and llama.cpp, which may
        bring C++ runtimes of their own, do not meet."""
        arguments = [str(self.work), str(self.table_path.parent), "--part", what, kind, *(["--tiny"] if self.tiny else [])]
        with MemoryWatch() as memory:
            output = self.python(__file__, *arguments, **({} if what == "tower" else {"WITHOUT_LLAMA": "1"}))
        return {**json.loads(output.splitlines()[-1]), "peak_device_mib": memory.gpu_mib}

    def tower(self, kind: str) -> dict[str, Any]:
        from glm4v_ros.vision.glm4v9b_tower import Glm4v9bTower
        from glm4v_ros.vision.tower import EncodeStopped

        found: dict[str, Any] = {}
        exact, half = np.load(self.work / "float32.npy"), np.load(self.work / "bfloat16.npy")
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
                raise AssertionError("it did not stop")
            except EncodeStopped:
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
        with MemoryWatch() as memory, EngineClient(self.config(kind, resident)) as engine:
            start = time.monotonic()
            engine.start()
            found["load_s"] = time.monotonic() - start
            found["device"] = engine.status.device
            self.settle()
            found["loaded_mib"] = memory.now_mib
            ids = iter(range(1000))

            def ask(frame: Frame, tokens: int) -> tuple[Any, dict[str, float]]:
                stages: dict[str, float] = {}
                begun = time.monotonic()

                def on_delta(delta) -> None:
                    stages.setdefault(Stage(delta.stage).name, time.monotonic() - begun)

                question = Question(QUESTION, str(next(ids)), max_tokens=tokens, ignore_eos=True)
                return engine.ask(question, [frame], on_delta).result(PATIENCE), stages

            for seed in (0, 4):
                ask(self.frame(seed), DECODED + 1)
            self.settle()
            found["between_frames_mib"] = memory.now_mib
            memory.stop()
            news, stages = zip(*(ask(self.frame(seed), DECODED + 1) for seed in (1, 2, 3)))
            again = [ask(self.frame(3), 8)[0] for _ in range(3)]
        median = lambda values: sorted(values)[len(values) // 2]  # noqa: E731
        return {
            **found,
            "first_token_new_frame_s": median([answer.time_to_first_token for answer in news]),
            "first_token_same_frame_s": median([answer.time_to_first_token for answer in again]),
            "stages_s": stages[1],
            "decode_tokens_per_s": median([
                (answer.completion_tokens - 1) / (answer.latency - answer.time_to_first_token) for answer in news
            ]),
            "completion_tokens": news[0].completion_tokens, "prompt_tokens": news[0].prompt_tokens,
            "image_tokens": news[0].image_tokens,
            "peak_device_mib": memory.gpu_mib, "peak_ram_mib": memory.resident_mib,
        }  # fmt: skip

    def settle(self) -> None:
        """Until the memory's watcher has looked again."""
        time.sleep(0.5 if self.gpu else 0.0)

    def bench_llama(self) -> dict[str, Any]:
        """The same file in llama.cpp's own benchmark, at the start of a context and as deep as the engine decodes."""
        if not self.llama_bench:
            raise FileNotFoundError("no --llama-bench")
        options = ["-fa", "1", "-ngl", "99", "-ub", "512", "-p", "1600", "-n", str(DECODED), "-d", f"0,{DEPTH}",
                   "-r", "3", "-o", "json"]  # fmt: skip
        if self.tiny:
            options[1:4:2] = "0", "0"
        command = [self.llama_bench, "-m", str(self.file("text", "Q4_K_M")), *options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        if done.returncode:
            raise RuntimeError(f"llama-bench failed: {done.stderr[-2000:]}")
        return {
            f"{'tg' if row['n_gen'] else 'pp'}{row['n_gen'] or row['n_prompt']} d{row['n_depth']}": row["avg_ts"]
            for row in json.loads(done.stdout)
        }

    def estimate(self) -> dict[str, Any]:
        from glm4v_ros.engine.estimate import estimate

        found = {}
        for kind in VISION_TYPES[:2]:
            plan = estimate(self.config(kind, True))
            found[kind] = {"peak_mib": plan.peak / 2**20, "between_frames_mib": plan.between_frames / 2**20,
                           "buffers_mib": (plan.text_buffers + plan.vision_buffers) / 2**20}  # fmt: skip
        return {**found, "devices": [vars(device) for device in plan.devices]}

    def config(self, kind: str, resident: bool):
        from glm4v_ros.engine.config import EngineConfig

        model = Model("glm-4v-9b", self.file("text", "Q4_K_M"), self.file("vision", kind))
        return EngineConfig(model, vision_resident=resident, gpu_layers=-1 if self.gpu else 0, max_parallel=1,
                            speculation=False)  # fmt: skip

    def file(self, half: str, kind: str) -> Path:
        return self.made / f"glm-4v-9b-{half}-{kind.lower()}.gguf"

    def frame(self, seed: int = 0) -> Frame:
        """A 1280x720 picture; each seed another one."""
        rgb = np.tile(checkpoint.picture(), (11, 9, 1))[:720, :1280]
        return Frame(np.ascontiguousarray(np.roll(rgb, 37 * seed, axis=1)))

    @property
    def torch_device(self) -> str:
        return "cuda" if self.gpu else "cpu"

    def empty_cache(self) -> None:
        if self.gpu:
            import torch

            torch.cuda.empty_cache()

    def python(self, *arguments: str, **variables: str) -> str:
        path = os.pathsep.join([str(ROOT), *filter(None, sys.path)])
        done = subprocess.run([sys.executable, *arguments], env={**os.environ, "PYTHONPATH": path, **variables}, cwd=ROOT,
                              capture_output=True, text=True, timeout=PATIENCE)  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{' '.join(arguments)[-200:]}: {done.stderr[-2000:]}")
        return done.stdout

    def table(self) -> str:
        rows = [("figure", "measured", "bar"), ("---", "---:", "---:")]

        def row(figure: str, step: str, *keys: str, form: str = ".3f", bar: str = "") -> None:
            value: Any = self.results.get(step, {})
            for key in keys:
                value = value.get(key) if isinstance(value, dict) else None
            rows.append((figure, "none" if value is None else format(value, form), bar))

        row("convert text to Q4_K_M [s]", "convert text Q4_K_M", "seconds", form=".0f")
        row("its peak RAM [MiB]", "convert text Q4_K_M", "peak_ram_mib", form=".0f", bar="< 4096")
        for kind in VISION_TYPES:
            row(f"convert vision to {kind} [s]", f"convert vision {kind}", "seconds", form=".0f")
        row("PyTorch bf16 to its own f32 [rms]", "reference", "bf16_rms_error", form=".2e")
        for kind in VISION_TYPES:
            step = f"tower {kind}"
            row(f"image encode, {kind} [s]", step, "flash", "encode_s", bar="< 1.0" if kind != "BF16" else "")
            row(f"tower to PyTorch f32, {kind} [rms]", step, "flash", "rms_error_to_f32", form=".2e")
            row(f"tower to PyTorch bf16, {kind} [rms]", step, "flash", "rms_error_to_bf16", form=".2e")
        row("tower to PyTorch f32, BF16, attention in f32 [rms]", "tower BF16", "exact attention", "rms_error_to_f32", form=".2e")
        row("llama-bench decode, empty context [tokens/s]", "llama-bench", f"tg{DECODED} d0", form=".1f")
        row(f"llama-bench decode behind {DEPTH} tokens [tokens/s]", "llama-bench", f"tg{DECODED} d{DEPTH}", form=".1f")
        row("llama-bench prefill [tokens/s]", "llama-bench", "pp1600 d0", form=".0f")
        decode = self.results.get("llama-bench", {}).get(f"tg{DECODED} d{DEPTH}")
        for kind in VISION_TYPES[:2]:
            step, freed = f"engine {kind} resident", f"engine {kind} not resident"
            bar = f"> {0.95 * decode:.1f}" if decode else ""
            row(f"decode, {kind} vision [tokens/s]", step, "decode_tokens_per_s", form=".1f", bar=bar)
            row(f"first token, new frame, {kind} [s]", step, "first_token_new_frame_s")
            row(f"first token, same frame, {kind} [s]", step, "first_token_same_frame_s")
            row(f"first token, new frame, {kind}, tower loaded for it [s]", freed, "first_token_new_frame_s")
            peak = "< 10240" if kind == "Q4_K_M" else ""
            row(f"peak device memory, {kind} [MiB]", step, "peak_device_mib", form=".0f", bar=peak)
            row(f"peak device memory, {kind}, not resident [MiB]", freed, "peak_device_mib", form=".0f", bar=peak)
            row(f"between frames, {kind}, not resident [MiB]", freed, "between_frames_mib", form=".0f", bar="< 6866")
        failed = [f"\n{name}: {found['error']}" for name, found in self.results.items() if "error" in found]
        return "".join(f"| {a} | {b} | {c} |\n" for a, b, c in rows) + "\n".join(failed)


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
        for name in list(tensors):
            file.write(tensors.pop(name).contiguous().view(torch.int16).cpu().numpy())
    return at


def _read_bf16(path: Path, device: str) -> dict:
    import torch

    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    data = torch.from_numpy(np.fromfile(path, np.int16, offset=8 + length)).to(device).view(torch.bfloat16)
    return {
        name: data[entry["data_offsets"][0] // 2 : entry["data_offsets"][1] // 2].reshape(entry["shape"])
        for name, entry in header.items()
    }


def _rms_error(found: np.ndarray, expected: np.ndarray) -> float:
    """Over the patches: the begin and the end of the image are copied."""
    difference = (found - expected)[1:-1]
    return float(np.sqrt(np.mean(difference**2) / np.mean(expected[1:-1] ** 2)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, metavar="WORK", help="where the large files go")
    parser.add_argument("out", type=Path, metavar="OUT", help="where the results go")
    parser.add_argument("--llama-bench", default="", metavar="PATH", help="llama.cpp's own, built for this GPU")
    parser.add_argument("--seconds", type=float, default=0.0, metavar="S", help="start no step after this time")
    parser.add_argument("--tiny", action="store_true", help="rehearse on a CPU")
    parser.add_argument("--part", nargs=2, help=argparse.SUPPRESS)  # what runs in a process of its own
    bench = Bench(args := parser.parse_args())
    if args.part:
        what, kind = args.part
        print(json.dumps(getattr(bench, what)(kind)))
        return
    bench.run()
    print(bench.table())
    sys.exit(any("error" in found for found in bench.results.values()))


if __name__ == "__main__":
    main()

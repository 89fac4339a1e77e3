#!/usr/bin/env python3
"""The engine beside llama-server, llama-bench and llama-mtmd-cli, all of them running the same build of llama.cpp.

    PYTHONPATH=BUILD/python python benchmarks/peers.py BUILD OUT [--text FILE --vision FILE] [--size 1120x840]

BUILD is what build_peers.py made. Both sides are warm, get the same JPEGs, ubatch, flash attention and number of tokens,
and take turns; no question is asked twice, no answer ends early, and nothing is guessed ahead. OUT/results.jsonl gets a
line for each step; a step that is there already is left out, so a run that was broken off goes on. At the end OUT has
table.md, peers.json and, where Matplotlib is installed, peers.svg.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import peers_table  # noqa: E402
from llama_server import LlamaServer, Reply  # noqa: E402

from glm4v_ros.catalog import catalog  # noqa: E402
from glm4v_ros.engine.answer import Stage  # noqa: E402
from glm4v_ros.engine.client import EngineClient  # noqa: E402
from glm4v_ros.engine.config import EngineConfig  # noqa: E402
from glm4v_ros.engine.question import Question  # noqa: E402
from glm4v_ros.engine.status import EngineStatus  # noqa: E402
from glm4v_ros.errors import VqaError  # noqa: E402
from glm4v_ros.machine.memory_watch import MemoryWatch  # noqa: E402
from glm4v_ros.vision.decoder import decode  # noqa: E402
from glm4v_ros.vision.frame import Frame  # noqa: E402

NANO = ROOT / "models" / "glm4v-nano"
CONTEXT = 4096  # KV cells for one asker; llama-server has as many for each of its slots
BENCHES = 2  # runs of llama-bench, between our answers
PATIENCE = 600.0  # seconds
_numbers = itertools.count(1)


def question() -> str:
    """One that was never asked."""
    return f"{next(_numbers)}: what is the serial number?"


class Engine:
    """Ours, asked the way llama-server is asked. As in the node, a picture is decoded once for all who ask about it."""

    def __init__(self, config: EngineConfig):
        self.client = EngineClient(config, on_status=self._hear)
        self._idle = threading.Semaphore(0)
        self._frames: dict[bytes, Future] = {}

    def __enter__(self) -> Engine:
        self.client.start()
        return self

    def __exit__(self, *_) -> None:
        self.client.close()

    @property
    def status(self) -> EngineStatus:
        return self.client.status

    def frame(self, jpeg: bytes) -> Frame:
        mine: Future = Future()
        whose = self._frames.setdefault(jpeg, mine)
        if whose is mine:
            mine.set_result(Frame(decode(jpeg)))
        return whose.result()

    def ask(self, text: str, jpeg: bytes, tokens: int, deterministic: bool = False, stages: dict | None = None) -> Reply:
        begun = time.monotonic()
        reached: dict[str, float] = {} if stages is None else stages

        def on_delta(delta) -> None:
            reached.setdefault(Stage(delta.stage).name.lower(), time.monotonic() - begun)

        asked = Question(text, f"benchmark-{next(_numbers)}", max_tokens=tokens, ignore_eos=True, deterministic=deterministic)
        answer = self.client.ask(asked, [self.frame(jpeg)], on_delta).result(PATIENCE)
        whole = time.monotonic() - begun
        rate = (answer.completion_tokens - 1) / (answer.latency - answer.time_to_first_token)
        return Reply(answer.text, answer.completion_tokens, reached["answering"], whole, rate)

    def cells(self, jpeg: bytes) -> int:
        """Of one prompt with this picture."""
        asked = Question(question(), f"benchmark-{next(_numbers)}", max_tokens=2, ignore_eos=True)
        answer = self.client.ask(asked, [self.frame(jpeg)]).result(PATIENCE)
        return answer.prompt_tokens

    def warm(self, jpeg: bytes) -> None:
        """Returns when this frame lies in the KV cache."""
        frame = self.frame(jpeg)
        self.client.warm(frame)
        while not self.client.is_encoded(frame.key):
            time.sleep(0.01)
        while self._idle.acquire(blocking=False):
            pass
        for _ in range(2):  # the first may have been on its way before the prefill began
            self._idle.acquire()

    def cancel(self, jpeg: bytes, stage: Stage) -> float:
        """Seconds from the cancel of a long question in this stage to its end."""
        reached = threading.Event()
        asked = Question(question(), f"benchmark-{next(_numbers)}", max_tokens=100_000, ignore_eos=True)
        future = self.client.ask(asked, [self.frame(jpeg)], lambda delta: reached.set() if delta.stage >= stage else None)
        reached.wait(PATIENCE)
        begun = time.monotonic()
        self.client.cancel(asked.request_id)
        try:
            future.result(PATIENCE)
        except VqaError:
            pass
        return time.monotonic() - begun

    def _hear(self, status: EngineStatus) -> None:
        if status.stage == "idle":
            self._idle.release()


class Peers:
    def __init__(self, args: argparse.Namespace):
        self.bin, self.out = args.build / "bin", args.out
        self.out.mkdir(parents=True, exist_ok=True)
        self.model = catalog.model_of(args.text, args.vision)
        self.size, self.repeats, self.askers = args.size, args.repeats, args.askers
        self.waves, self.rounds, self.tokens, self.decoded = args.waves, args.rounds, args.tokens, args.decoded
        self.gpu_layers, self.threads = args.gpu_layers, args.threads
        self.ubatch, self.alone = args.ubatch, args.alone
        self.results_path = self.out / "results.jsonl"
        self.results: dict[str, dict[str, Any]] = {}
        if self.results_path.is_file():
            for line in self.results_path.read_text().splitlines():
                entry = json.loads(line)
                self.results[entry["step"]] = entry
        self._seed = itertools.count(1000 * len(self.results))

    def step(self, name: str, work: Callable[[], dict[str, Any]]) -> None:
        if name in self.results:
            return
        print(f"[{time.strftime('%H:%M:%S')}] {name}", flush=True)
        begun = time.monotonic()
        entry = {"step": name, **work(), "step_s": round(time.monotonic() - begun, 1)}
        self.results[name] = entry
        with self.results_path.open("a") as file:
            file.write(json.dumps(entry) + "\n")
        print(json.dumps(entry), flush=True)

    def run(self) -> None:
        self.step("machine", self.machine)
        if not self.alone:
            self.step("llama-mtmd-cli", self.mtmd_cli)
        self.step("one asker", self.one_asker)
        self.step("decode", self.decode)
        if self.alone:
            return
        self.step("askers, one frame", lambda: self.many(own_frames=False))
        self.step("askers, own frames", lambda: self.many(own_frames=True))
        self.step("not resident", self.not_resident)
        self.step("cancel", self.cancel)
        peers_table.write(self.out, self.results)

    # Steps.

    def machine(self) -> dict[str, Any]:
        version = "import llama_cpp; print(llama_cpp.__version__)"  # not here, where it would take memory of the GPU
        llama = subprocess.run([sys.executable, "-c", version], capture_output=True, text=True).stdout.strip()
        gpu = ""
        if shutil.which("nvidia-smi") and self.gpu_layers:
            query = ["nvidia-smi", "-i", "0", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
            gpu = subprocess.run(query, capture_output=True, text=True).stdout.strip()
        cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "")
        return {
            "gpu": gpu, "cpu": cpu or platform.machine(), "cores": len(os.sched_getaffinity(0)),
            "llama_cpp_python": llama, "model": self.model.text_path.name,
            "text_gb": self.model.text_path.stat().st_size / 1e9, "vision_gb": self.model.vision_path.stat().st_size / 1e9,
            "frame": f"{self.size[0]}x{self.size[1]}", "ubatch": self.ubatch, "repeats": self.repeats,
            "askers": self.askers, "rounds": self.rounds, "tokens": self.tokens,
        }  # fmt: skip

    def mtmd_cli(self) -> dict[str, Any]:
        """Its peak while it answers one question about one frame."""
        picture = self.out / "frame.jpg"
        picture.write_bytes(self.frame())
        command = [self.bin / "llama-mtmd-cli", "-m", self.model.text_path, "--mmproj", self.model.vision_path, "--image", picture,
                   "-p", question(), "-n", "64", "-c", CONTEXT, "--temp", "0", "--ignore-eos", "--offline",
                   *self.common()]  # fmt: skip
        with MemoryWatch() as memory, (self.out / "mtmd-cli.log").open("w") as log:
            done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if done.returncode:
            raise RuntimeError(f"llama-mtmd-cli failed; see {log.name}")
        return {"peak_device_mib": memory.gpu_mib, "peak_resident_mib": memory.resident_mib}

    def one_asker(self) -> dict[str, Any]:
        figures: dict[str, list[float]] = {}
        stages: list[dict[str, float]] = []

        def add(name: str, value: float) -> None:
            figures.setdefault(name, []).append(value)

        with MemoryWatch() as memory, Engine(self.config()) as ours:
            cells = ours.cells(self.frame())
            ours.ask(question(), self.frame(), 65)
            alone = {"peak_device_mib": memory.gpu_mib, "peak_resident_mib": memory.resident_mib}
            loaded = memory.now_mib
            with self.server(1, CONTEXT) as server:
                sides = {"ours": ours, "llama-server": server}
                for side in sides.values():
                    side.ask(question(), self.frame(), 8)
                alone["llama_server_device_mib"] = memory.now_mib - loaded
                memory.stop()
                for _ in range(self.repeats):
                    jpeg = self.frame()
                    for name, side in sides.items():
                        taken = {"stages": {}} if side is ours else {}
                        add(f"new frame, {name}", side.ask(question(), jpeg, 2, **taken).first_token)
                        stages += taken.values()
                    for name, side in sides.items():
                        add(f"same frame, {name}", side.ask(question(), jpeg, 2).first_token)
                    jpeg = self.frame()
                    ours.warm(jpeg)
                    add("warm frame, ours", ours.ask(question(), jpeg, 2).first_token)
                device = ours.status.device
        return {
            "prompt_cells": cells,
            "device": device,
            **alone,
            "encode_s": statistics.median(stage["prefill"] - stage["encoding"] for stage in stages),
            **{name: statistics.median(values) for name, values in figures.items()},
            "all": figures,
        }

    def decode(self) -> dict[str, Any]:
        """One answer after the other beside llama-bench, in turns: the pace of a machine changes within a minute."""
        rates: list[float] = []
        benches: list[dict[str, float]] = []
        with Engine(self.config()) as ours:
            jpeg = self.frame()
            ours.ask(question(), jpeg, self.decoded + 1)
            answers = -(-self.repeats // (BENCHES + 1))  # in one turn
            for turn in range(BENCHES + 1):
                if turn:
                    benches.append(self.llama_bench())
                rates += [ours.ask(question(), jpeg, self.decoded + 1).tokens_per_second for _ in range(answers)]
            time.sleep(0.6)  # for the worker to tell
            status = ours.status
        return {
            "ours": statistics.median(rates),
            **{name: statistics.mean(bench[name] for bench in benches) for name in benches[0]},
            "cells": self.results["one asker"]["prompt_cells"],
            "prefix_tokens": status.prefix_tokens,
            "used_tokens": status.used_tokens,
            "context_tokens": status.context_tokens,
            "all": {"ours": rates, "llama-bench": benches},
        }

    def llama_bench(self) -> dict[str, float]:
        """Tokens per second of prefill (pp) and decode (tg), with an empty context and behind as many tokens as our prompts have."""
        cells = self.results["one asker"]["prompt_cells"]
        command = [self.bin / "llama-bench", "-m", self.model.text_path, "-p", cells, "-n", self.decoded, "-d", f"0,{cells}",
                   "-r", min(self.repeats, 5), "-o", "json", "-oe", "none", *self.common("-fa", "1")]  # fmt: skip
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"llama-bench failed:\n{done.stderr[-3000:]}")
        return {f"{'tg' if row['n_gen'] else 'pp'} at depth {row['n_depth']}": row["avg_ts"] for row in json.loads(done.stdout)}

    def many(self, own_frames: bool) -> dict[str, Any]:
        """All ask at once, about frames that are new; then once more, and again as soon as they have their answer."""
        found: dict[str, Any] = {}
        cells = self.results["one asker"]["prompt_cells"]
        # Room for all frames and answers, and a few frames more to keep: attention pays for every cell up to the last filled one.
        context = (self.askers if own_frames else 1) * cells + self.askers * (self.tokens + 64) + CONTEXT
        context = -(-context // 256) * 256
        config = self.config(max_parallel=self.askers, max_queue=self.askers, context_tokens=context, prefix_tokens=CONTEXT)

        def frames(rounds: int) -> list[list[bytes]]:
            shared = self.frame()
            return [[self.frame() if own_frames else shared for _ in range(rounds)] for _ in range(self.askers)]

        mine = frames(self.rounds)
        with Engine(config) as ours, self.server(self.askers, self.askers * CONTEXT) as server:
            for name, side in (("ours", ours), ("llama-server", server)):
                self._all(side, frames(1), 4)
                found[name] = {"at once": self._rates([self._all(side, frames(1), self.tokens) for _ in range(self.waves)])}
                found[name]["again and again"] = self._rates([self._all(side, mine, self.tokens)])
                if side is ours:
                    time.sleep(0.6)
                    found["prefix_tokens"], found["used_tokens"] = ours.status.prefix_tokens, ours.status.used_tokens
        return {"context_tokens": context, **found}

    @staticmethod
    def _rates(runs: list[tuple[float, list[Reply]]]) -> dict[str, float]:
        """Of all runs together, each with its seconds."""
        replies = [reply for _, of_run in runs for reply in of_run]
        first = [reply.first_token for reply in replies]
        return {
            "requests": len(replies),
            "requests_per_s": len(replies) / sum(seconds for seconds, _ in runs),
            "first_token_median_s": statistics.median(first),
            "first_token_p99_s": float(np.percentile(first, 99)),
            "tokens": sum(reply.tokens for reply in replies),
        }

    def _all(self, side: Engine | LlamaServer, frames: list[list[bytes]], tokens: int) -> tuple[float, list[Reply]]:
        """Seconds for all, one thread for each list of frames."""
        replies: list[Reply] = []
        failed: list[BaseException] = []

        def asker(mine: list[bytes]) -> None:
            try:
                for jpeg in mine:
                    replies.append(side.ask(question(), jpeg, tokens))
            except BaseException as error:
                failed.append(error)

        threads = [threading.Thread(target=asker, args=(mine,)) for mine in frames]
        begun = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failed:
            raise failed[0]
        return time.monotonic() - begun, replies

    def cancel(self) -> dict[str, Any]:
        """In every stage; what is left of the cancelled work shows as a later first token of the next question. Nothing is
        kept of a frame, so that each question does all of its work."""
        found: dict[str, Any] = {}
        with Engine(self.config(max_parallel=2, prefix_tokens=1, embedding_bytes=1)) as ours:
            jpeg, text = self.frame(), question()

            def ask() -> Reply:
                return ours.ask(text, jpeg, 8, deterministic=True)

            expected = ask().text
            for stage in list(Stage)[: Stage.CHECKING]:
                ended, left, usual, right = [], [], [], 0
                for _ in range(self.repeats):
                    usual.append(ask().first_token)
                    ended.append(1000 * ours.cancel(self.frame(), stage))
                    after = ask()
                    left.append(1000 * (after.first_token - usual[-1]))
                    right += after.text == expected
                found[stage.name.lower()] = {
                    "ended_ms": statistics.median(ended), "ended_ms_most": max(ended),
                    "left_ms": max(0.0, statistics.median(left)), "left_ms_all": left,
                    "first_token_ms": 1000 * statistics.median(usual), "next_right": right,
                }  # fmt: skip
        return {"times": self.repeats, **found}

    def not_resident(self) -> dict[str, Any]:
        """Memory with the vision tower in it only while it encodes."""
        with MemoryWatch() as memory, Engine(self.config(vision_resident=False)) as ours:
            for _ in range(2):
                ours.ask(question(), self.frame(), 8)
            time.sleep(1.0)
            between = memory.now_mib
        return {"between_frames_mib": between, "peak_device_mib": memory.gpu_mib, "peak_resident_mib": memory.resident_mib}

    # What both sides get.

    def config(self, **changes: Any) -> EngineConfig:
        fields = dict(context_tokens=CONTEXT, batch_tokens=self.ubatch, threads=self.threads, gpu_layers=self.gpu_layers,
                      max_parallel=1, speculation=False, watchdog_timeout=PATIENCE)  # fmt: skip
        return EngineConfig(self.model, **{**fields, **changes})

    def server(self, slots: int, context: int) -> LlamaServer:
        options = ["-np", slots, "-c", context, *self.common()]
        return LlamaServer(self.bin / "llama-server", self.model.text_path, self.model.vision_path,
                           self.out / f"llama-server-{slots}.log", options)  # fmt: skip

    def common(self, *flash: str) -> list:
        layers = 999 if self.gpu_layers < 0 else self.gpu_layers
        threads = self.threads or len(os.sched_getaffinity(0))
        return ["-b", max(2048, self.ubatch), "-ub", self.ubatch, "-ngl", layers, "-t", threads, *(flash or ("-fa", "on"))]

    def frame(self) -> bytes:
        """The JPEG of a picture that was never shown, with about as much detail as a camera's."""
        random = np.random.default_rng(next(self._seed))
        width, height = self.size
        coarse = random.integers(0, 256, (height // 28 + 1, width // 28 + 1, 3), np.uint8)
        picture = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC), np.int16)
        grain = random.integers(-6, 7, picture.shape, np.int16)
        stream = io.BytesIO()
        Image.fromarray(np.clip(picture + grain, 0, 255).astype(np.uint8)).save(stream, "JPEG", quality=90)
        return stream.getvalue()


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(width), int(height)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path, metavar="BUILD")
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--text", type=Path, default=NANO / "glm4v-nano-text-q4_k_m.gguf", metavar="FILE")
    parser.add_argument("--vision", type=Path, default=NANO / "glm4v-nano-vision-q8_0.gguf", metavar="FILE")
    parser.add_argument("--size", type=_size, default=(448, 336), metavar="WxH", help="of the frames (default: 448x336)")
    parser.add_argument("--gpu-layers", type=int, default=-1, metavar="N", help="0: the CPU (default: all on the GPU)")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="CPU threads; 0: every core")
    parser.add_argument("--repeats", type=int, default=10, metavar="N", help="of each figure; the median counts (default: 10)")
    parser.add_argument("--askers", type=int, default=16, metavar="N", help="how many ask at once (default: 16)")
    parser.add_argument("--waves", type=int, default=2, metavar="N", help="times that all of them ask at once (default: 2)")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="questions of each of them, one after another (default: 3)")
    parser.add_argument("--tokens", type=int, default=64, metavar="N", help="of each of their answers (default: 64)")
    parser.add_argument("--ubatch", type=int, default=512, metavar="N", help="tokens in one decode, on both sides (default: 512)")
    parser.add_argument("--alone", action="store_true", help="only what one asker sees, to be repeated")
    parser.add_argument("--decoded", type=int, default=128, metavar="N", help="tokens for the rate of one answer (default: 128)")
    Peers(parser.parse_args()).run()


if __name__ == "__main__":
    main()

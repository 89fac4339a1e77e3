"""Measure a model on this machine: time to the first token, speed, many askers at once, memory, cancel.

Pictures are generated, so the answers mean nothing; questions differ, and end-of-answer is ignored, so that every
answer has the same length. Times are medians.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import threading
import time
import uuid
from concurrent.futures import Future, wait
from dataclasses import replace
from typing import TYPE_CHECKING

from glm4v_ros.cli import engine, jsonl
from glm4v_ros.cli.progress import Progress

if TYPE_CHECKING:
    from glm4v_ros.engine.answer import Answer
    from glm4v_ros.engine.client import EngineClient
    from glm4v_ros.engine.frame import Frame

ASKERS = (1, 4, 16)
STAGES = ("queued", "encoding", "prefill", "answering")
PATIENCE = 600.0  # seconds for one frame to be encoded; on a small CPU a 9B takes minutes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object and no table")
    parser.add_argument("--size", type=_size, default=(1120, 840), metavar="WxH", help="(default: 1120x840)")
    parser.add_argument("--tokens", type=engine.at_least(2), default=64, metavar="N",
                        help="per answer (default: %(default)s)")
    parser.add_argument("--repeat", type=engine.at_least(1), default=5, metavar="N",
                        help="measurements of each figure (default: %(default)s)")
    engine.add_arguments(parser)
    parser.set_defaults(context=0)


def run(args: argparse.Namespace) -> int:
    context, args.context = args.context, args.context or 4096
    config = engine.config(args)
    if not context:
        with engine.running(config) as client:  # how many tokens such a picture takes
            answer = Bench(client, args).ask(args.tokens).result()
        context = 256 * -(-max(ASKERS) * (answer.prompt_tokens + 64 + args.tokens) // 256)
    config = replace(config, context_tokens=context, max_parallel=max(ASKERS))
    with DeviceMemory() as device_memory, engine.running(config) as client:
        figures = {"model": config.model.name, "device": client.status.device, "context_tokens": context}
        figures.update(Bench(client, args).figures())
        host = resident_peak_mib(client.status.worker_pid)
        on_device = client.status.gpu_offload
    figures["peak_memory_mib"] = device_memory.peak_mib if on_device else host
    figures["peak_host_memory_mib"] = host
    print(jsonl.dump(figures) if args.json else _table(figures))
    return 0


class Bench:
    """Measures one running engine."""

    def __init__(self, client: EngineClient, args: argparse.Namespace):
        import numpy as np

        self.client = client
        self.width, self.height = args.size
        self.tokens = args.tokens
        self.repeat = args.repeat
        self._random = np.random.default_rng()
        self._asked = 0

    def figures(self) -> dict:
        self.ask(self.tokens).result()  # buffers and kernels are ready after this
        with Progress() as progress:
            figures = {}
            for step, (name, measure) in enumerate((
                ("image_tokens", lambda: self.ask(2).result().image_tokens),
                ("new_frame_ttft_ms", lambda: self.median(self.new_frame)),
                ("same_frame_ttft_ms", lambda: self.median(self.same_frame)),
                ("warm_frame_ttft_ms", lambda: self.median(self.warm_frame)),
                ("decode_tokens_per_s", lambda: self.median(self.decode)),
                ("requests_per_s", self.throughput),
                ("cancel_ms", lambda: {stage: self.median(lambda: self.cancel(stage)) for stage in STAGES}),  # noqa: B023
            )):  # fmt: skip
                progress.of(f"measuring {name}", step, 7)
                figures[name] = measure()
        return figures

    def median(self, measure) -> float:
        return round(statistics.median(measure() for _ in range(self.repeat)), 3)

    def new_frame(self) -> float:
        """Milliseconds to the first token about a picture never seen before."""
        return 1000 * self.ask(2).result().time_to_first_token

    def same_frame(self) -> float:
        """The same for another question about a picture asked about just before."""
        frame = self.frame()
        self.ask(2, frame).result()
        return 1000 * self.ask(2, frame).result().time_to_first_token

    def warm_frame(self) -> float:
        """The same for the first question about a picture encoded ahead of it."""
        frame = self.frame()
        self.client.warm(frame)
        end = time.monotonic() + PATIENCE
        while not self.client.is_encoded(frame.key) and time.monotonic() < end:
            time.sleep(0.002)
        return 1000 * self.ask(2, frame).result().time_to_first_token

    def decode(self) -> float:
        """Tokens a second of one asker, after the first token."""
        answer = self.ask(2 * self.tokens).result()
        return (answer.completion_tokens - 1) / (answer.latency - answer.time_to_first_token)

    def throughput(self) -> dict[str, dict[str, float]]:
        """Answers a second with several askers at once, about one new picture and about one new picture each."""
        return {
            name: {str(askers): self.median(lambda: self._answers_per_s(askers, same)) for askers in ASKERS}  # noqa: B023
            for name, same in (("one_frame", True), ("one_frame_each", False))
        }

    def cancel(self, stage: str) -> float:
        """Milliseconds from a cancel in this stage to the question's end."""
        others = []
        if stage == "queued":
            frame = self.frame()
            others = [self.ask(100_000, frame) for _ in range(max(ASKERS))]
        reached = threading.Event()
        request_id = uuid.uuid4().hex

        def on_delta(delta) -> None:
            if delta.stage.name.lower() == stage:
                reached.set()

        future = self.ask(100_000, None, on_delta, request_id)
        if stage != "queued":
            reached.wait(PATIENCE)
        began = time.monotonic()
        self.client.cancel(request_id)
        wait([future])
        took = 1000 * (time.monotonic() - began)
        for other in others:
            self.client.cancel(other.request_id)
        wait(others)
        return took

    def frame(self) -> Frame:
        """Blocks of colour with noise, different each time."""
        import numpy as np

        from glm4v_ros.engine.frame import Frame

        blocks = self._random.integers(0, 256, (self.height // 28 + 1, self.width // 28 + 1, 3), np.uint8)
        rgb = blocks.repeat(28, 0).repeat(28, 1)[: self.height, : self.width]
        return Frame(np.ascontiguousarray(rgb ^ self._random.integers(0, 32, rgb.shape, np.uint8)))

    def ask(self, tokens: int, frame: Frame | None = None, on_delta=None, request_id: str = "") -> Future[Answer]:
        from glm4v_ros.engine.question import Question

        self._asked += 1
        text, request_id = f"What is in field {self._asked}?", request_id or uuid.uuid4().hex
        question = Question(text, request_id, max_tokens=tokens, ignore_eos=True)
        future = self.client.ask(question, [frame or self.frame()], on_delta)
        future.request_id = question.request_id
        return future

    def _answers_per_s(self, askers: int, same: bool) -> float:
        frames = [self.frame()] * askers if same else [self.frame() for _ in range(askers)]
        began = time.monotonic()
        futures = [self.ask(self.tokens, frame) for frame in frames]
        for future in futures:
            future.result()
        return askers / (time.monotonic() - began)


class DeviceMemory:
    """Highest use of GPU memory above what was used before the engine, as nvidia-smi tells; 0 without it."""

    def __init__(self):
        self.peak_mib = self._before = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> DeviceMemory:
        if shutil.which("nvidia-smi"):
            self._before = self._used()
            self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._done.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.5):
            self.peak_mib = max(self.peak_mib, self._used() - self._before)

    @staticmethod
    def _used() -> float:
        words = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
        return sum(map(float, subprocess.run(words, capture_output=True, text=True).stdout.split()))


def resident_peak_mib(pid: int) -> float:
    """Highest resident memory of a process so far."""
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith("VmHWM"):
                return round(int(line.split()[1]) / 1024, 1)
    return 0.0


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) > 27 and int(height) > 27):
        raise argparse.ArgumentTypeError(f"{text!r} is not WxH in pixels, such as 1120x840")
    return int(width), int(height)


def _table(figures: dict) -> str:
    lines = []
    for name, value in figures.items():
        if isinstance(value, dict):
            for part, figure in value.items():
                parts = figure.items() if isinstance(figure, dict) else [("", figure)]
                lines += [(f"{name} {part}{f', {askers} askers' if askers else ''}", one) for askers, one in parts]
        else:
            lines.append((name, value))
    return "\n".join(f"{name:40} {value}" for name, value in lines)

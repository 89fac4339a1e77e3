"""Measures an engine as its callers see it: first tokens, decode, many askers, memory, and how soon a cancel works."""

from __future__ import annotations

import itertools
import re
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import numpy as np

from glm4v_ros.engine.answer import Answer, Stage
from glm4v_ros.engine.client import EngineClient
from glm4v_ros.engine.question import Question
from glm4v_ros.errors import VqaError
from glm4v_ros.machine.memory_watch import MemoryWatch
from glm4v_ros.vision.frame import Frame

_PATIENCE = 3600.0  # seconds; a large model on a small processor


class Benchmark:
    """Runs on a started engine that nobody else uses. Every frame is noise that was never shown before, every question
    has other words, and the end of an answer is ignored, so that each run does the same work."""

    def __init__(
        self,
        client: EngineClient,
        width: int,
        height: int,
        report: Callable[[str], None] = lambda _: None,
        memory: MemoryWatch | None = None,
    ):
        """``report`` hears what is measured next; ``memory`` has watched since before the client was started."""
        self._client = client
        self._memory = memory
        self._width, self._height = width, height
        self._report = report
        self._count = itertools.count()
        self._noise = np.random.default_rng(0)

    def run(self, askers: tuple[int, ...] = (1, 4, 16), tokens: int = 64, repeats: int = 5) -> dict:
        """All figures, in the units that their names say."""
        self._ask(self._frame(), 2)  # the first run pays for what is made only once
        results = {
            "new_frame_ttft_ms": self._new_frame(repeats),
            "same_frame_ttft_ms": self._same_frame(repeats),
            "warm_frame_ttft_ms": self._warm_frame(repeats),
            "decode_tokens_per_s": self._decode(128, repeats),
            "requests_per_s": {
                f"{name}_{n}": self._requests(n, own, tokens)
                for name, own in (("one_frame", False), ("own_frames", True))
                for n in askers
            },
            "cancel_ms": {stage.name.lower(): self._cancel(stage, repeats) for stage in Stage if stage < Stage.CHECKING},
        }
        status = self._client.status
        return {
            "model": status.model,
            "device": status.device,
            "frame": f"{self._width}x{self._height}",
            "image_tokens": self._image_tokens,
            "context_tokens": status.context_tokens,
            **results,
            "peak_memory_mib": self._peak_memory_mib(status.worker_pid),
            "kv_tokens_used": status.used_tokens,
        }

    def _new_frame(self, repeats: int) -> float:
        self._report("first token on a new frame")
        return _median(1000 * self._ask(self._frame(), 2).time_to_first_token for _ in range(repeats))

    def _same_frame(self, repeats: int) -> float:
        self._report("first token of a further question on a frame")
        frame = self._frame()
        self._image_tokens = self._ask(frame, 2).image_tokens
        return _median(1000 * self._ask(frame, 2).time_to_first_token for _ in range(repeats))

    def _warm_frame(self, repeats: int) -> float:
        self._report("first token on a frame that was encoded ahead")

        def one() -> float:
            frame = self._frame()
            self._client.warm(frame)
            while not self._client.is_encoded(frame.key) or self._client.status.stage != "idle":
                time.sleep(0.01)
            return 1000 * self._ask(frame, 2).time_to_first_token

        return _median(one() for _ in range(repeats))

    def _decode(self, tokens: int, repeats: int) -> float:
        self._report("decode of one answer")
        frame = self._frame()
        self._ask(frame, 2)
        answers = [self._ask(frame, tokens) for _ in range(repeats)]
        return _median(
            (answer.completion_tokens - 1) / (answer.latency - answer.time_to_first_token) for answer in answers
        )

    def _requests(self, askers: int, own_frames: bool, tokens: int, rounds: int = 2) -> float:
        """So many askers at once, each with the next question as soon as the last is answered."""
        self._report(f"{askers} asker{'s' if askers > 1 else ''}, {'a frame each' if own_frames else 'one frame'}")
        shared = self._frame()
        frames = [[self._frame() if own_frames else shared for _ in range(rounds)] for _ in range(askers)]
        threads = [
            threading.Thread(target=lambda mine=mine: [self._ask(frame, tokens) for frame in mine]) for mine in frames
        ]
        started = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return round(askers * rounds / (time.monotonic() - started), 3)

    def _cancel(self, stage: Stage, repeats: int) -> float:
        """From the cancel to the question's end."""
        self._report(f"cancel: {stage.name.lower()}")

        def one() -> float:
            reached = threading.Event()
            question = self._question(100_000)
            future = self._client.ask(
                question, [self._frame()], lambda delta: reached.set() if delta.stage >= stage else None
            )
            reached.wait(_PATIENCE)
            started = time.monotonic()
            self._client.cancel(question.request_id)
            _end(future)
            return 1000 * (time.monotonic() - started)

        return _median(one() for _ in range(repeats))

    def _peak_memory_mib(self, pid: int) -> float:
        """Of the GPU, or of the worker since it began where there is none."""
        if self._memory and self._memory.gpu_mib:
            return self._memory.gpu_mib
        peak = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        return round(int(peak[1]) / 1024, 1)

    def _ask(self, frame: Frame, tokens: int) -> Answer:
        return self._client.ask(self._question(tokens), [frame]).result(_PATIENCE)

    def _question(self, tokens: int) -> Question:
        number = next(self._count)
        return Question(
            f"{number}: what is the serial number?", f"benchmark-{number}", max_tokens=tokens, ignore_eos=True
        )

    def _frame(self) -> Frame:
        return Frame(self._noise.integers(0, 256, (self._height, self._width, 3), dtype=np.uint8))


def _end(future: Future) -> None:
    try:
        future.result(_PATIENCE)
    except VqaError:
        pass


def _median(values: Iterator[float]) -> float:
    return round(statistics.median(values), 3)

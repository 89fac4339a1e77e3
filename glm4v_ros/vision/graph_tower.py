"""What vision towers of our own have in common: weights and a graph in ggml while they are loaded."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable

from glm4v_ros.errors import EngineFailed
from glm4v_ros.vision import ggml
from glm4v_ros.vision.graph_runner import GraphRunner
from glm4v_ros.vision.tower import VisionTower


class GraphTower(VisionTower):
    """``gpu`` puts everything on the first GPU where there is one. ``half``: embeddings are rounded to float16."""

    def __init__(self, gpu: bool, threads: int, flash_attention: bool, half: bool, progress: Callable[[], None]):
        ggml.require_checked_version()
        self._gpu = gpu
        self._threads = threads or len(os.sched_getaffinity(0))  # ggml's own default is four
        self._flash_attention = flash_attention
        self._half = half
        self._progress = progress
        self._loaded_runner: GraphRunner | None = None

    @property
    def loaded(self) -> bool:
        return self._loaded_runner is not None

    @property
    def device(self) -> str:
        """Name of the device that computes; empty while the tower is not loaded."""
        return self._loaded_runner.device if self._loaded_runner else ""

    @property
    def weight_bytes(self) -> int:
        return self._loaded_runner.weight_bytes if self._loaded_runner else 0

    @property
    def compute_bytes(self) -> int:
        return self._loaded_runner.compute_bytes if self._loaded_runner else 0

    def load(self) -> None:
        if self._loaded_runner is None:
            runner = GraphRunner(self._gpu, self._threads)
            try:
                self._fill(runner)
            except BaseException:
                runner.close()
                raise
            self._loaded_runner = runner

    def free(self) -> None:
        if self._loaded_runner is not None:
            self._loaded_runner.close()
            self._loaded_runner = None

    @property
    def _runner(self) -> GraphRunner:
        """Raises EngineFailed while the tower is not loaded."""
        if self._loaded_runner is None:
            raise EngineFailed("the vision tower is not loaded")
        return self._loaded_runner

    @abstractmethod
    def _fill(self, runner: GraphRunner) -> None:
        """Brings the weights, and a graph that serves every picture, into a new runner."""

"""The vision tower of GLM-4.1V, GLM-4.6V and their kin as a graph of our own, for a GPU: mtmd's cuts every picture into patches twice,
moves K and V with their axes exchanged, and takes quantised weights as they are."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import cv2
import llama_cpp
import numpy as np

from glm4v_ros.catalog.gguf import Gguf
from glm4v_ros.errors import EngineFailed, Unsupported
from glm4v_ros.vision import ggml
from glm4v_ros.vision.fitting import fitting
from glm4v_ros.vision.frame import Frame
from glm4v_ros.vision.glm4v_graph import Glm4vGraph
from glm4v_ros.vision.glm4v_shape import MADE_OF, Glm4vShape
from glm4v_ros.vision.graph_runner import GraphRunner
from glm4v_ros.vision.graph_tower import GraphTower
from glm4v_ros.vision.half import kept
from glm4v_ros.vision.tower import EmbeddingRun, EncodeStopped, ImageTokens, TokenRun

_INFINITE = 0x7C00  # in float16; what is no number lies above


class Glm4vTower(GraphTower):
    """``widen``: quantised weights are made float32 before their products, for cuBLAS, which from Hopper on is several times as fast
    as ggml's products of quantised weights. A graph is made for each size of picture and stays for the next one of that size."""

    def __init__(
        self,
        path: Path,
        language_model: int,
        *,
        threads: int = 0,
        gpu: bool = False,
        flash_attention: bool = True,
        max_tokens: int = 0,
        half: bool = False,
        widen: bool = True,
        progress: Callable[[], None] = lambda: None,
    ):
        super().__init__(gpu, threads, flash_attention, half, progress)
        self._gguf = Gguf.read(path)
        self._shape = Glm4vShape.of(self._gguf, max_tokens)
        if (size := llama_cpp.llama_model_n_embd_inp(language_model)) != self._shape.output:
            raise EngineFailed(
                f"the vision model {path} makes embeddings of {self._shape.output} numbers and the language model reads {size}: "
                f"they are not a pair; check both files with `glm4v models verify`"
            )
        self._widen = widen
        vocabulary = llama_cpp.llama_model_get_vocab(language_model)
        self._ends = [_token(vocabulary, name) for name in (b"<|begin_of_image|>", b"<|end_of_image|>")]

    def _fill(self, runner: GraphRunner) -> None:
        gguf = self._gguf
        first, second, bias, merger = (_values(gguf, name) for name in MADE_OF)
        weights, offset = self._shape.patch_weights(first, second, bias)
        merger = np.ascontiguousarray(merger.transpose(0, 2, 3, 1).reshape(len(merger), -1))
        made = {"patches.weight": weights, "patches.bias": offset, "merger.weight": merger}
        runner.load(gguf, [name for name in gguf.tensors if name not in MADE_OF], made, self._progress)
        self._graph, self._grid = None, (0, 0)

    def encode(self, frame: Frame, max_tokens: int = 0, should_stop: Callable[[], bool] = lambda: False) -> ImageTokens:
        runner = self._runner
        if should_stop():
            raise EncodeStopped
        columns, rows = grid = self._fitting(frame, max_tokens)
        pixels = self._shape.patches(self._resized(frame.rgb, columns, rows))
        if grid != self._grid:
            self._prepare(*grid)
        runner.write(self._graph.input, pixels)
        runner.compute(self._progress, should_stop)
        positions = np.zeros((4, columns * rows), np.int32)
        positions[1], positions[2] = (side.ravel() for side in np.mgrid[:rows, :columns])
        run = EmbeddingRun(self._made(columns * rows), positions, max(columns, rows))
        return ImageTokens((TokenRun(self._ends[0]), run, TokenRun(self._ends[1])))

    def _prepare(self, columns: int, rows: int) -> None:
        graph = Glm4vGraph(self._shape, self._runner.tensors, 2 * columns, 2 * rows, self._flash_attention, self._widen)
        self._grid = (0, 0)
        self._runner.prepare(graph)
        self._runner.write(graph.positions, self._shape.positions(columns, rows))
        self._runner.write(graph.rows, np.arange(self._shape.most_rows, dtype=np.int32))
        self._graph, self._grid = graph, (columns, rows)

    def _made(self, count: int) -> np.ndarray:
        """The embeddings that were computed, rounded to float16 there, if they are to be and none is beyond its range."""
        if self._half:
            embeddings = np.empty((count, self._shape.output), np.float16)
            self._runner.read(self._graph.half, embeddings)
            if (embeddings.view(np.uint16) & 0x7FFF).max() < _INFINITE:
                return embeddings
        embeddings = np.empty((count, self._shape.output), np.float32)
        self._runner.read(self._graph.output, embeddings)
        return kept(embeddings, False)

    def _fitting(self, frame: Frame, max_tokens: int) -> tuple[int, int]:
        """Columns and rows of tokens, at most ``max_tokens`` (0: the cap)."""
        shape = self._shape
        size = fitting(
            frame.width, frame.height, max_tokens, lambda *size: math.prod(shape.grid(*size)), 2 * shape.patch_size
        )
        return shape.grid(*size)

    def _resized(self, rgb: np.ndarray, columns: int, rows: int) -> np.ndarray:
        side = 2 * self._shape.patch_size
        target = columns * side, rows * side
        if (rgb.shape[1], rgb.shape[0]) == target:
            return rgb
        shrinks = rgb.shape[1] * rgb.shape[0] > target[0] * target[1]
        return cv2.resize(rgb, target, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)


def _token(vocabulary: int, name: bytes) -> tuple[int, ...]:
    tokens = (llama_cpp.llama_token * 8)()
    count = llama_cpp.llama_tokenize(vocabulary, name, len(name), tokens, 8, False, True)
    if count != 1:
        raise Unsupported(f"the language model has no token {name.decode()}: it does not belong to this vision model")
    return (tokens[0],)


def _values(gguf: Gguf, name: str) -> np.ndarray:
    tensor = gguf.tensors[name]
    kind = np.float16 if tensor.type == ggml.F16 else np.float32
    return np.fromfile(gguf.path, kind, tensor.elements, offset=tensor.offset).reshape(tensor.shape[::-1])

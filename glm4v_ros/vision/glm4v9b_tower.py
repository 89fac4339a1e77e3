"""GLM-4v-9b's vision tower, EVA2-CLIP-E with a convolution and a gated projector, which llama.cpp does not have.

The structure is that of visual.py in the model's repository: post-norm blocks, class token, 2x2 convolution, projector.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import numpy as np

from glm4v_ros.catalog.gguf import Gguf
from glm4v_ros.errors import ModelFileError, Unsupported
from glm4v_ros.vision.frame import Frame
from glm4v_ros.vision.glm4v9b_graph import TowerGraph
from glm4v_ros.vision.glm4v9b_preprocess import patches
from glm4v_ros.vision.glm4v9b_shape import TowerShape
from glm4v_ros.vision.graph_runner import GraphRunner
from glm4v_ros.vision.graph_tower import GraphTower
from glm4v_ros.vision.half import kept
from glm4v_ros.vision.tower import EmbeddingRun, EncodeStopped, ImageTokens

_ON_HOST = ("v.boi", "v.eoi")  # begin and end of an image


class Glm4v9bTower(GraphTower):
    """Runs the tower as a ggml graph, made once when it is loaded and reused for every frame.

    ``gpu`` puts everything on the first GPU where there is one. Without ``flash_attention`` the attention is exact in
    float32 and needs 2.4 GiB more at full size.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        gpu: bool = True,
        threads: int = 0,
        flash_attention: bool = True,
        half: bool = False,
        progress: Callable[[], None] = lambda: None,
    ):
        super().__init__(gpu, threads, flash_attention, half, progress)
        self._path = Path(path)
        self._shape = self._read().shape

    @property
    def shape(self) -> TowerShape:
        return self._shape

    def _fill(self, runner: GraphRunner) -> None:
        shape, gguf = self._shape, self._read().gguf
        runner.load(gguf, [name for name in shape.tensors if name not in _ON_HOST], {}, self._progress)
        self._graph = TowerGraph(shape, runner.tensors, self._flash_attention, 128 + 64 * shape.blocks)
        runner.prepare(self._graph)
        self._ends = [np.fromfile(gguf.path, np.float32, shape.output, offset=gguf.tensors[name].offset) for name in _ON_HOST]
        self._progress()

    def encode(self, frame: Frame, max_tokens: int = 0, should_stop: Callable[[], bool] = lambda: False) -> ImageTokens:
        runner, shape = self._runner, self._shape
        if 0 < max_tokens < shape.tokens + 2:
            raise Unsupported(f"GLM-4v-9b takes {shape.tokens + 2} tokens for every image, {max_tokens} are allowed")
        pixels = patches(frame.rgb, shape.image_size, shape.patch_size, np.array(shape.mean), np.array(shape.std))
        if should_stop():
            raise EncodeStopped
        embeddings = np.empty((shape.tokens + 2, shape.output), np.float32)
        embeddings[0], embeddings[-1] = self._ends
        runner.write(self._graph.input, pixels)
        runner.compute(self._progress, should_stop)
        runner.read(self._graph.output, embeddings[1:-1])
        embeddings *= np.float32(shape.output_scale)
        return ImageTokens((EmbeddingRun(kept(embeddings, self._half), self._positions(), advance=3),))

    def _positions(self) -> np.ndarray:
        # The model gives all patches one position, between those of the begin and the end of the image. The column
        # tells the causal mask their order; it turns nothing, since the text model's sections leave that stream out.
        n = self._shape.tokens + 2
        positions = np.zeros((4, n), np.int32)
        positions[0, 1:] = 1
        positions[0, -1] = 2
        positions[2] = np.arange(n)
        return positions

    def _read(self) -> _File:
        gguf = Gguf.read(self._path)
        shape = TowerShape.of(gguf)
        for name, expected in shape.tensors.items():
            if name not in gguf.tensors:
                raise ModelFileError(f"{self._path} lacks the tensor {name}; convert the checkpoint again")
            if gguf.tensors[name].shape != expected:
                raise ModelFileError(f"{self._path}: {name} is {gguf.tensors[name].shape}, not {expected}")
        return _File(gguf, shape)


@dataclass(frozen=True)
class _File:
    gguf: Gguf
    shape: TowerShape

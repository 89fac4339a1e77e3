"""GLM-4v-9b's vision tower, EVA2-CLIP-E with a convolution and a gated projector, which llama.cpp does not have.

The structure is that of visual.py in the model's repository: post-norm blocks, class token, 2x2 convolution, projector.
"""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import numpy as np

from glm4v_ros.catalog.gguf import Gguf
from glm4v_ros.errors import EngineFailed, ModelFileError, OutOfMemory, Unsupported
from glm4v_ros.vision import ggml
from glm4v_ros.vision.frame import Frame
from glm4v_ros.vision.glm4v9b_preprocess import patches
from glm4v_ros.vision.half import halved
from glm4v_ros.vision.tower import EmbeddingRun, EncodeStopped, ImageTokens, VisionTower

PROJECTOR = "glm-4v-9b"


@dataclass(frozen=True)
class TowerShape:
    """Sizes of the tower, from the metadata of its GGUF."""

    image_size: int
    patch_size: int
    width: int
    blocks: int
    heads: int
    feed_forward: int
    output: int
    projector_feed_forward: int
    norm_epsilon: float
    projector_norm_epsilon: float
    output_scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of(cls, gguf: Gguf) -> TowerShape:
        if gguf.projector != PROJECTOR:
            raise ModelFileError(f"{gguf.path} is not GLM-4v-9b's vision tower: its projector is {gguf.projector!r}")
        try:
            value = gguf.metadata.__getitem__
            return cls(
                image_size=value("clip.vision.image_size"),
                patch_size=value("clip.vision.patch_size"),
                width=value("clip.vision.embedding_length"),
                blocks=value("clip.vision.block_count"),
                heads=value("clip.vision.attention.head_count"),
                feed_forward=value("clip.vision.feed_forward_length"),
                output=value("clip.vision.projection_dim"),
                projector_feed_forward=value("glm4v.vision.projector_feed_forward_length"),
                norm_epsilon=value("clip.vision.attention.layer_norm_epsilon"),
                projector_norm_epsilon=value("glm4v.vision.projector_layer_norm_epsilon"),
                output_scale=value("glm4v.vision.output_scale"),
                mean=value("clip.vision.image_mean"),
                std=value("clip.vision.image_std"),
            )
        except KeyError as error:
            raise ModelFileError(f"{gguf.path} lacks {error}; convert the checkpoint again") from None

    @property
    def side(self) -> int:
        """Patches along one side."""
        return self.image_size // self.patch_size

    @property
    def patches(self) -> int:
        return self.side**2

    @property
    def tokens(self) -> int:
        """Image tokens between the begin and the end of the image: one for 2x2 patches."""
        return (self.side // 2) ** 2

    @property
    def head_width(self) -> int:
        return self.width // self.heads

    @property
    def tensors(self) -> dict[str, tuple[int, ...]]:
        """Every tensor of the file with its shape, the fastest dimension first."""
        d, f, out, glu = self.width, self.feed_forward, self.output, self.projector_feed_forward
        shapes = {
            "v.patch_embd.weight": (3 * self.patch_size**2, d),
            "v.patch_embd.bias": (d,),
            "v.class_embd": (d,),
            "v.position_embd.weight": (d, self.patches),
            "mm.patch_merger.weight": (4 * d, out),
            "mm.patch_merger.bias": (out,),
            "mm.model.fc.weight": (out, out),
            "mm.post_fc_norm.weight": (out,),
            "mm.post_fc_norm.bias": (out,),
            "mm.gate.weight": (out, glu),
            "mm.up.weight": (out, glu),
            "mm.down.weight": (glu, out),
            "v.boi": (out,),
            "v.eoi": (out,),
        }
        for i in range(self.blocks):
            for name, columns, rows in (
                ("attn_qkv", d, 3 * d), ("attn_out", d, d), ("ffn_up", d, f), ("ffn_down", f, d)
            ):  # fmt: skip
                shapes[f"v.blk.{i}.{name}.weight"] = (columns, rows)
                shapes[f"v.blk.{i}.{name}.bias"] = (rows,)
            for name in ("ln1", "ln2"):
                shapes[f"v.blk.{i}.{name}.weight"] = shapes[f"v.blk.{i}.{name}.bias"] = (d,)
        return shapes


class Glm4v9bTower(VisionTower):
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
        ggml.require_checked_version()
        self._path = Path(path)
        self._shape = self._read().shape
        self._gpu = gpu
        self._threads = threads or len(os.sched_getaffinity(0))  # ggml's own default is four
        self._flash_attention = flash_attention
        self._half = half
        self._progress = progress
        self._runner: _Runner | None = None

    @property
    def shape(self) -> TowerShape:
        return self._shape

    @property
    def loaded(self) -> bool:
        return self._runner is not None

    @property
    def device(self) -> str:
        """Name of the device that computes; empty while the tower is not loaded."""
        return self._runner.device if self._runner else ""

    @property
    def weight_bytes(self) -> int:
        return self._runner.weight_bytes if self._runner else 0

    @property
    def compute_bytes(self) -> int:
        return self._runner.compute_bytes if self._runner else 0

    def load(self) -> None:
        if self._runner is None:
            runner = _Runner(self._shape, self._gpu, self._threads, self._flash_attention)
            try:
                runner.load(self._read().gguf, self._progress)
            except BaseException:
                runner.close()
                raise
            self._runner = runner

    def free(self) -> None:
        if self._runner is not None:
            self._runner.close()
            self._runner = None

    def encode(self, frame: Frame, max_tokens: int = 0, should_stop: Callable[[], bool] = lambda: False) -> ImageTokens:
        if self._runner is None:
            raise EngineFailed("the vision tower is not loaded")
        shape = self._shape
        if 0 < max_tokens < shape.tokens + 2:
            raise Unsupported(f"GLM-4v-9b takes {shape.tokens + 2} tokens for every image, {max_tokens} are allowed")
        pixels = patches(frame.rgb, shape.image_size, shape.patch_size, np.array(shape.mean), np.array(shape.std))
        if should_stop():
            raise EncodeStopped
        embeddings = np.empty((shape.tokens + 2, shape.output), np.float32)
        embeddings[0], embeddings[-1] = self._runner.boi, self._runner.eoi
        self._runner.compute(pixels, embeddings[1:-1], self._progress, should_stop)
        embeddings *= np.float32(shape.output_scale)
        return ImageTokens((EmbeddingRun(halved(embeddings) if self._half else embeddings, self._positions(), advance=3),))

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


class _Runner:
    """Everything that lives in ggml while the tower is loaded."""

    def __init__(self, shape: TowerShape, gpu: bool, threads: int, flash_attention: bool):
        self._shape = shape
        self._backends: list[int] = []
        self._contexts: list[int] = []
        self._buffer = self._scheduler = None
        self._flash_attention = flash_attention
        self._tensors: dict[str, int] = {}
        self._milestones: set[int] | None = None
        self._should_stop: Callable[[], bool] = lambda: False
        self._progress: Callable[[], None] = lambda: None
        self._failure: BaseException | None = None
        self._callback = ggml.EVAL_CALLBACK(self._evaluated)
        gpus = ggml.devices(ggml.GPU_DEVICE, ggml.INTEGRATED_GPU_DEVICE) if gpu else []
        devices = gpus[:1] + ggml.devices(ggml.CPU_DEVICE)[:1]
        if not devices:
            raise EngineFailed("this build of llama-cpp-python has no device to run the vision tower on")
        self.device = ggml.device_name(devices[0])
        self._on_gpu = bool(gpus)
        for handle in devices:
            backend = ggml.init_device(handle, None)
            if not backend:
                self.close()
                raise EngineFailed(f"ggml cannot start {ggml.device_name(handle)}")
            self._backends.append(backend)
        ggml.set_threads(self._backends[-1], threads)

    @property
    def weight_bytes(self) -> int:
        return ggml.buffer_size(self._buffer)

    @property
    def compute_bytes(self) -> int:
        return sum(ggml.compute_buffer_size(self._scheduler, backend) for backend in self._backends)

    def load(self, gguf: Gguf, progress: Callable[[], None]) -> None:
        self._load_weights(gguf, progress)
        self._build_graph()
        progress()

    def close(self) -> None:
        if self._scheduler:
            ggml.free_scheduler(self._scheduler)
        if self._buffer:
            ggml.free_buffer(self._buffer)
        for context in self._contexts:
            ggml.free(context)
        for backend in self._backends:
            ggml.free_backend(backend)
        self._scheduler = self._buffer = None
        self._contexts, self._backends = [], []

    def compute(
        self, pixels: np.ndarray, out: np.ndarray, progress: Callable[[], None], should_stop: Callable[[], bool]
    ) -> None:
        """``pixels`` (patches, 3 * patch_size**2) and ``out`` (tokens, output) are contiguous float32."""
        ggml.write_tensor(self._input, pixels.ctypes.data, 0, pixels.nbytes)
        self._progress, self._should_stop, self._failure = progress, should_stop, None
        status = ggml.compute(self._scheduler, self._graph)
        if self._failure is not None:  # an evaluation that was broken off reports success
            raise self._failure
        if status != ggml.SUCCESS:
            raise EngineFailed(f"the vision tower failed on {self.device} with ggml status {status}")
        ggml.read_tensor(self._output, out.ctypes.data, 0, out.nbytes)

    def _evaluated(self, tensor: int, ask: bool, _data: int) -> bool:
        # Asked, it says after which nodes to look; on a GPU that means to wait for it, so only once a block.
        try:
            if ask:
                return self._failure is None and (self._milestones is None or tensor in self._milestones)
            self._progress()
            if self._should_stop():
                self._failure = EncodeStopped()
        except BaseException as error:  # it cannot travel through C
            self._failure = error
        return self._failure is None

    def _load_weights(self, gguf: Gguf, progress: Callable[[], None]) -> None:
        context = ggml.new_context((len(gguf.tensors) + 1) * ggml.tensor_overhead())
        self._contexts.append(context)
        on_device = [name for name in self._shape.tensors if name not in ("v.boi", "v.eoi")]
        for name in on_device:
            tensor = gguf.tensors[name]
            self._tensors[name] = ggml.new_tensor_like(context, tensor.type, tensor.shape)
        self._buffer = ggml.allocate(context, self._backends[0])
        if not self._buffer:
            raise OutOfMemory(
                f"{self.device} has no room for the vision tower ({gguf.weight_bytes / 2**20:.0f} MiB); "
                "use a smaller quantisation or vision_resident: false"
            )
        ggml.set_usage(self._buffer, ggml.USAGE_WEIGHTS)
        data = np.memmap(gguf.path, np.uint8, "r")
        for name in on_device:
            tensor = gguf.tensors[name]
            part = data[tensor.offset : tensor.offset + tensor.bytes]
            ggml.write_tensor(self._tensors[name], part.ctypes.data, 0, part.nbytes)
            progress()
        self.boi, self.eoi = (
            np.frombuffer(data, np.float32, self._shape.output, gguf.tensors[name].offset).copy()
            for name in ("v.boi", "v.eoi")
        )

    def _build_graph(self) -> None:
        size = 128 + 64 * self._shape.blocks
        graph = _Graph(self._shape, self._tensors, self._flash_attention, size)
        self._contexts.append(graph.context)
        self._input, self._output, self._graph = graph.input, graph.output, graph.handle
        for attention in graph.attentions:
            if not ggml.supports_op(self._backends[0], attention):
                raise Unsupported(
                    f"{self.device} has no flash attention for head width {self._shape.head_width}; "
                    "set flash_attention: false"
                )
        backends = (ctypes.c_void_p * len(self._backends))(*self._backends)
        self._scheduler = ggml.new_scheduler(backends, None, len(backends), size, False, False)
        if not ggml.allocate_graph(self._scheduler, self._graph):
            raise OutOfMemory(f"{self.device} has no room for the vision tower's buffers; use vision_resident: false")
        self._milestones = set(graph.block_outputs) if self._on_gpu else None
        ggml.set_eval_callback(self._scheduler, self._callback, None)


class _Graph:
    """The tower's computation from patches to projected tokens; shapes in comments are ggml's, fastest first."""

    def __init__(self, shape: TowerShape, tensors: dict[str, int], flash_attention: bool, size: int):
        self._shape = shape
        self._tensors = tensors
        self._flash_attention = flash_attention
        self.attentions: list[int] = []
        self.block_outputs: list[int] = []
        self.context = ggml.new_context(size * ggml.tensor_overhead() + ggml.graph_overhead(size, False))
        self.input = ggml.new_tensor_like(self.context, ggml.F32, (3 * shape.patch_size**2, shape.patches))
        ggml.set_input(self.input)
        x = self._embed(self.input)
        for i in range(shape.blocks):
            x = self._block(x, f"v.blk.{i}.")
            self.block_outputs.append(x)
        self.output = self._project(x)
        ggml.set_output(self.output)
        self.handle = ggml.new_graph(self.context, size, False)
        ggml.build_forward(self.handle, self.output)

    def _embed(self, pixels: int) -> int:
        x = self._linear(pixels, "v.patch_embd")
        x = ggml.add(self.context, x, self._tensors["v.position_embd.weight"])
        # The class token goes last: attention does not mind, and the patches stay one block. (d, patches + 1)
        class_token = ggml.reshape_2d(self.context, self._tensors["v.class_embd"], self._shape.width, 1)
        return ggml.concat(self.context, x, class_token, 1)

    def _block(self, x: int, prefix: str) -> int:
        attended = self._linear(self._attention(self._linear(x, prefix + "attn_qkv")), prefix + "attn_out")
        x = ggml.add(self.context, x, self._norm(attended, prefix + "ln1", self._shape.norm_epsilon))
        mixed = self._feed_forward(x, prefix)
        return ggml.add(self.context, x, self._norm(mixed, prefix + "ln2", self._shape.norm_epsilon))

    def _feed_forward(self, x: int, prefix: str) -> int:
        """One half of the tokens after the other: its hidden layer is the widest there is, 375 MiB at full size."""
        c, d, n = self.context, self._shape.width, self._shape.patches + 1
        halves = []
        for start, stop in ((0, n // 2), (n // 2, n)):
            half = ggml.view_2d(c, x, d, stop - start, 4 * d, 4 * d * start)
            hidden = ggml.gelu_erf(c, self._linear(half, prefix + "ffn_up"))
            halves.append(self._linear(hidden, prefix + "ffn_down"))
        return ggml.concat(c, *halves, 1)

    def _attention(self, qkv: int) -> int:
        """(3 d, n) -> (d, n)"""
        c, d, n = self.context, self._shape.width, self._shape.patches + 1
        head, heads = self._shape.head_width, self._shape.heads
        # (head, n, heads) each, without a copy
        q, k, v = (
            ggml.permute(c, ggml.view_3d(c, qkv, head, heads, n, 4 * head, 4 * 3 * d, 4 * d * part), 0, 2, 1, 3)
            for part in range(3)
        )
        scale = head**-0.5
        if self._flash_attention:
            out = ggml.flash_attention(
                c, q, ggml.cast(c, k, ggml.F16), ggml.cast(c, v, ggml.F16), None, scale, 0.0, 0.0
            )
            ggml.set_accumulation(out, ggml.PRECISION_F32)
            self.attentions.append(out)
            return ggml.reshape_2d(c, out, d, n)  # it comes as (head, heads, n)
        weights = ggml.mul_mat(c, k, q)
        ggml.set_accumulation(weights, ggml.PRECISION_F32)
        weights = ggml.soft_max(c, weights, None, scale, 0.0)
        out = ggml.mul_mat(c, ggml.cont(c, ggml.permute(c, v, 1, 0, 2, 3)), weights)  # (head, n, heads)
        return ggml.reshape_2d(c, ggml.cont(c, ggml.permute(c, out, 0, 2, 1, 3)), d, n)

    def _project(self, x: int) -> int:
        """(d, patches + 1) -> (output, tokens)"""
        c, d, half = self.context, self._shape.width, self._shape.side // 2
        # The 2x2 convolution with stride 2 is one product over the four neighbours, gathered as (column, row) pairs.
        x = ggml.view_2d(c, x, d, self._shape.patches, 4 * d, 0)
        x = ggml.reshape_4d(c, x, 2 * d, half, 2, half)
        x = ggml.cont(c, ggml.permute(c, x, 0, 2, 1, 3))
        x = self._linear(ggml.reshape_2d(c, x, 4 * d, half * half), "mm.patch_merger")
        x = self._product(x, "mm.model.fc")
        x = ggml.gelu_erf(c, self._norm(x, "mm.post_fc_norm", self._shape.projector_norm_epsilon))
        x = ggml.swiglu_split(c, self._product(x, "mm.gate"), self._product(x, "mm.up"))
        return self._product(x, "mm.down")

    def _product(self, x: int, name: str) -> int:
        product = ggml.mul_mat(self.context, self._tensors[name + ".weight"], x)
        ggml.set_accumulation(product, ggml.PRECISION_F32)
        return product

    def _linear(self, x: int, name: str) -> int:
        return ggml.add(self.context, self._product(x, name), self._tensors[name + ".bias"])

    def _norm(self, x: int, name: str, epsilon: float) -> int:
        x = ggml.mul(self.context, ggml.norm(self.context, x, epsilon), self._tensors[name + ".weight"])
        return ggml.add(self.context, x, self._tensors[name + ".bias"])

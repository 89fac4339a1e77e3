"""What lives in ggml while GLM-4v-9b's vision tower is loaded: its devices, weights and graph."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import numpy as np

from glm4v_ros.catalog.gguf import Gguf
from glm4v_ros.errors import EngineFailed, OutOfMemory, Unsupported
from glm4v_ros.vision import ggml
from glm4v_ros.vision.glm4v9b_graph import TowerGraph
from glm4v_ros.vision.glm4v9b_shape import TowerShape
from glm4v_ros.vision.tower import EncodeStopped


class Runner:
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
        graph = TowerGraph(self._shape, self._tensors, self._flash_attention, size)
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

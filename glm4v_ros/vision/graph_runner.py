"""What lives in ggml while a vision tower of our own is loaded: its devices, weights and graph."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable
from typing import Protocol

import numpy as np

from glm4v_ros.catalog.gguf import Gguf
from glm4v_ros.errors import EngineFailed, Unsupported, memory_error
from glm4v_ros.vision import ggml
from glm4v_ros.vision.tower import EncodeStopped


class Graph(Protocol):
    """Handles of ggml's, in ``context``."""

    context: int
    handle: int
    inputs: int | None  # the context of tensors that have memory of their own; None where the graph's holds all
    size: int  # nodes that it has room for
    attentions: list[int]
    block_outputs: list[int]


class GraphRunner:
    """Everything that lives in ggml while the tower is loaded."""

    def __init__(self, gpu: bool, threads: int):
        self._backends: list[int] = []
        self._weights = self._buffer = self._inputs = self._scheduler = None
        self._graph: Graph | None = None
        #: By their names.
        self.tensors: dict[str, int] = {}
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
        #: Whether that is a GPU.
        self.on_gpu = bool(gpus)
        # With a GPU ggml does not say whose memory was short; a graph takes some of the system's, too.
        self._shortage = memory_error(self.on_gpu)
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

    def close(self) -> None:
        self._drop_graph()
        if self._scheduler:
            ggml.free_scheduler(self._scheduler)
        if self._buffer:
            ggml.free_buffer(self._buffer)
        if self._weights:
            ggml.free(self._weights)
        for backend in self._backends:
            ggml.free_backend(backend)
        self._buffer = self._weights = self._scheduler = None
        self._backends = []

    def _drop_graph(self) -> None:
        if self._scheduler:
            ggml.reset_scheduler(self._scheduler)  # its buffers stay, for a graph that takes no more
        if self._inputs:
            ggml.free_buffer(self._inputs)
        for context in (self._graph.context, self._graph.inputs) if self._graph else ():
            if context:
                ggml.free(context)
        self._inputs = self._graph = None

    def load(self, gguf: Gguf, names: Iterable[str], made: dict[str, np.ndarray], progress: Callable[[], None]) -> None:
        """Tensors of the file by their names, and those that were ``made`` of others of it: float32 or float16."""
        names = list(names)
        context = self._weights = ggml.new_context((len(names) + len(made) + 1) * ggml.tensor_overhead())
        for name in names:
            tensor = gguf.tensors[name]
            self.tensors[name] = ggml.new_tensor_like(context, tensor.type, tensor.shape)
        for name, values in made.items():
            kind = ggml.F16 if values.dtype == np.float16 else ggml.F32
            self.tensors[name] = ggml.new_tensor_like(context, kind, values.shape[::-1])
        self._buffer = ggml.allocate(context, self._backends[0])
        if not self._buffer:
            raise self._shortage(
                f"{self.device} has no room for the vision tower ({gguf.weight_bytes / 2**20:.0f} MiB); "
                "use a smaller quantisation or vision_resident: false"
            )
        ggml.set_usage(self._buffer, ggml.USAGE_WEIGHTS)
        data = np.memmap(gguf.path, np.uint8, "r")
        for name in names:
            tensor = gguf.tensors[name]
            self.write(self.tensors[name], data[tensor.offset : tensor.offset + tensor.bytes])
            progress()
        for name, values in made.items():
            self.write(self.tensors[name], values)

    def prepare(self, graph: Graph) -> None:
        """Makes ``graph`` the one to be computed, in place of the one before. Raises OutOfMemory, Unsupported."""
        self._drop_graph()
        self._graph = graph
        for attention in graph.attentions:
            if not ggml.supports_op(self._backends[0], attention):
                raise Unsupported(f"{self.device} has no flash attention for this vision tower; set flash_attention: false")
        if graph.inputs:
            self._inputs = ggml.allocate(graph.inputs, self._backends[0])
        if not self._scheduler:
            backends = (ctypes.c_void_p * len(self._backends))(*self._backends)
            self._scheduler = ggml.new_scheduler(backends, None, len(backends), graph.size, False, False)
            ggml.set_eval_callback(self._scheduler, self._callback, None)
        if (graph.inputs and not self._inputs) or not ggml.allocate_graph(self._scheduler, graph.handle):
            ggml.free_scheduler(self._scheduler)  # without its buffers it would crash at a smaller graph
            self._scheduler = None
            raise self._shortage(f"{self.device} has no room for the vision tower's buffers; use vision_resident: false")
        self._milestones = set(graph.block_outputs) if self.on_gpu else None

    @staticmethod
    def write(tensor: int, values: np.ndarray) -> None:
        """Contiguous values of the tensor's type and size."""
        ggml.write_tensor(tensor, values.ctypes.data, 0, values.nbytes)

    @staticmethod
    def read(tensor: int, out: np.ndarray) -> None:
        """Fills ``out``, contiguous and of the tensor's type and size."""
        ggml.read_tensor(tensor, out.ctypes.data, 0, out.nbytes)

    def compute(self, progress: Callable[[], None], should_stop: Callable[[], bool]) -> None:
        """Raises EncodeStopped, EngineFailed."""
        self._progress, self._should_stop, self._failure = progress, should_stop, None
        status = ggml.compute(self._scheduler, self._graph.handle)
        if self._failure is not None:  # an evaluation that was broken off reports success
            raise self._failure
        if status != ggml.SUCCESS:
            raise EngineFailed(f"the vision tower failed on {self.device} with ggml status {status}")

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

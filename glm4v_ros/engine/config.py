"""Everything the worker process needs to know before it starts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Protocol

from glm4v_ros.catalog.model import Model
from glm4v_ros.llama.config import LlamaConfig


class WorkerConfig(Protocol):
    """What the engine client needs to know of any worker."""

    #: The module that runs as the worker process; it speaks the messages of messages.py.
    worker: str
    model: Model
    gpu_layers: int
    max_parallel: int
    max_queue: int
    watchdog_timeout: float
    memory_limit_mib: int

    @property
    def portable(self) -> WorkerConfig:
        """The same in another working directory."""


@dataclass(frozen=True)
class EngineConfig(LlamaConfig):
    """How one model is run and asked. Zero means llama.cpp's own choice unless said otherwise."""

    worker: ClassVar[str] = "glm4v_ros.engine.worker"
    image_max_tokens: int = 0  # per image; 0: the model's own cap
    vision_resident: bool = True  # False: load the tower for each image and free it after
    max_queue: int = 16  # requests that wait; one more is BUSY
    prefix_tokens: int = 0  # KV cells that idle frames may keep; 0: half of the context. Four new frames at once take them all
    embedding_bytes: int = 256 << 20  # RAM for image embeddings of evicted frames, at most 128 of them
    session_idle_s: float = 600.0  # a session unused for so long is forgotten
    watchdog_timeout: float = 60.0  # seconds without progress in any stage before the worker is replaced
    memory_limit_mib: int = 0  # resident memory of the worker; 0: none

    @property
    def portable(self) -> EngineConfig:
        model = self.model
        text_path, vision_path = Path(model.text_path).resolve(), Path(model.vision_path).resolve()
        return replace(self, model=replace(model, text_path=text_path, vision_path=vision_path))

"""The client's hold on one worker process."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from typing import Any

from glm4v_ros.engine.config import WorkerConfig
from glm4v_ros.engine.messages import Start
from glm4v_ros.machine.module_process import ModuleProcess
from glm4v_ros.vision import shared_frame
from glm4v_ros.vision.frame import Frame


class WorkerProcess(ModuleProcess):
    """A fresh interpreter without rclpy."""

    def __init__(self, config: WorkerConfig):
        super().__init__(config.worker, _environment())
        self.send(Start(config.portable, logging.getLogger("glm4v_ros").getEffectiveLevel()))

    def send(
        self, message: Any, frames: Sequence[Frame] = (), on_error: Callable[[OSError], None] = lambda _: None
    ) -> None:
        """The frames' pixels are copied a little later; ``on_error`` is called from another thread when they cannot be, and then
        nothing is sent. What is sent to a dead worker is lost."""
        super().send(message, map(shared_frame.descriptor, frames), on_error)


def _environment() -> dict[str, str]:
    return {
        "CUBLAS_WORKSPACE_CONFIG": ":4096:2",  # 8 MiB a handle, not 32
        **os.environ,
        "GGML_NO_BACKTRACE": "1",  # else a debugger attaches when llama.cpp aborts
    }

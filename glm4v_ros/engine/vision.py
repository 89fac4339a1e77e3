"""The vision tower that goes with a language model."""

from __future__ import annotations

import os
from collections.abc import Callable

from glm4v_ros.engine.config import EngineConfig
from glm4v_ros.llama.language_model import LanguageModel
from glm4v_ros.llama.llama_log import LlamaLog
from glm4v_ros.vision.tower import VisionTower
from glm4v_ros.vision.towers import make_tower


def tower_of(config: EngineConfig, model: LanguageModel, log: LlamaLog, progress: Callable[[], None]) -> VisionTower:
    """As ``config`` says, not loaded yet."""
    return make_tower(
        config.model.vision_path, model.pointer, mrope=model.mrope, gpu=model.gpu_offload,
        threads=config.threads or len(os.sched_getaffinity(0)), flash_attention=config.flash_attention,
        max_tokens=config.image_max_tokens or config.model.image_max_tokens, half=model.half, take_error=log.take_error,
        progress=progress,
    )  # fmt: skip

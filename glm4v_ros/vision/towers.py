"""Which tower a vision model needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

from glm4v_ros.catalog.gguf import Gguf
from glm4v_ros.vision.tower import VisionTower

if TYPE_CHECKING:
    from glm4v_ros.engine.config import EngineConfig
    from glm4v_ros.engine.language_model import LanguageModel
    from glm4v_ros.engine.llama_log import LlamaLog


def make_tower(config: EngineConfig, model: LanguageModel, log: LlamaLog, progress: Callable[[], None]) -> VisionTower:
    """The tower for ``config.model.vision_path``, not loaded yet."""
    # Only what is needed is imported: a worker that replaces another is waited for.
    if Gguf.read(config.model.vision_path).projector == "glm-4v-9b":
        from glm4v_ros.vision.glm4v9b_tower import Glm4v9bTower

        return Glm4v9bTower(config.model.vision_path, gpu=config.gpu_layers != 0, threads=config.threads,
                            flash_attention=config.flash_attention, progress=progress)
    from glm4v_ros.vision.mtmd_tower import MtmdTower

    return MtmdTower(config.model.vision_path, model.pointer, mrope=model.mrope, threads=config.threads,
                     gpu=config.gpu_layers != 0, flash_attention=config.flash_attention,
                     max_tokens=config.image_max_tokens or config.model.image_max_tokens,
                     last_error=lambda: log.last_error, progress=progress)

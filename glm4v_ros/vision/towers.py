"""Which tower a vision model needs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from glm4v_ros.catalog.gguf import Gguf
from glm4v_ros.vision.tower import VisionTower


def make_tower(
    path: Path,
    language_model: int,
    *,
    mrope: bool,
    threads: int,
    gpu: bool,
    flash_attention: bool,
    max_tokens: int,
    half: bool,
    take_error: Callable[[], str],
    progress: Callable[[], None],
) -> VisionTower:
    """The tower for the vision model at ``path``, not loaded yet. The arguments are MtmdTower's."""
    common = dict(threads=threads, gpu=gpu, flash_attention=flash_attention, half=half, progress=progress)
    # Only what is needed is imported: a worker that replaces another is waited for.
    header, own = Gguf.read(path), os.environ.get("GLM4V_TOWER", "")
    if header.projector == "glm-4v-9b":
        from glm4v_ros.vision.glm4v9b_tower import Glm4v9bTower

        return Glm4v9bTower(path, **common)
    if own and mrope:
        from glm4v_ros.vision.glm4v_shape import Glm4vShape

        if Glm4vShape.fits(header):
            from glm4v_ros.vision.glm4v_tower import Glm4vTower

            return Glm4vTower(path, language_model, max_tokens=max_tokens, widen=own.removeprefix("own").strip("-"), **common)
    from glm4v_ros.vision.mtmd_tower import MtmdTower

    return MtmdTower(path, language_model, mrope=mrope, max_tokens=max_tokens, take_error=take_error, **common)

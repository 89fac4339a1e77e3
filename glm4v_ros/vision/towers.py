"""Which tower a vision model needs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from glm4v_ros.catalog.gguf import Gguf
from glm4v_ros.errors import Unsupported
from glm4v_ros.vision.tower import VisionTower

_HOPPER = 90  # compute capability


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
    header = Gguf.read(path)
    if header.projector == "glm-4v-9b":
        from glm4v_ros.vision.glm4v9b_tower import Glm4v9bTower

        return Glm4v9bTower(path, **common)
    if gpu and mrope and _ours_is_faster(header):
        from glm4v_ros.vision.glm4v_tower import Glm4vTower

        return Glm4vTower(path, language_model, max_tokens=max_tokens, **common)
    from glm4v_ros.vision.mtmd_tower import MtmdTower

    return MtmdTower(path, language_model, mrope=mrope, max_tokens=max_tokens, take_error=take_error, **common)


def _ours_is_faster(header: Gguf) -> bool:
    """With CUDA from Hopper on, where it was measured (benchmarks/towers.py). Where all products go through cuBLAS it gains little, and
    16 questions about a picture each ended in a CUDA error there."""
    from glm4v_ros.machine import cuda_context, ggml
    from glm4v_ros.vision.glm4v_shape import Glm4vShape

    if not ggml.gpu().startswith("CUDA") or cuda_context.capability() < _HOPPER or ggml.forces_cublas():
        return False
    if not Glm4vShape.fits(header):
        return False
    with suppress(Unsupported):  # this llama.cpp is another than its tests have run with
        from glm4v_ros.vision.ggml import require_checked_version

        require_checked_version()
        return True
    return False

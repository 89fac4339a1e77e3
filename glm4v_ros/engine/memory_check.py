"""Refuses a model that does not fit, with the numbers, before the kernel or a driver ends the process."""

from __future__ import annotations

from glm4v_ros.catalog.pair import Pair
from glm4v_ros.engine.config import EngineConfig
from glm4v_ros.engine.estimate import Estimate, estimate
from glm4v_ros.errors import HostOutOfMemory, memory_error
from glm4v_ros.llama.kv_types import kv_bytes
from glm4v_ros.machine.memory import available_memory

_GIB = 2**30
_PLENTY = 2 * _GIB  # more than buffers ever take: with so much to spare no plan is made


def check(config: EngineConfig, gpu: bool) -> None:
    """``gpu``: llama.cpp can use one. Raises OutOfMemory, and what ``estimate`` raises.

    A model of which only some layers go to the GPU is not judged: which memory it needs where is llama.cpp's own choice.
    """
    if not gpu or config.gpu_layers == 0:
        pair = Pair.of(config.model)
        free, _ = available_memory()
        certain = pair.text.weight_bytes + pair.vision.weight_bytes
        certain += kv_bytes(pair.text, config.context_tokens, config.kv_type)
        if certain + _PLENTY < free:
            return
        if certain > free:
            raise HostOutOfMemory(
                f"{config.model.name} takes {certain / _GIB:.1f} GiB for weights and KV cache alone, and "
                f"{free / _GIB:.1f} GiB are free. {_ADVICE}"
            )
    elif config.gpu_layers > 0:
        return
    plan = estimate(config)
    if not plan.fits:
        raise memory_error(plan.on_gpu)(_refusal(config, plan))


_ADVICE = "Use a smaller model, fewer context_tokens, kv_type q8_0, or a smaller image_max_tokens"


def _refusal(config: EngineConfig, plan: Estimate) -> str:
    parts = {
        "language weights": plan.text_weights,
        "vision weights": plan.vision_weights,
        "KV cache": plan.kv,
        "buffers": plan.text_buffers + plan.vision_buffers,
    }
    listed = ", ".join(f"{name} {size / _GIB:.2f}" for name, size in parts.items())
    return (
        f"{config.model.name} takes {plan.peak / _GIB:.2f} GiB ({listed}), and {plan.device.name} has "
        f"{plan.device.free / _GIB:.2f} GiB free. {_ADVICE}"
    )

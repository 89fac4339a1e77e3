"""What llama.cpp needs to know to run a language model."""

from __future__ import annotations

from dataclasses import dataclass

from glm4v_ros.catalog.model import Model

MOST_DRAFTED = 6  # tokens that are guessed to follow one of an answer


@dataclass(frozen=True)
class LlamaConfig:
    """How one model is run. Zero means llama.cpp's own choice unless said otherwise."""

    model: Model
    context_tokens: int = 4096  # KV cells, shared by all sequences
    batch_tokens: int = 512  # most tokens in one decode; a new frame is prefilled in chunks of it
    threads: int = 0  # 0: every core
    gpu_layers: int = -1  # -1: all that fit, 0: CPU
    flash_attention: bool = True
    kv_type: str = "f16"  # f32, f16, q8_0
    mmap: bool = True
    max_parallel: int = 8  # requests that share a decode
    speculation: bool = True  # prompt-lookup drafting

"""What keys and values are kept in, and how much that takes."""

from __future__ import annotations

from glm4v_ros.catalog.gguf import TYPES, Gguf

KV_TYPES = {"f32": 0, "f16": 1, "q8_0": 8}  # ggml_type


def kv_bytes(text: Gguf, cells: int, kv_type: str) -> int:
    """Keys and values of every layer for ``cells`` tokens."""
    heads = text.own("attention.head_count_kv", text.own("attention.head_count"))
    width = text.own("embedding_length") // text.own("attention.head_count")
    keys, vectors = text.own("attention.key_length", width), text.own("attention.value_length", width)
    layers = text.own("block_count") - text.own("nextn_predict_layers", 0)
    heads_of_all = sum(heads) if isinstance(heads, tuple) else heads * layers
    _, values, size = TYPES[KV_TYPES[kv_type]]
    return cells * heads_of_all * (keys + vectors) * size // values

"""How much memory a vision tower takes while it encodes."""

from __future__ import annotations

from glm4v_ros.catalog.gguf import Gguf


def buffer_bytes(vision: Gguf, image_tokens: int, flash_attention: bool) -> int:
    """About what one picture's activations take at once: the widest moment of a block, in float32.

    That is the feed-forward (its input, both halves of a gated one and their product, what stays for the residual) or the attention
    (query, key and value, their copies, the residual); without flash attention, every head's weights over all pairs of
    patches besides.
    """
    value = vision.metadata.get
    width, heads = value("clip.vision.embedding_length", 0), value("clip.vision.attention.head_count", 1)
    if vision.projector == "glm-4v-9b":
        patches, attention = (value("clip.vision.image_size") // value("clip.vision.patch_size")) ** 2 + 1, 6 * width
    else:  # with rotary positions, which copy
        patches, attention = 4 * image_tokens, int(6.5 * width)
    up, gate = (vision.tensors.get(f"v.blk.0.ffn_{name}.weight") for name in ("up", "gate"))
    feed_forward = sum(tensor.shape[1] for tensor in (up, gate) if tensor)
    if vision.projector == "glm-4v-9b":
        feed_forward //= 2  # half of the patches after the other
    elif gate:
        feed_forward += gate.shape[1]  # their product
    pixels = 3 * value("clip.vision.patch_size", 0) ** 2 if vision.projector == "glm-4v-9b" else 0  # they stay
    blocks = 4 * patches * (max(feed_forward + 2 * width, attention) + pixels)
    return blocks if flash_attention else blocks + 4 * heads * patches**2

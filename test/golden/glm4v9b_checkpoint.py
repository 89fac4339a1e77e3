"""Tiny glm-4v-9b checkpoints with every part of the real one, the same on every machine, without PyTorch."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

SPECIAL = (
    "<|endoftext|>", "[MASK]", "[gMASK]", "[sMASK]", "<sop>", "<eop>", "<|system|>", "<|user|>", "<|assistant|>",
    "<|observation|>", "<|begin_of_image|>", "<|end_of_image|>", "<|begin_of_video|>", "<|end_of_video|>",
)  # fmt: skip
CORPUS = (
    "the pressure on the gauge is 3.5 bar and the pump is running. What does the label say? It's 24 V, don't touch! "
    "压力表的读数是多少？水泵正在运行，请不要触摸。"
    "The valve is closed, they're open; 12345 rpm\n\n    indented lines\t\r\n"
)


@dataclass(frozen=True)
class Shape:
    """Sizes as in config.json; the small ones keep every ratio that the code depends on."""

    width: int = 128
    layers: int = 3
    heads: int = 4
    kv_heads: int = 2
    feed_forward: int = 160
    vocabulary: int = 384
    vision_width: int = 224  # two heads of 112, like the real ones
    vision_layers: int = 3
    vision_heads: int = 2
    vision_feed_forward: int = 320
    image: int = 140
    patch: int = 14
    rope_ratio: float | None = None
    scaling_factor: int = 8
    dtype: str = "F32"
    extra: dict = field(default_factory=dict)

    @property
    def head(self) -> int:
        return self.width // self.heads


#: The checkpoints of the golden vectors: as the real config.json has it, and with what it could have.
VARIANTS = {"plain": Shape(), "stretched": Shape(rope_ratio=3.5, scaling_factor=4, kv_heads=1, image=84)}


def ranks() -> dict[bytes, int]:
    """A byte-level BPE learnt from CORPUS: the bytes in an order of their own, then merges by how often pairs occur."""
    vocabulary = {bytes([(b * 7 + 3) % 256]): b for b in range(256)}
    words = [[bytes([b]) for b in word.encode()] for word in CORPUS.replace(" ", "\0 ").split("\0")]
    while len(vocabulary) < 340:
        counts: dict[bytes, int] = {}
        for word in words:
            for a, b in zip(word, word[1:]):
                counts[a + b] = counts.get(a + b, 0) + 1
        best = max(counts, key=lambda pair: (counts[pair], pair))
        vocabulary[best] = len(vocabulary)
        for word in words:
            i = 0
            while i < len(word) - 1:
                if word[i] + word[i + 1] == best:
                    word[i : i + 2] = [best]
                i += 1
    return vocabulary


def special_ids() -> dict[str, int]:
    return {text: 340 + i for i, text in enumerate(SPECIAL)}


def config(shape: Shape) -> dict:
    ids = special_ids()
    values = {
        "model_type": "chatglm", "architectures": ["ChatGLMModel"], "add_bias_linear": False, "add_qkv_bias": True,
        "apply_residual_connection_post_layernorm": False, "ffn_hidden_size": shape.feed_forward,
        "hidden_size": shape.width, "kv_channels": shape.head, "layernorm_epsilon": 1.5625e-07,
        "multi_query_attention": True, "multi_query_group_num": shape.kv_heads, "num_attention_heads": shape.heads,
        "num_layers": shape.layers, "original_rope": True, "padded_vocab_size": shape.vocabulary,
        "post_layer_norm": True, "rmsnorm": True, "seq_length": 8192, "tie_word_embeddings": False,
        "eos_token_id": [ids["<|endoftext|>"], ids["<|user|>"], ids["<|observation|>"]],
        "vision_config": {
            "hidden_act": "gelu", "in_channels": 3, "num_hidden_layers": shape.vision_layers,
            "hidden_size": shape.vision_width, "patch_size": shape.patch, "num_heads": shape.vision_heads,
            "intermediate_size": shape.vision_feed_forward, "layer_norm_eps": 1e-06,
            "num_positions": (shape.image // shape.patch) ** 2 + 1, "image_size": shape.image,
            "scaling_factor": shape.scaling_factor,
        },
    }  # fmt: skip
    if shape.rope_ratio is not None:
        values["rope_ratio"] = shape.rope_ratio
    return {**values, **shape.extra}


def shapes(shape: Shape) -> dict[str, tuple[int, ...]]:
    """Every tensor of the checkpoint in PyTorch's order."""
    d, kv, f, v = shape.width, shape.kv_heads * shape.head, shape.feed_forward, shape.vocabulary
    tensors = {
        "transformer.embedding.word_embeddings.weight": (v, d),
        "transformer.encoder.final_layernorm.weight": (d,),
        "transformer.output_layer.weight": (v, d),
        "transformer.rotary_pos_emb.inv_freq": (shape.head // 4,),
    }
    for i in range(shape.layers):
        layer = f"transformer.encoder.layers.{i}."
        tensors[layer + "input_layernorm.weight"] = tensors[layer + "post_attention_layernorm.weight"] = (d,)
        tensors[layer + "self_attention.query_key_value.weight"] = (d + 2 * kv, d)
        tensors[layer + "self_attention.query_key_value.bias"] = (d + 2 * kv,)
        tensors[layer + "self_attention.dense.weight"] = (d, d)
        tensors[layer + "mlp.dense_h_to_4h.weight"] = (2 * f, d)
        tensors[layer + "mlp.dense_4h_to_h.weight"] = (d, f)
    w, vf = shape.vision_width, shape.vision_feed_forward
    root = "transformer.vision."
    tensors.update({
        root + "boi": (1, 1, d), root + "eoi": (1, 1, d),
        root + "patch_embedding.cls_embedding": (1, w),
        root + "patch_embedding.proj.weight": (w, 3, shape.patch, shape.patch),
        root + "patch_embedding.proj.bias": (w,),
        root + "patch_embedding.position_embedding.weight": ((shape.image // shape.patch) ** 2 + 1, w),
        root + "conv.weight": (d, w, 2, 2), root + "conv.bias": (d,),
        root + "linear_proj.linear_proj.weight": (d, d),
        root + "linear_proj.norm1.weight": (d,), root + "linear_proj.norm1.bias": (d,),
        root + "linear_proj.gate_proj.weight": (f, d), root + "linear_proj.dense_h_to_4h.weight": (f, d),
        root + "linear_proj.dense_4h_to_h.weight": (d, f),
    })  # fmt: skip
    for i in range(shape.vision_layers):
        layer = f"{root}transformer.layers.{i}."
        for name, rows, columns in (
            ("attention.query_key_value", 3 * w, w), ("attention.dense", w, w), ("mlp.fc1", vf, w), ("mlp.fc2", w, vf)
        ):  # fmt: skip
            tensors[f"{layer}{name}.weight"], tensors[f"{layer}{name}.bias"] = (rows, columns), (rows,)
        for name in ("input_layernorm", "post_attention_layernorm"):
            tensors[f"{layer}{name}.weight"] = tensors[f"{layer}{name}.bias"] = (w,)
    return tensors


def values(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Random float32 values of a fitting size. Raw Philox words, so that no numpy version draws them differently."""
    words = np.random.Philox(key=_key(name)).random_raw(int(np.prod(shape)))
    uniform = (words >> np.uint64(40)).astype(np.float32) / np.float32(1 << 23) - np.float32(1)  # [-1, 1)
    if name.endswith("bias") or len(shape) == 1 and "norm" not in name:
        return (uniform * np.float32(0.3)).reshape(shape)
    if "norm" in name:
        return (np.float32(1) + uniform * np.float32(0.3)).reshape(shape)
    fan_in = 1 if "embed" in name else int(np.prod(shape[1:]))
    if "boi" in name or "eoi" in name:
        fan_in = 1
    if "output_layer" in name:
        fan_in /= 16  # logits far enough apart for an argmax that rounding cannot turn
    return (uniform * np.float32(np.sqrt(3 / fan_in))).reshape(shape)


def _key(name: str) -> int:
    key = 0
    for byte in name.encode():
        key = (key * 257 + byte) % (1 << 61)
    return key


def write(directory: Path, shape: Shape, parts: int = 2, only: str = "") -> Path:
    """Writes config, tokenizer and safetensors; ``only`` "text" or "vision" leaves the other half's tensors out."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "config.json").write_text(json.dumps(config(shape), indent=1))
    lines = [base64.b64encode(token) + b" %d\n" % rank for token, rank in ranks().items()]
    (directory / "tokenizer.model").write_bytes(b"".join(lines))
    added = {str(i): {"content": text, "special": True} for text, i in special_ids().items()}
    (directory / "tokenizer_config.json").write_text(json.dumps({"added_tokens_decoder": added}))
    names = [name for name in shapes(shape) if not only or (".vision." in name) == (only == "vision")]
    weight_map = {}
    for part in range(parts):
        file = f"model-{part + 1:05}-of-{parts:05}.safetensors"
        mine = names[part::parts]
        write_safetensors(directory / file, {name: values(name, shapes(shape)[name]) for name in mine}, shape.dtype)
        weight_map.update(dict.fromkeys(mine, file))
    (directory / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    return directory


def write_safetensors(path: Path, tensors: dict[str, np.ndarray], dtype: str) -> None:
    header, data, at = {}, [], 0
    for name, array in tensors.items():
        if dtype == "BF16":  # cut, not rounded
            raw = (array.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16).tobytes()
        else:
            raw = array.astype({"F32": np.float32, "F16": np.float16}[dtype]).tobytes()
        header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [at, at + len(raw)]}
        data.append(raw)
        at += len(raw)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(data))


def picture() -> np.ndarray:
    """A picture that is not square, with edges, a gradient and noise; (70, 153, 3) uint8."""
    height, width = 70, 153
    noise = (np.random.Philox(key=11).random_raw(height * width * 3) >> np.uint64(58)).astype(np.int64)
    y, x, c = np.indices((height, width, 3))
    stripes = ((x // 9 + y // 13 + c) % 2) * 110
    return np.clip(stripes + x * (c + 1) // 4 + noise.reshape(height, width, 3), 0, 255).astype(np.uint8)

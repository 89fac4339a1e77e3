#!/usr/bin/env python3
"""Writes a GLM-4V model of random weights in the exact shape, types and sizes of GLM-4.6V-Flash at Q4_K_M.

    python benchmarks/random_model.py DIR [--shape 9b | tiny]

For speed and memory, about which it says as much as the real one; its answers are noise. The blocks are drawn as they lie
in the file, so that 7 GB take seconds. Makes DIR/text.gguf and DIR/vision.gguf.
"""

from __future__ import annotations

import argparse
import itertools
import string
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path

import gguf
import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from training.tokenizer import CHAT_TEMPLATE, SPECIAL  # noqa: E402

F16, F32, Q4_K, Q5_0, Q6_K, Q8_0 = (
    getattr(gguf.GGMLQuantizationType, name) for name in ("F16", "F32", "Q4_K", "Q5_0", "Q6_K", "Q8_0")
)


@dataclass(frozen=True)
class Shape:
    """The numbers of a GLM-4V model; ``merge`` x ``merge`` patches make one token."""

    name: str
    width: int = 4096
    layers: int = 40
    heads: int = 32
    kv_heads: int = 2
    head_size: int = 128
    feed_forward: int = 13696
    vocabulary: int = 151552
    context: int = 131072
    vision_width: int = 1536
    vision_layers: int = 24
    vision_heads: int = 12
    projector_feed_forward: int = 13696
    image: int = 336
    patch: int = 14
    merge: int = 2

    @property
    def rope_sections(self) -> list[int]:
        """Rotary pairs of time, row and column; half of each head is turned."""
        pairs = self.head_size // 4
        return [pairs // 4, pairs * 3 // 8, pairs * 3 // 8, 0]


SHAPES = {
    "9b": Shape("GLM-4.6V-Flash's shape"),
    "tiny": Shape("a tiny shape", 512, 4, 8, 2, 64, 1376, 4096, 8192, 256, 2, 4, 512),
}

_WORDS = ("what", "is", "the", "serial", "number")

Tensors = dict[str, "tuple[tuple[int, ...], gguf.GGMLQuantizationType]"]  # shape, slowest dimension first


def text_tensors(s: Shape) -> Tensors:
    """The types are those that llama.cpp's Q4_K_M gives to each tensor."""
    head, kv = s.heads * s.head_size, s.kv_heads * s.head_size
    tensors: Tensors = {
        "token_embd.weight": ((s.vocabulary, s.width), Q4_K),
        "output_norm.weight": ((s.width,), F32),
        "output.weight": ((s.vocabulary, s.width), Q6_K),
    }
    for layer in range(s.layers):
        better = layer < s.layers // 8 or layer >= 7 * s.layers // 8 or (layer - s.layers // 8) % 3 == 2
        for name, rows, columns, kind in (
            ("attn_q", head, s.width, Q4_K),
            ("attn_k", kv, s.width, Q4_K),
            ("attn_v", kv, s.width, Q6_K if better else Q4_K),
            ("attn_output", s.width, head, Q4_K),
            ("ffn_up", 2 * s.feed_forward, s.width, Q4_K),
            ("ffn_down", s.width, s.feed_forward, Q6_K if better else Q4_K),
        ):
            if columns % 256:  # a row is no whole number of the large blocks
                kind = {Q4_K: Q5_0, Q6_K: Q8_0}[kind]
            tensors[f"blk.{layer}.{name}.weight"] = (rows, columns), kind
            if name in ("attn_q", "attn_k", "attn_v"):
                tensors[f"blk.{layer}.{name}.bias"] = (rows,), F32
        for name in ("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm"):
            tensors[f"blk.{layer}.{name}.weight"] = (s.width,), F32
    return tensors


def vision_tensors(s: Shape, kind: gguf.GGMLQuantizationType = Q8_0) -> Tensors:
    """Matrices at ``kind``; the merging convolution stays at F16, vectors and the first convolution at F32."""
    wide, ff = s.vision_width, s.projector_feed_forward
    patch = (wide, 3, s.patch, s.patch)
    tensors: Tensors = {
        "v.position_embd.weight": (((s.image // s.patch) ** 2, wide), F32),
        "v.patch_embd.weight": (patch, F32),
        "v.patch_embd.weight.1": (patch, F32),
        "v.patch_embd.bias": ((wide,), F32),
        "v.norm_embd.weight": ((wide,), F32),
        "v.post_ln.weight": ((wide,), F32),
        "mm.patch_merger.weight": ((s.width, wide, s.merge, s.merge), F16),
        "mm.patch_merger.bias": ((s.width,), F32),
        "mm.model.fc.weight": ((s.width, s.width), kind),
        "mm.post_norm.weight": ((s.width,), F32),
        "mm.post_norm.bias": ((s.width,), F32),
        "mm.gate.weight": ((ff, s.width), kind),
        "mm.up.weight": ((ff, s.width), kind),
        "mm.down.weight": ((s.width, ff), kind),
    }
    for layer in range(s.vision_layers):
        tensors.update({
            f"v.blk.{layer}.ln1.weight": ((wide,), F32),
            f"v.blk.{layer}.ln2.weight": ((wide,), F32),
            f"v.blk.{layer}.attn_qkv.weight": ((3 * wide, wide), kind),
            f"v.blk.{layer}.attn_out.weight": ((wide, wide), kind),
            f"v.blk.{layer}.ffn_gate.weight": ((s.width, wide), kind),
            f"v.blk.{layer}.ffn_up.weight": ((s.width, wide), kind),
            f"v.blk.{layer}.ffn_down.weight": ((wide, s.width), kind),
        })  # fmt: skip
    return tensors


def size(tensors: Tensors) -> int:
    """Bytes of all tensors."""
    return sum(prod(_byte_shape(*entry)) for entry in tensors.values())


def _byte_shape(shape: tuple[int, ...], kind: gguf.GGMLQuantizationType) -> tuple[int, ...]:
    values, length = gguf.GGML_QUANT_SIZES[kind]
    return (*shape[:-1], shape[-1] // values * length)


def draw(name: str, shape: tuple[int, ...], kind: gguf.GGMLQuantizationType, random: np.random.Generator) -> np.ndarray:
    """The tensor as bytes, its values even around zero with a spread of 1/sqrt(inputs); gains are 1, biases 0."""
    byte_shape = _byte_shape(shape, kind)
    if kind == F32 and len(shape) == 1:
        return np.full(shape, 0.0 if name.endswith("bias") else 1.0, np.float32).view(np.uint8)
    spread = prod(shape[1:]) ** -0.5
    if kind in (F32, F16):
        values = random.standard_normal(shape, np.float32) * np.float32(spread)
        return values.astype(np.float32 if kind == F32 else np.float16).reshape(shape[0], -1).view(np.uint8)
    _, length = gguf.GGML_QUANT_SIZES[kind]
    count = prod(byte_shape)
    blocks = random.integers(0, 2**64, -(-count // 8), np.uint64).view(np.uint8)[:count].reshape(-1, length)

    def put(at: int, value: float) -> None:
        blocks[:, at : at + 2] = np.frombuffer(np.float16(value).tobytes(), np.uint8)

    # The spread of q even over 16, 32, 64 and 256 steps is 4.61, 9.23, 18.5 and 73.9.
    if kind == Q4_K:  # d, dmin, 12 bytes that hold six bits for each scale and minimum: here 0b000100 for all, q
        put(0, spread / 4.61 / 4)
        put(2, spread / 4.61 / 4 * 7.5)
        blocks[:, 4:12] = 4
        blocks[:, 12:16] = 0x44
    elif kind == Q6_K:  # low bits, high bits, 16 scales, d
        blocks[:, 192:208] = 4
        put(208, spread / 18.5 / 4)
    else:
        put(0, spread / (9.23 if kind == Q5_0 else 73.9))
    return blocks.reshape(byte_shape)


def vocabulary(count: int) -> Iterator[tuple[str, float]]:
    """Tokens with their scores: special ones, bytes, characters, whole words and numbers as below, and then words of two letters
    and more, so that every token is text."""
    letters = ("".join(word) for length in itertools.count(2) for word in itertools.product(string.ascii_lowercase, repeat=length))
    characters = ["\n", "▁", *(chr(code) for code in range(33, 127))]
    plain = itertools.chain(SPECIAL, (f"<0x{i:02X}>" for i in range(256)), characters)
    tokens = itertools.chain(((token, 0.0) for token in plain), ((token, 1.0) for token in _whole()), ((word, 0.0) for word in letters))
    return itertools.islice(tokens, count)


def _whole() -> Iterator[str]:
    """A common English word with the space before it is one token of GLM-4's vocabulary of this size, and so is a number of up to three
    digits: the words of the benchmarks' questions, and the beginnings through which llama.cpp's tokeniser comes to them."""
    words = ["▁" + word for word in _WORDS]
    yield from dict.fromkeys(word[:end] for word in words for end in range(2, len(word) + 1))
    yield from (str(number) for number in range(10, 1000))


def write_text(path: Path, s: Shape) -> None:
    writer = gguf.GGUFWriter(path, "glm4")
    _describe(writer, s, gguf.LlamaFileType.MOSTLY_Q4_K_M)
    writer.add_context_length(s.context)
    writer.add_embedding_length(s.width)
    writer.add_block_count(s.layers)
    writer.add_feed_forward_length(s.feed_forward)
    writer.add_head_count(s.heads)
    writer.add_head_count_kv(s.kv_heads)
    writer.add_key_length(s.head_size)
    writer.add_value_length(s.head_size)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(500000.0)
    writer.add_rope_dimension_count(s.head_size // 2)
    writer.add_rope_dimension_sections(s.rope_sections)
    writer.add_vocab_size(s.vocabulary)
    tokens, scores = zip(*vocabulary(s.vocabulary))
    types = [gguf.TokenType.CONTROL] * len(SPECIAL) + [gguf.TokenType.BYTE] * 256
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types([*types, *[gguf.TokenType.NORMAL] * (len(tokens) - len(types))])
    writer.add_add_space_prefix(False)
    writer.add_add_bos_token(False)
    writer.add_add_eos_token(False)
    for add in (writer.add_bos_token_id, writer.add_eos_token_id, writer.add_unk_token_id, writer.add_pad_token_id):
        add(SPECIAL.index("<|endoftext|>"))
    writer.add_eot_token_id(SPECIAL.index("<|user|>"))
    writer.add_chat_template(CHAT_TEMPLATE)
    _write(writer, text_tensors(s), 1)


def write_vision(path: Path, s: Shape, kind: gguf.GGMLQuantizationType = Q8_0) -> None:
    writer = gguf.GGUFWriter(path, "clip")
    writer.add_type(gguf.GGUFType.MMPROJ)
    file_type = gguf.LlamaFileType.MOSTLY_F16 if kind == F16 else gguf.LlamaFileType.MOSTLY_Q8_0
    _describe(writer, s, file_type)
    writer.add_clip_has_vision_encoder(True)
    writer.add_clip_projector_type("glm4v")
    writer.add_vision_use_silu(True)
    writer.add_vision_projection_dim(s.width)
    writer.add_vision_image_size(s.image)
    writer.add_vision_patch_size(s.patch)
    writer.add_vision_embedding_length(s.vision_width)
    writer.add_vision_feed_forward_length(s.width)
    writer.add_vision_block_count(s.vision_layers)
    writer.add_vision_head_count(s.vision_heads)
    writer.add_vision_attention_layernorm_eps(1e-5)
    writer.add_vision_spatial_merge_size(s.merge)
    writer.add_vision_image_mean([0.5] * 3)
    writer.add_vision_image_std([0.5] * 3)
    _write(writer, vision_tensors(s, kind), 2)


def _describe(writer: gguf.GGUFWriter, s: Shape, file_type: gguf.LlamaFileType) -> None:
    writer.add_name(f"random weights in {s.name}")
    writer.add_file_type(file_type)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)


def _write(writer: gguf.GGUFWriter, tensors: Tensors, seed: int) -> None:
    for name, (shape, kind) in tensors.items():
        values, _ = gguf.GGML_QUANT_SIZES[kind]
        if values > 1:
            writer.add_tensor_info(name, _byte_shape(shape, kind), np.dtype(np.uint8), prod(_byte_shape(shape, kind)), kind)
        else:
            dtype = np.dtype(np.float32 if kind == F32 else np.float16)
            writer.add_tensor_info(name, shape, dtype, prod(shape) * dtype.itemsize, kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    random = np.random.Generator(np.random.SFC64(seed))
    for name, (shape, kind) in tensors.items():
        writer.write_tensor_data(draw(name, shape, kind, random))
    writer.close()


def make(directory: Path, shape: Shape, tower: str = "Q8_0") -> tuple[Path, Path]:
    """The two files; one that is there already is left as it is. ``tower``: Q8_0 or F16."""
    directory.mkdir(parents=True, exist_ok=True)
    paths = directory / "text.gguf", directory / ("vision.gguf" if tower == "Q8_0" else "vision-f16.gguf")

    def write_tower(path: Path, shape: Shape) -> None:
        write_vision(path, shape, gguf.GGMLQuantizationType[tower])

    for path, write in zip(paths, (write_text, write_tower)):
        if not path.is_file():
            part = path.with_suffix(".part")
            write(part, shape)
            part.rename(path)
    return paths


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("--shape", choices=SHAPES, default="9b")
    parser.add_argument("--tower", choices=("Q8_0", "F16"), default="Q8_0", help="type of the vision tower (default: Q8_0)")
    args = parser.parse_args()
    for path in make(args.directory, SHAPES[args.shape], args.tower):
        print(f"{path}: {path.stat().st_size / 1e9:.3f} GB")


if __name__ == "__main__":
    main()

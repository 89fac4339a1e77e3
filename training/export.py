"""A checkpoint to the GGUF files that llama.cpp runs: text at f32, f16 and Q4_K_M, vision at f32, f16 and Q8_0.

    python -m training.export CHECKPOINT OUT_DIR
"""

from __future__ import annotations

import argparse
from pathlib import Path

import gguf
import numpy as np

from glm4v_ros.catalog.quantise import quantise
from training.checkpoint import load
from training.config import (
    IMAGE_MAX_TOKENS,
    IMAGE_MEAN,
    IMAGE_STD,
    TOKEN_PIXELS,
    NanoConfig,
)
from training.tokenizer import CHAT_TEMPLATE, SPECIAL, Tokenizer

NAME = "glm4v-nano"

TEXT_NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "post_self_attn_layernorm": "post_attention_norm",
    "post_mlp_layernorm": "post_ffw_norm",
}

VISION_NAMES = {
    "embeddings.position_embedding": "v.position_embd",
    "patch_embed.proj": "v.patch_embd",
    "post_conv_layernorm": "v.norm_embd",
    "post_layernorm": "v.post_ln",
    "downsample": "mm.patch_merger",
    "merger.proj": "mm.model.fc",
    "merger.post_projection_norm": "mm.post_norm",
    "merger.gate_proj": "mm.gate",
    "merger.up_proj": "mm.up",
    "merger.down_proj": "mm.down",
}

BLOCK_NAMES = {
    "norm1": "ln1",
    "norm2": "ln2",
    "attn.qkv": "attn_qkv",
    "attn.proj": "attn_out",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def split_name(name: str) -> tuple[str, str]:
    stem, _, kind = name.rpartition(".")
    return stem, kind


def halves_first(weight: np.ndarray, heads: int, turned: int) -> np.ndarray:
    """GLM turns neighbouring pairs, llama.cpp's M-RoPE turns the first half with the second: reorder each head's rows."""
    rows = weight.reshape(heads, -1, *weight.shape[1:])
    part = rows[:, :turned]
    return np.concatenate((part[:, 0::2], part[:, 1::2], rows[:, turned:]), axis=1).reshape(weight.shape)


def add(writer: gguf.GGUFWriter, name: str, tensor: np.ndarray, kind: gguf.GGMLQuantizationType) -> None:
    """Matrices at ``kind``, vectors at f32; what does not divide into blocks stays at f16."""
    tensor = np.ascontiguousarray(tensor, dtype=np.float32)
    if tensor.ndim == 1 or name == "v.position_embd.weight":
        kind = gguf.GGMLQuantizationType.F32
    elif kind == gguf.GGMLQuantizationType.Q8_0 and (tensor.ndim != 2 or tensor.shape[-1] % 32):
        kind = gguf.GGMLQuantizationType.F16
    writer.add_tensor(name, gguf.quants.quantize(tensor, kind), raw_dtype=kind)


def describe(writer: gguf.GGUFWriter, name: str, file_type: gguf.LlamaFileType) -> None:
    writer.add_name(name)
    writer.add_license("apache-2.0")
    writer.add_file_type(file_type)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)


def write_text(path: Path, state: dict[str, np.ndarray], c: NanoConfig, tokenizer: Tokenizer, kind: gguf.GGMLQuantizationType):
    writer = gguf.GGUFWriter(path, "glm4")
    describe(writer, NAME, gguf.LlamaFileType.MOSTLY_F16 if kind == gguf.GGMLQuantizationType.F16 else gguf.LlamaFileType.ALL_F32)
    writer.add_context_length(c.max_positions)
    writer.add_embedding_length(c.text_hidden)
    writer.add_block_count(c.text_layers)
    writer.add_feed_forward_length(c.text_ffn)
    writer.add_head_count(c.text_heads)
    writer.add_head_count_kv(c.text_kv_heads)
    writer.add_key_length(c.head_dim)
    writer.add_value_length(c.head_dim)
    writer.add_layer_norm_rms_eps(c.rms_eps)
    writer.add_rope_freq_base(c.rope_theta)
    writer.add_rope_dimension_count(c.head_dim // 2)
    writer.add_rope_dimension_sections([*c.mrope_section, 0])
    writer.add_vocab_size(c.vocab_size)

    tokens = tokenizer.tokens + [f"<unused{i}>" for i in range(c.vocab_size - len(tokenizer.tokens))]
    types = [gguf.TokenType.CONTROL] * len(SPECIAL) + [gguf.TokenType.BYTE] * 256
    types += [gguf.TokenType.NORMAL] * (len(tokenizer.tokens) - len(types))
    types += [gguf.TokenType.UNUSED] * (len(tokens) - len(types))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types(types)
    writer.add_add_space_prefix(False)
    writer.add_add_bos_token(False)
    writer.add_add_eos_token(False)
    writer.add_bos_token_id(tokenizer.id("<|endoftext|>"))
    writer.add_eos_token_id(tokenizer.id("<|endoftext|>"))
    writer.add_eot_token_id(tokenizer.id("<|user|>"))
    writer.add_unk_token_id(tokenizer.id("<|endoftext|>"))
    writer.add_pad_token_id(tokenizer.id("<|endoftext|>"))
    writer.add_chat_template(CHAT_TEMPLATE)

    add(writer, "token_embd.weight", state["model.language_model.embed_tokens.weight"], kind)
    add(writer, "output_norm.weight", state["model.language_model.norm.weight"], kind)
    add(writer, "output.weight", state["lm_head.weight"], kind)
    for layer in range(c.text_layers):
        prefix = f"model.language_model.layers.{layer}."
        for name, tensor in state.items():
            if name.startswith(prefix):
                stem, part = split_name(name[len(prefix) :])
                if stem == "self_attn.q_proj":
                    tensor = halves_first(tensor, c.text_heads, c.head_dim // 2)
                elif stem == "self_attn.k_proj":
                    tensor = halves_first(tensor, c.text_kv_heads, c.head_dim // 2)
                add(writer, f"blk.{layer}.{TEXT_NAMES[stem]}.{part}", tensor, kind)
    close(writer)


def write_vision(path: Path, state: dict[str, np.ndarray], c: NanoConfig, kind: gguf.GGMLQuantizationType):
    writer = gguf.GGUFWriter(path, "clip")
    writer.add_type(gguf.GGUFType.MMPROJ)
    file_type = {
        gguf.GGMLQuantizationType.F32: gguf.LlamaFileType.ALL_F32,
        gguf.GGMLQuantizationType.F16: gguf.LlamaFileType.MOSTLY_F16,
        gguf.GGMLQuantizationType.Q8_0: gguf.LlamaFileType.MOSTLY_Q8_0,
    }[kind]
    describe(writer, f"{NAME} vision", file_type)
    writer.add_clip_has_vision_encoder(True)
    writer.add_clip_projector_type("glm4v")
    writer.add_vision_use_silu(True)
    writer.add_vision_projection_dim(c.text_hidden)
    writer.add_vision_image_size(c.image_size)
    writer.add_vision_patch_size(c.patch)
    writer.add_vision_embedding_length(c.vision_hidden)
    writer.add_vision_feed_forward_length(c.text_hidden)
    writer.add_vision_block_count(c.vision_layers)
    writer.add_vision_head_count(c.vision_heads)
    writer.add_vision_attention_layernorm_eps(c.rms_eps)
    writer.add_vision_spatial_merge_size(c.merge)
    writer.add_vision_image_mean(IMAGE_MEAN)
    writer.add_vision_image_std(IMAGE_STD)
    writer.add_vision_max_pixels(IMAGE_MAX_TOKENS * TOKEN_PIXELS**2)

    prefix = "model.visual."
    for name, tensor in state.items():
        if not name.startswith(prefix):
            continue
        stem, part = split_name(name[len(prefix) :])
        if stem.startswith("blocks."):
            _, block, stem = stem.split(".", 2)
            add(writer, f"v.blk.{block}.{BLOCK_NAMES[stem]}.{part}", tensor, kind)
        elif name.endswith("patch_embed.proj.weight"):
            add(writer, "v.patch_embd.weight", tensor[:, :, 0], kind)
            add(writer, "v.patch_embd.weight.1", tensor[:, :, 1], kind)
        else:
            add(writer, f"{VISION_NAMES[stem]}.{part}", tensor, kind)
    close(writer)


def close(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()

    tokenizer = Tokenizer.load()
    c = NanoConfig(vocab_size=len(tokenizer))
    state = {name: tensor.float().numpy() for name, tensor in load(arguments.checkpoint).items()}
    arguments.out.mkdir(parents=True, exist_ok=True)
    kinds = gguf.GGMLQuantizationType
    for kind in (kinds.F32, kinds.F16):
        write_text(arguments.out / f"{NAME}-text-{kind.name.lower()}.gguf", state, c, tokenizer, kind)
    for kind in (kinds.F32, kinds.F16, kinds.Q8_0):
        write_vision(arguments.out / f"{NAME}-vision-{kind.name.lower()}.gguf", state, c, kind)
    text = [arguments.out / f"{NAME}-text-{kind}.gguf" for kind in ("f32", "q4_k_m")]
    quantise(*text, "Q4_K_M", 0, lambda done, of: None)
    for path in sorted(arguments.out.glob("*.gguf")):
        print(f"{path.stat().st_size / 1e6:8.2f} MB  {path.name}")


if __name__ == "__main__":
    main()

"""A checkpoint from shipped GGUF files, so that training can go on where no checkpoint was kept.

    python -m training.restore TEXT_GGUF VISION_GGUF CHECKPOINT [--seen MILLIONS]

The weights come back with the error of their quantisation, which a few hundred steps undo. The per-patch reading, used in
training only, is not in the files and starts anew. Where charset.txt has grown since, a token's rows are found by its character, and
the rows of new ones are drawn with the mean and the deviation, channel by channel, of the old ones.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import gguf
import numpy as np
import torch

from training import checkpoint
from training.config import NanoConfig
from training.export import BLOCK_NAMES, TEXT_NAMES, VISION_NAMES
from training.tokenizer import Tokenizer


def read(path: Path) -> dict[str, np.ndarray]:
    """Tensors by name, f32, in PyTorch's order of dimensions."""
    tensors = {}
    for t in gguf.GGUFReader(path).tensors:
        values = gguf.quants.dequantize(t.data, t.tensor_type)
        tensors[t.name] = np.array(values, np.float32).reshape([int(n) for n in reversed(t.shape)])
    return tensors


def tokens_of(path: Path) -> list[str]:
    """The vocabulary of a text GGUF."""
    return gguf.GGUFReader(path).fields["tokenizer.ggml.tokens"].contents()


def moved(rows: np.ndarray, old: list[str], new: list[str], size: int, first_character: int) -> np.ndarray:
    """(size, hidden) rows for the tokens `new` out of those of `old`; the rows of characters that `old` lacks are drawn."""
    place = {token: i for i, token in enumerate(old)}
    characters = rows[[place[token] for token in new[first_character:] if token in place]]
    rng = np.random.default_rng(0)
    out = rng.normal(characters.mean(0), characters.std(0), (size, rows.shape[1])).astype(np.float32)
    for i, token in enumerate(new):
        if token in place:
            out[i] = rows[place[token]]
    return out


def pairs_first(weight: np.ndarray, heads: int, turned: int) -> np.ndarray:
    """Undoes export.halves_first."""
    rows = weight.reshape(heads, -1, *weight.shape[1:]).copy()
    half = turned // 2
    part = rows[:, :turned].copy()
    rows[:, 0:turned:2], rows[:, 1:turned:2] = part[:, :half], part[:, half:]
    return rows.reshape(weight.shape)


def restore(text: dict[str, np.ndarray], vision: dict[str, np.ndarray], c: NanoConfig) -> dict[str, np.ndarray]:
    state = {
        "model.language_model.embed_tokens.weight": text["token_embd.weight"],
        "model.language_model.norm.weight": text["output_norm.weight"],
        "lm_head.weight": text["output.weight"],
    }
    for layer in range(c.text_layers):
        for stem, name in TEXT_NAMES.items():
            for part in ("weight", "bias"):
                tensor = text.get(f"blk.{layer}.{name}.{part}")
                if tensor is None:
                    continue
                if name in ("attn_q", "attn_k"):
                    heads = c.text_heads if name == "attn_q" else c.text_kv_heads
                    tensor = pairs_first(tensor, heads, c.head_dim // 2)
                state[f"model.language_model.layers.{layer}.{stem}.{part}"] = tensor
    kernels = [vision.pop("v.patch_embd.weight"), vision.pop("v.patch_embd.weight.1")]
    state["model.visual.patch_embed.proj.weight"] = np.stack(kernels, axis=2)
    stems = {name: stem for stem, name in VISION_NAMES.items()}
    blocks = {name: stem for stem, name in BLOCK_NAMES.items()}
    for name, tensor in vision.items():
        stem, _, part = name.rpartition(".")
        if stem.startswith("v.blk."):
            _, _, block, kind = stem.split(".")
            state[f"model.visual.blocks.{block}.{blocks[kind]}.{part}"] = tensor
        else:
            state[f"model.visual.{stems[stem]}.{part}"] = tensor
    return state


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=Path)
    parser.add_argument("vision", type=Path)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--seen", type=float, default=0.0, help="million pictures that the weights have seen, for the curriculum")
    a = parser.parse_args()
    tokenizer = Tokenizer.load()
    c = NanoConfig(vocab_size=len(tokenizer))
    state = restore(read(a.text), read(a.vision), c)
    old = tokens_of(a.text)
    for name in ("model.language_model.embed_tokens.weight", "lm_head.weight"):
        state[name] = moved(state[name], old, tokenizer.tokens, len(tokenizer), tokenizer.first_character)
    checkpoint.save({k: torch.from_numpy(v) for k, v in state.items()}, a.checkpoint, seen=a.seen, steps=0, slices=0)
    grown = len(set(tokenizer.tokens) - set(old))
    print(f"{grown} new tokens, {len(state)} tensors, {sum(v.size for v in state.values()) / 1e6:.1f} M weights")


if __name__ == "__main__":
    main()

"""The same weights in transformers' own ``Glm4vForConditionalGeneration``: the proof that the architecture is GLM-4V's.

    python -m training.transformers_model CHECKPOINT     compares both on a random picture and conversation
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from transformers import Glm4vConfig, Glm4vForConditionalGeneration

from training.checkpoint import load
from training.config import NanoConfig
from training.model import Nano
from training.tokenizer import Tokenizer


def configuration(c: NanoConfig, tokenizer: Tokenizer) -> Glm4vConfig:
    return Glm4vConfig(
        text_config={
            "vocab_size": c.vocab_size,
            "hidden_size": c.text_hidden,
            "intermediate_size": c.text_ffn,
            "num_hidden_layers": c.text_layers,
            "num_attention_heads": c.text_heads,
            "num_key_value_heads": c.text_kv_heads,
            "rms_norm_eps": c.rms_eps,
            "max_position_embeddings": c.max_positions,
            "attention_bias": True,
            "pad_token_id": tokenizer.id("<|endoftext|>"),
            "eos_token_id": [tokenizer.id("<|endoftext|>"), tokenizer.id("<|user|>")],
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": c.rope_theta,
                "partial_rotary_factor": 0.5,
                "mrope_section": list(c.mrope_section),
            },
        },
        vision_config={
            "depth": c.vision_layers,
            "hidden_size": c.vision_hidden,
            "num_heads": c.vision_heads,
            "attention_bias": False,
            "image_size": c.image_size,
            "patch_size": c.patch,
            "spatial_merge_size": c.merge,
            "temporal_patch_size": 2,
            "rms_norm_eps": c.rms_eps,
            "out_hidden_size": c.text_hidden,
            "intermediate_size": c.merger_ffn,
        },
        image_token_id=tokenizer.id("<|image|>"),
        image_start_token_id=tokenizer.id("<|begin_of_image|>"),
        image_end_token_id=tokenizer.id("<|end_of_image|>"),
        tie_word_embeddings=False,
    )


def build(state: dict[str, torch.Tensor], c: NanoConfig, tokenizer: Tokenizer) -> Glm4vForConditionalGeneration:
    model = Glm4vForConditionalGeneration(configuration(c, tokenizer)).float().eval()
    model.load_state_dict({k: v.float() for k, v in state.items() if not k.startswith("reader.")}, strict=True)
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    a = parser.parse_args()
    tokenizer = Tokenizer.load()
    c = NanoConfig(vocab_size=len(tokenizer))
    state = load(a.checkpoint)
    ours = Nano(c).eval()
    ours.load_state_dict({k: v.float() for k, v in state.items() if not k.startswith("reader.")})
    theirs = build(state, c, tokenizer)

    torch.manual_seed(1)
    images = torch.randint(0, 256, (1, 168, 252, 3), dtype=torch.uint8)
    ids = torch.tensor([tokenizer.conversation([("What is the model?", "H3U-32MR/ES"), ("型号?", "H3U")], 54)[0]])
    with torch.no_grad():
        hidden, _ = ours(images, ids)
        mine = ours.lm_head(hidden)
        patches = ours.model.visual.patches(images)[0]
        pixels = patches.view(-1, 3, 1, 14, 14).expand(-1, -1, 2, -1, -1).reshape(len(patches), -1)
        reference = theirs(
            input_ids=ids,
            pixel_values=pixels,
            image_grid_thw=torch.tensor([[1, 12, 18]]),
            mm_token_type_ids=(ids == tokenizer.id("<|image|>")).int(),
        ).logits
    error = ((mine - reference).norm() / reference.norm()).item()
    print(f"logits differ by {error:.2e} relative; argmax equal: {bool((mine.argmax(-1) == reference.argmax(-1)).all())}")
    if error > 1e-4:
        raise SystemExit("the models differ")


if __name__ == "__main__":
    main()

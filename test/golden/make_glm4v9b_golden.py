"""Computes the golden vectors of the tiny glm-4v-9b checkpoints with PyTorch, in float64.

    python test/golden/make_glm4v9b_golden.py        writes test/golden/glm4v9b_*.npz and glm4v9b_tokens.json

Needs torch, tiktoken and Pillow; the tests need none of them, only the files written here. The forward pass is written
from the model's published structure (visual.py, modeling_chatglm.py) and shares nothing with the code under test but the
checkpoint.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import tiktoken
import torch
import torch.nn.functional as F
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))
from golden import glm4v9b_checkpoint as tiny  # noqa: E402

HERE = Path(__file__).parent
QUESTION = "What does the gauge say?"
SENTENCES = (
    "What does the label say?", "压力表的读数是多少？", "It's 12345 rpm,\n\n  they're open; DON'T  touch!", " \t\r\n x\r\n\r\n",
    "naïve café 🤖 ½ 3.5bar", "<|user|> is text here", "", "a", "水泵正在运行，请不要触摸。",
)  # fmt: skip
PATTERN = (  # tokenization_chatglm.py's
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


class Reference:
    """glm-4v-9b's forward pass over named tensors."""

    def __init__(self, shape: tiny.Shape):
        self.shape = shape
        self.weights = {
            name: torch.from_numpy(tiny.values(name, size)).double() for name, size in tiny.shapes(shape).items()
        }

    def __getitem__(self, name: str) -> torch.Tensor:
        return self.weights["transformer." + name]

    def linear(self, x, name, bias=False):
        return F.linear(x, self[name + ".weight"], self[name + ".bias"] if bias else None)

    def vision(self, rgb: np.ndarray) -> torch.Tensor:
        """(n + 2, width): begin, patches, end, divided by the scaling factor."""
        s = self.shape
        image = Image.fromarray(rgb).resize((s.image, s.image), Image.Resampling.BICUBIC)
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1).to(torch.float32).div(255)  # ToTensor
        pixels = (pixels - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]  # Normalize
        root = "vision.patch_embedding."
        x = F.conv2d(pixels.double()[None], self[root + "proj.weight"], self[root + "proj.bias"], stride=s.patch)
        x = torch.cat([self[root + "cls_embedding"], x[0].flatten(1).T]) + self[root + "position_embedding.weight"]
        for i in range(s.vision_layers):
            layer = f"vision.transformer.layers.{i}."
            x = x + self.layer_norm(self.vision_attention(x, layer + "attention."), layer + "input_layernorm")
            hidden = self.linear(F.gelu(self.linear(x, layer + "mlp.fc1", True)), layer + "mlp.fc2", True)
            x = x + self.layer_norm(hidden, layer + "post_attention_layernorm")
        side = s.image // s.patch
        x = x[1:].T.reshape(1, s.vision_width, side, side)
        x = F.conv2d(x, self["vision.conv.weight"], self["vision.conv.bias"], stride=2)[0].flatten(1).T
        x = self.linear(x, "vision.linear_proj.linear_proj")
        x = F.gelu(self.layer_norm(x, "vision.linear_proj.norm1", 1e-5))
        x = F.silu(self.linear(x, "vision.linear_proj.gate_proj")) * self.linear(x, "vision.linear_proj.dense_h_to_4h")
        x = self.linear(x, "vision.linear_proj.dense_4h_to_h")
        return torch.cat([self["vision.boi"][0], x, self["vision.eoi"][0]]) / s.scaling_factor

    def vision_attention(self, x, name):
        n, w = x.shape
        heads = self.shape.vision_heads
        q, k, v = (p.reshape(n, heads, -1).transpose(0, 1) for p in self.linear(x, name + "query_key_value", True).chunk(3, -1))
        out = F.scaled_dot_product_attention(q, k, v)
        return self.linear(out.transpose(0, 1).reshape(n, w), name + "dense", True)

    def layer_norm(self, x, name, eps=1e-6):
        return F.layer_norm(x, x.shape[-1:], self[name + ".weight"], self[name + ".bias"], eps)

    def rms_norm(self, x, name):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1.5625e-07) * self[name + ".weight"]

    def embed(self, ids: list[int]) -> torch.Tensor:
        return self["embedding.word_embeddings.weight"][ids]

    def text(self, x: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        """(n, width) embeddings at (n,) positions -> (n, vocabulary) logits."""
        s = self.shape
        rotation = self.rotation(positions)
        for i in range(s.layers):
            layer = f"encoder.layers.{i}."
            h = self.rms_norm(x, layer + "input_layernorm")
            x = x + self.text_attention(h, layer + "self_attention.", rotation)
            h = self.rms_norm(x, layer + "post_attention_layernorm")
            gate, up = self.linear(h, layer + "mlp.dense_h_to_4h").chunk(2, -1)
            x = x + self.linear(F.silu(gate) * up, layer + "mlp.dense_4h_to_h")
        return self.linear(self.rms_norm(x, "encoder.final_layernorm"), "output_layer")

    def rotation(self, positions):
        dim = self.shape.head // 2
        base = 10000 * (self.shape.rope_ratio or 1)
        frequency = 1.0 / base ** (torch.arange(0, dim, 2).double() / dim)
        angle = positions.double()[:, None] * frequency
        return torch.cos(angle), torch.sin(angle)

    def text_attention(self, h, name, rotation):
        s, n = self.shape, len(h)
        q, k, v = self.linear(h, name + "query_key_value", True).split(
            [s.width, s.kv_heads * s.head, s.kv_heads * s.head], -1
        )
        q = self.rotate(q.reshape(n, s.heads, s.head), rotation).transpose(0, 1)
        k = self.rotate(k.reshape(n, s.kv_heads, s.head), rotation).transpose(0, 1)
        v = v.reshape(n, s.kv_heads, s.head).transpose(0, 1)
        k, v = (t.repeat_interleave(s.heads // s.kv_heads, 0) for t in (k, v))
        out = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.linear(out.transpose(0, 1).reshape(n, s.width), name + "dense")

    def rotate(self, x, rotation):
        """Neighbouring pairs of the first half of each head; the second half stays."""
        cos, sin = (r[:, None, :] for r in rotation)
        turning, still = x.chunk(2, -1)
        even, odd = turning[..., 0::2], turning[..., 1::2]
        turned = torch.stack([even * cos - odd * sin, odd * cos + even * sin], -1).flatten(-2)
        return torch.cat([turned, still], -1)


def greedy(reference: Reference, x: torch.Tensor, positions: torch.Tensor, count: int) -> list[int]:
    tokens = []
    for _ in range(count):
        logits = reference.text(x, positions)[-1]
        best = logits.topk(2).values
        assert best[0] - best[1] > 1e-3, "two tokens are too close for a test of greedy decoding; change the weights"
        tokens.append(int(logits.argmax()))
        x = torch.cat([x, reference.embed(tokens[-1:])])
        positions = torch.cat([positions, positions[-1:] + 1])
    return tokens


def main() -> None:
    torch.manual_seed(0)
    encoding = tiktoken.Encoding("tiny", pat_str=PATTERN, mergeable_ranks=tiny.ranks(), special_tokens={})
    special = tiny.special_ids()
    encode = lambda text: encoding.encode(text, disallowed_special=())  # noqa: E731
    (HERE / "glm4v9b_tokens.json").write_text(
        json.dumps([{"text": text, "tokens": encode(text)} for text in SENTENCES], ensure_ascii=False, indent=1) + "\n"
    )
    head = [special["[gMASK]"], special["<sop>"], special["<|user|>"], *encode("\n")]
    tail = [*encode(QUESTION), special["<|assistant|>"]]
    for name, shape in tiny.VARIANTS.items():
        reference = Reference(shape)
        image = reference.vision(tiny.picture())
        text = reference.embed(head + tail)
        text_positions = torch.arange(len(text))
        mixed = torch.cat([reference.embed(head), image, reference.embed(tail)])
        p = len(head)  # the begin of the image, all patches one behind it, the end one further
        mixed_positions = torch.tensor(
            [*range(p), p, *[p + 1] * (len(image) - 2), p + 2, *range(p + 3, p + 3 + len(tail))]
        )
        np.savez_compressed(
            HERE / f"glm4v9b_{name}.npz",
            head=np.array(head, np.int32),
            tail=np.array(tail, np.int32),
            image=image.numpy().astype(np.float32),
            text_logits=reference.text(text, text_positions).numpy().astype(np.float32),
            mixed_logits=reference.text(mixed, mixed_positions).numpy().astype(np.float32),
            text_greedy=np.array(greedy(reference, text, text_positions, 32), np.int32),
            mixed_greedy=np.array(greedy(reference, mixed, mixed_positions, 32), np.int32),
            # What the engine writes: it puts the newline behind the header itself.
            answer_greedy=np.array(
                greedy(
                    reference,
                    torch.cat([mixed, reference.embed(encode("\n"))]),
                    torch.cat([mixed_positions, mixed_positions[-1:] + 1]),
                    32,
                ),
                np.int32,
            ),
        )


if __name__ == "__main__":
    main()

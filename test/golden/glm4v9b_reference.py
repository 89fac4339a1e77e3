"""glm-4v-9b's forward pass in PyTorch, written from its published structure (visual.py, modeling_chatglm.py).

It shares nothing with the code under test but the checkpoint, and is used only to make golden vectors and benchmarks.
"""

from __future__ import annotations

from typing import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from golden.glm4v9b_checkpoint import Shape

MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


class Reference:
    """Computes in the type and on the device of ``weights``, which are named as in the checkpoint."""

    def __init__(self, shape: Shape, weights: Mapping[str, torch.Tensor]):
        self.shape = shape
        self.weights = weights
        some = next(iter(weights.values()))
        self.dtype, self.device = some.dtype, some.device

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
        pixels = pixels.to(self.device, self.dtype)
        x = F.conv2d(pixels[None], self[root + "proj.weight"], self[root + "proj.bias"], stride=s.patch)
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
        q, k, v = (
            p.reshape(n, heads, -1).transpose(0, 1) for p in self.linear(x, name + "query_key_value", True).chunk(3, -1)
        )
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
        frequency = 1.0 / base ** (torch.arange(0, dim, 2, device=self.device).double() / dim)
        angle = positions.to(self.device).double()[:, None] * frequency
        return torch.cos(angle).to(self.dtype), torch.sin(angle).to(self.dtype)

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

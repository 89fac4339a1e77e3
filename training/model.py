"""glm4v-nano in PyTorch: transformers' ``Glm4vForConditionalGeneration``, parameter for parameter, one grid a batch.

Parameter names are those of transformers, so that a state dict loads there unchanged (``transformers_model.py``).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.config import NanoConfig
from training.norm import RMSNorm
from training.vision_tower import Vision


def _rotate_pairs(x: Tensor) -> Tensor:
    return torch.stack((-x[..., 1::2], x[..., 0::2]), dim=-1).flatten(-2)


class TextAttention(nn.Module):
    def __init__(self, c: NanoConfig):
        super().__init__()
        self.heads, self.kv_heads, self.head_dim = c.text_heads, c.text_kv_heads, c.head_dim
        self.q_proj = nn.Linear(c.text_hidden, c.text_heads * c.head_dim)
        self.k_proj = nn.Linear(c.text_hidden, c.text_kv_heads * c.head_dim)
        self.v_proj = nn.Linear(c.text_hidden, c.text_kv_heads * c.head_dim)
        self.o_proj = nn.Linear(c.text_heads * c.head_dim, c.text_hidden, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        b, n, _ = x.shape
        q = self.q_proj(x).view(b, n, self.heads, self.head_dim).transpose(1, 2)
        k = self.k_proj(x).view(b, n, self.kv_heads, self.head_dim).transpose(1, 2)
        v = self.v_proj(x).view(b, n, self.kv_heads, self.head_dim).transpose(1, 2)
        turned = cos.shape[-1]
        q, k = (
            torch.cat(((y[..., :turned] * cos + _rotate_pairs(y[..., :turned]) * sin).to(v.dtype), y[..., turned:]), dim=-1)
            for y in (q, k)
        )
        share = self.heads // self.kv_heads
        k, v = (y[:, :, None].expand(-1, -1, share, -1, -1).reshape(b, self.heads, n, self.head_dim) for y in (k, v))
        x = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.o_proj(x.transpose(1, 2).reshape(b, n, -1))


class TextMLP(nn.Module):
    def __init__(self, c: NanoConfig):
        super().__init__()
        self.gate_up_proj = nn.Linear(c.text_hidden, 2 * c.text_ffn, bias=False)
        self.down_proj = nn.Linear(c.text_ffn, c.text_hidden, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        gate, up = self.gate_up_proj(x).chunk(2, dim=-1)
        return self.down_proj(F.silu(gate) * up)


class TextLayer(nn.Module):
    def __init__(self, c: NanoConfig):
        super().__init__()
        self.self_attn = TextAttention(c)
        self.mlp = TextMLP(c)
        self.input_layernorm = RMSNorm(c.text_hidden, c.rms_eps)
        self.post_attention_layernorm = RMSNorm(c.text_hidden, c.rms_eps)
        self.post_self_attn_layernorm = RMSNorm(c.text_hidden, c.rms_eps)
        self.post_mlp_layernorm = RMSNorm(c.text_hidden, c.rms_eps)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        x = x + self.post_self_attn_layernorm(self.self_attn(self.input_layernorm(x), cos, sin))
        return x + self.post_mlp_layernorm(self.mlp(self.post_attention_layernorm(x)))


class Text(nn.Module):
    def __init__(self, c: NanoConfig):
        super().__init__()
        self.config = c
        self.embed_tokens = nn.Embedding(c.vocab_size, c.text_hidden)
        self.layers = nn.ModuleList(TextLayer(c) for _ in range(c.text_layers))
        self.norm = RMSNorm(c.text_hidden, c.rms_eps)

    def rotation(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """cos and sin (n, head_dim/2) of M-RoPE for (3, n) time, row and column positions."""
        turned = self.config.head_dim // 2
        frequency = 1.0 / (
            self.config.rope_theta ** (torch.arange(0, turned, 2, device=positions.device).float() / turned)
        )
        angles = positions[..., None].float() * frequency
        parts = angles.split(list(self.config.mrope_section), dim=-1)
        angles = torch.cat([part[i] for i, part in enumerate(parts)], dim=-1).repeat_interleave(2, dim=-1)
        return angles.cos(), angles.sin()

    def forward(self, x: Tensor, positions: Tensor) -> Tensor:
        cos, sin = self.rotation(positions)
        for layer in self.layers:
            x = layer(x, cos, sin)
        return self.norm(x)


class Inner(nn.Module):
    def __init__(self, c: NanoConfig):
        super().__init__()
        self.visual = Vision(c)
        self.language_model = Text(c)


class Nano(nn.Module):
    """The whole model, with the initialisation that lets it see.

    GLM-4 normalises each block's output to RMS 1, so stock embeddings (std 0.02) drown in the residual stream and the text
    half never looks at the picture. Post norms start at 0.2, embeddings at std 0.5, image tokens at about RMS 0.5.
    """

    IMAGE_START = 5  # tokens before the first image token, see Tokenizer.conversation

    def __init__(self, c: NanoConfig):
        super().__init__()
        self.config = c
        self.model = Inner(c)
        self.lm_head = nn.Linear(c.text_hidden, c.vocab_size, bias=False)
        for name, p in self.named_parameters():
            if p.ndim >= 2:
                nn.init.normal_(p, std=0.02 if "embed" not in name else 0.5)
            elif name.endswith("bias"):
                nn.init.zeros_(p)
        for layer in self.model.language_model.layers:
            nn.init.constant_(layer.post_self_attn_layernorm.weight, 0.2)
            nn.init.constant_(layer.post_mlp_layernorm.weight, 0.2)
        visual = self.model.visual
        nn.init.normal_(visual.patch_embed.proj.weight, std=0.02)
        nn.init.normal_(visual.embeddings.position_embedding.weight, std=0.2)
        nn.init.normal_(visual.downsample.weight, std=(c.merge**2 * c.vision_hidden) ** -0.5)
        for module in (*visual.blocks, visual.merger):
            for p in module.parameters():
                if p.ndim == 2:
                    nn.init.normal_(p, std=0.7 * p.shape[1] ** -0.5)
        # silu(gate) * up of unit inputs has an RMS of about 0.35 * 0.7**2; two GELUs and this gain bring tokens to RMS 0.5.
        nn.init.normal_(visual.merger.down_proj.weight, std=4.0 * c.merger_ffn**-0.5)

    def positions(self, length: int, image_grid: tuple[int, int], device: torch.device) -> Tensor:
        """(3, length) M-RoPE positions of a conversation whose picture has ``image_grid`` = (rows, columns) tokens."""
        rows, columns = image_grid
        n, start = rows * columns, self.IMAGE_START
        before = torch.arange(start, device=device).expand(3, -1)
        time = torch.full((n,), start, device=device)
        row = start + torch.arange(n, device=device) // columns
        column = start + torch.arange(n, device=device) % columns
        after = start + max(rows, columns) + torch.arange(length - start - n, device=device)
        return torch.cat((before, torch.stack((time, row, column)), after.expand(3, -1)), dim=1)

    def forward(self, images: Tensor, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Hidden states (B, L, text_hidden) before the head, and the vision tower's patches (B, N, vision_hidden)."""
        tokens, patches = self.model.visual(images)
        return self.read(tokens, (images.shape[1] // 28, images.shape[2] // 28), ids), patches

    def read(self, tokens: Tensor, grid: tuple[int, int], ids: Tensor) -> Tensor:
        """Hidden states (B, L, text_hidden) before the head, of image tokens (B, rows * columns, text_hidden) in a grid of (rows, columns)."""
        x = self.model.language_model.embed_tokens(ids)
        start = self.IMAGE_START
        x = torch.cat((x[:, :start], tokens.to(x.dtype), x[:, start + tokens.shape[1] :]), dim=1)
        return self.model.language_model(x, self.positions(ids.shape[1], grid, ids.device))

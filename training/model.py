"""glm4v-nano in PyTorch: transformers' ``Glm4vForConditionalGeneration``, parameter for parameter, batched for one grid.

Parameter names are those of transformers, so that a state dict loads there unchanged (``check_transformers.py``).
"""

from __future__ import annotations

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.config import IMAGE_MEAN, IMAGE_STD, NanoConfig


@cache
def colour_range(device: torch.device) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of red, green and blue, 0 to 255. Kept: to copy them to a GPU means to wait for it."""
    return torch.tensor(IMAGE_MEAN, device=device) * 255, torch.tensor(IMAGE_STD, device=device) * 255


class RMSNorm(nn.Module):
    def __init__(self, size: int, eps: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x.float(), x.shape[-1:], self.weight, self.eps).to(x.dtype)


def _rotate_half(x: Tensor) -> Tensor:
    a, b = x.chunk(2, dim=-1)
    return torch.cat((-b, a), dim=-1)


def _rotate_pairs(x: Tensor) -> Tensor:
    return torch.stack((-x[..., 1::2], x[..., 0::2]), dim=-1).flatten(-2)


class VisionAttention(nn.Module):
    def __init__(self, c: NanoConfig):
        super().__init__()
        self.heads = c.vision_heads
        self.qkv = nn.Linear(c.vision_hidden, 3 * c.vision_hidden, bias=False)
        self.proj = nn.Linear(c.vision_hidden, c.vision_hidden, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        b, n, d = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        q = (q * cos + _rotate_half(q) * sin).to(v.dtype)
        k = (k * cos + _rotate_half(k) * sin).to(v.dtype)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, n, d))


class GatedMLP(nn.Module):
    def __init__(self, size: int, ffn: int):
        super().__init__()
        self.gate_proj = nn.Linear(size, ffn, bias=False)
        self.up_proj = nn.Linear(size, ffn, bias=False)
        self.down_proj = nn.Linear(ffn, size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class VisionBlock(nn.Module):
    def __init__(self, c: NanoConfig):
        super().__init__()
        self.norm1 = RMSNorm(c.vision_hidden, c.rms_eps)
        self.norm2 = RMSNorm(c.vision_hidden, c.rms_eps)
        self.attn = VisionAttention(c)
        self.mlp = GatedMLP(c.vision_hidden, c.text_hidden)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x), cos, sin)
        return x + self.mlp(self.norm2(x))


class PatchEmbed(nn.Module):
    def __init__(self, c: NanoConfig):
        super().__init__()
        self.proj = nn.Conv3d(3, c.vision_hidden, (2, c.patch, c.patch), stride=(2, c.patch, c.patch))

    def forward(self, patches: Tensor) -> Tensor:
        # A still picture stands in both time slots, so the two kernels add up.
        return F.linear(patches, self.proj.weight.sum(2).flatten(1), self.proj.bias)


class PositionEmbeddings(nn.Module):
    def __init__(self, c: NanoConfig):
        super().__init__()
        self.side = c.position_grid
        self.position_embedding = nn.Embedding(self.side**2, c.vision_hidden)

    def forward(self, rows: Tensor, columns: Tensor, grid: tuple[int, int]) -> Tensor:
        table = self.position_embedding.weight.float().view(1, self.side, self.side, -1).permute(0, 3, 1, 2)
        where = torch.stack(((columns + 0.5) / grid[1] * 2 - 1, (rows + 0.5) / grid[0] * 2 - 1), dim=-1)
        sampled = F.grid_sample(table, where[None, :, None], mode="bicubic", align_corners=False, padding_mode="border")
        return sampled[0, :, :, 0].t()


class PatchMerger(nn.Module):
    def __init__(self, c: NanoConfig):
        super().__init__()
        self.proj = nn.Linear(c.text_hidden, c.text_hidden, bias=False)
        self.post_projection_norm = nn.LayerNorm(c.text_hidden)
        self.gate_proj = nn.Linear(c.text_hidden, c.merger_ffn, bias=False)
        self.up_proj = nn.Linear(c.text_hidden, c.merger_ffn, bias=False)
        self.down_proj = nn.Linear(c.merger_ffn, c.text_hidden, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = F.gelu(self.post_projection_norm(self.proj(x)))
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Vision(nn.Module):
    """(B, H, W, 3) uint8 pictures of one size, multiples of 28 px, to (B, H*W/784, text_hidden) image tokens."""

    def __init__(self, c: NanoConfig):
        super().__init__()
        self.config = c
        self.embeddings = PositionEmbeddings(c)
        self.patch_embed = PatchEmbed(c)
        self.blocks = nn.ModuleList(VisionBlock(c) for _ in range(c.vision_layers))
        self.merger = PatchMerger(c)
        self.post_conv_layernorm = RMSNorm(c.vision_hidden, c.rms_eps)
        self.downsample = nn.Conv2d(c.vision_hidden, c.text_hidden, c.merge, stride=c.merge)
        self.post_layernorm = RMSNorm(c.vision_hidden, c.rms_eps)

    def grid_positions(self, grid: tuple[int, int], device: torch.device) -> tuple[Tensor, Tensor]:
        """Row and column of each patch, in the order of the patches: 2x2 windows, row by row."""
        h, w, m = *grid, self.config.merge
        rows = torch.arange(h, device=device)[:, None].expand(h, w)
        columns = torch.arange(w, device=device)[None].expand(h, w)
        return tuple(x.reshape(h // m, m, w // m, m).transpose(1, 2).flatten() for x in (rows, columns))

    def patches(self, images: Tensor) -> Tensor:
        b, height, width, _ = images.shape
        p, m = self.config.patch, self.config.merge
        mean, std = colour_range(images.device)
        x = (images.float() - mean) / std
        x = x.view(b, height // (p * m), m, p, width // (p * m), m, p, 3)
        return x.permute(0, 1, 4, 2, 5, 7, 3, 6).reshape(b, -1, 3 * p * p)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Image tokens, and the last block's normalised patches (B, N, vision_hidden) in the order of ``grid_positions``."""
        c = self.config
        grid = images.shape[1] // c.patch, images.shape[2] // c.patch
        rows, columns = self.grid_positions(grid, images.device)
        half = c.vision_hidden // c.vision_heads // 2
        frequency = 1.0 / (10000.0 ** (torch.arange(0, half, 2, device=images.device).float() / half))
        angles = torch.cat((rows[:, None] * frequency, columns[:, None] * frequency), dim=-1)
        angles = torch.cat((angles, angles), dim=-1)
        cos, sin = angles.cos(), angles.sin()

        x = self.post_conv_layernorm(self.patch_embed(self.patches(images)))
        x = x + self.embeddings(rows, columns, grid).to(x.dtype)
        for block in self.blocks:
            x = block(x, cos, sin)
        x = self.post_layernorm(x)
        b, n, d = x.shape
        kernel = self.downsample.weight.permute(0, 2, 3, 1).reshape(c.text_hidden, -1)
        merged = F.linear(x.reshape(b, n // c.merge**2, c.merge**2 * d), kernel, self.downsample.bias)
        return self.merger(merged), x


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

"""GLM-4V's vision tower: pictures to image tokens. Parameter names are those of transformers (see model.py)."""

from __future__ import annotations

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.config import IMAGE_MEAN, IMAGE_STD, NanoConfig
from training.norm import RMSNorm


@cache
def colour_range(device: torch.device) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of red, green and blue, 0 to 255. Kept: to copy them to a GPU is to wait for it."""
    return torch.tensor(IMAGE_MEAN, device=device) * 255, torch.tensor(IMAGE_STD, device=device) * 255


def _rotate_half(x: Tensor) -> Tensor:
    a, b = x.chunk(2, dim=-1)
    return torch.cat((-b, a), dim=-1)


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
        """Image tokens, and the last block's normalised patches (B, N, vision_hidden), ordered as ``grid_positions``."""
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

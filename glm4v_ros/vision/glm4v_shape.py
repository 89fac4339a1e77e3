"""The shape of a vision tower of GLM-4V's kind, and the sizes of pictures that it takes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from glm4v_ros.catalog.gguf import Gguf
from glm4v_ros.catalog.model import IMAGE_TOKENS

_LEAST_TOKENS = 8  # of a picture, as in llama.cpp, whatever the file says
_OF_BLOCK = ("ln1", "ln2", "attn_qkv", "attn_out", "ffn_gate", "ffn_up", "ffn_down")
#: Of which the graph has other tensors made when it is loaded; in float32 or float16.
MADE_OF = ("v.patch_embd.weight", "v.patch_embd.weight.1", "v.patch_embd.bias", "mm.patch_merger.weight")
_OF_TOWER = {*MADE_OF, "v.post_ln.weight", "mm.patch_merger.bias", "mm.model.fc.weight", "mm.post_norm.weight", "mm.post_norm.bias",
             "mm.gate.weight", "mm.up.weight", "mm.down.weight"}  # fmt: skip
_OPTIONAL = {"v.norm_embd.weight", "v.position_embd.weight"}


@dataclass(frozen=True)
class Glm4vShape:
    width: int
    heads: int
    blocks: int
    output: int
    patch_size: int
    side: int  # patches of the picture that the position embeddings were learned on
    epsilon: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    least_pixels: int
    most_pixels: int
    types: dict[str, int] = field(repr=False)
    rows_of: dict[str, int] = field(repr=False)

    @staticmethod
    def fits(gguf: Gguf) -> bool:
        """Whether it is such a tower, and has all that one has and nothing else."""
        blocks = {f"v.blk.{n}.{name}.weight" for n in range(gguf.metadata.get("clip.vision.block_count", 0)) for name in _OF_BLOCK}
        found = set(gguf.tensors)
        return (
            gguf.projector == "glm4v" and found - _OPTIONAL == _OF_TOWER | blocks and gguf.metadata.get("clip.use_silu", False)
            and gguf.token_pixels == 2 * gguf.value("clip.vision.patch_size", 0)
            and all(gguf.tensors[name].type in (0, 1) for name in MADE_OF)
        )  # fmt: skip

    @classmethod
    def of(cls, gguf: Gguf, max_tokens: int = 0) -> Glm4vShape:
        """``max_tokens`` caps every picture, 0: llama.cpp's cap."""
        of = {name.removeprefix("clip.vision."): value for name, value in gguf.metadata.items()}
        patch = of["patch_size"]
        cell = (2 * patch) ** 2
        return cls(
            width=of["embedding_length"], heads=of["attention.head_count"], blocks=of["block_count"],
            output=of["projection_dim"], patch_size=patch, side=of["image_size"] // patch,
            epsilon=of["attention.layer_norm_epsilon"], mean=of["image_mean"], std=of["image_std"],
            least_pixels=_LEAST_TOKENS * cell, most_pixels=(max_tokens or IMAGE_TOKENS) * cell,
            types={name: tensor.type for name, tensor in gguf.tensors.items()},
            rows_of={name: tensor.shape[-1] for name, tensor in gguf.tensors.items()},
        )  # fmt: skip

    @property
    def most_rows(self) -> int:
        return max(rows for name, rows in self.rows_of.items() if name.startswith("v.blk."))

    def grid(self, width: int, height: int) -> tuple[int, int]:
        """Columns and rows of tokens for a picture: mtmd's rule, which is that of "smart_resize" in transformers."""
        align = np.float32(2 * self.patch_size)
        columns, rows = (max(1, math.floor(side / align + 0.5)) for side in (width, height))
        pixels = columns * rows * int(align) ** 2
        if pixels > self.most_pixels:
            scale = np.sqrt(np.float32(height) * np.float32(width) / np.float32(self.most_pixels))
            columns, rows = (max(1, math.floor(np.float32(side) / scale / align)) for side in (width, height))
        elif pixels < self.least_pixels:
            scale = np.sqrt(np.float32(self.least_pixels) / (np.float32(height) * np.float32(width)))
            columns, rows = (math.ceil(np.float32(side) * scale / align) for side in (width, height))
        return columns, rows

    def patches(self, rgb: np.ndarray) -> np.ndarray:
        """(n, 3 * patch_size**2) float32, 0 to 255, of a picture whose sides fit: in the order of the tokens, four by four."""
        size = self.patch_size
        height, width = rgb.shape[:2]
        cut = rgb.reshape(height // (2 * size), 2, size, width // (2 * size), 2, size, 3)
        return cut.transpose(0, 3, 1, 4, 2, 5, 6).reshape(-1, 3 * size * size).astype(np.float32)

    def positions(self, columns: int, rows: int) -> np.ndarray:
        """Row, column, row, column of each patch, in the same order: (4 * n,) int32."""
        row, column = np.mgrid[: 2 * rows, : 2 * columns].astype(np.int32)
        both = [a.reshape(rows, 2, columns, 2).transpose(0, 2, 1, 3).ravel() for a in (row, column)]
        return np.concatenate((*both, *both))

    def patch_weights(self, first: np.ndarray, second: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(d, 3 * patch_size**2) and (d,) float32 for raw pixels: a still picture goes through both convolutions of the two frames
        of a film, so that their sum will do, and its normalisation is a part of them."""
        mean, std = (np.array(values, np.float64)[None, :, None, None] for values in (self.mean, self.std))
        both = first.astype(np.float64) + second
        offset = bias - (both * mean / std).sum((1, 2, 3))
        scaled = (both / (255 * std)).transpose(0, 2, 3, 1).reshape(len(both), -1)
        return np.ascontiguousarray(scaled, np.float32), offset.astype(np.float32)

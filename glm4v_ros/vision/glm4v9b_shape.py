"""Sizes of GLM-4v-9b's vision tower."""

from __future__ import annotations

from dataclasses import dataclass

from glm4v_ros.catalog.gguf import Gguf
from glm4v_ros.errors import ModelFileError

PROJECTOR = "glm-4v-9b"


@dataclass(frozen=True)
class TowerShape:
    """Sizes of the tower, from the metadata of its GGUF."""

    image_size: int
    patch_size: int
    width: int
    blocks: int
    heads: int
    feed_forward: int
    output: int
    projector_feed_forward: int
    norm_epsilon: float
    projector_norm_epsilon: float
    output_scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of(cls, gguf: Gguf) -> TowerShape:
        if gguf.projector != PROJECTOR:
            raise ModelFileError(f"{gguf.path} is not GLM-4v-9b's vision tower: its projector is {gguf.projector!r}")
        try:
            value = gguf.metadata.__getitem__
            return cls(
                image_size=value("clip.vision.image_size"),
                patch_size=value("clip.vision.patch_size"),
                width=value("clip.vision.embedding_length"),
                blocks=value("clip.vision.block_count"),
                heads=value("clip.vision.attention.head_count"),
                feed_forward=value("clip.vision.feed_forward_length"),
                output=value("clip.vision.projection_dim"),
                projector_feed_forward=value("glm4v.vision.projector_feed_forward_length"),
                norm_epsilon=value("clip.vision.attention.layer_norm_epsilon"),
                projector_norm_epsilon=value("glm4v.vision.projector_layer_norm_epsilon"),
                output_scale=value("glm4v.vision.output_scale"),
                mean=value("clip.vision.image_mean"),
                std=value("clip.vision.image_std"),
            )
        except KeyError as error:
            raise ModelFileError(f"{gguf.path} lacks {error}; convert the checkpoint again") from None

    @property
    def side(self) -> int:
        """Patches along one side."""
        return self.image_size // self.patch_size

    @property
    def patches(self) -> int:
        return self.side**2

    @property
    def tokens(self) -> int:
        """Image tokens between the begin and the end of the image: one for 2x2 patches."""
        return (self.side // 2) ** 2

    @property
    def head_width(self) -> int:
        return self.width // self.heads

    @property
    def tensors(self) -> dict[str, tuple[int, ...]]:
        """Every tensor of the file with its shape, the fastest dimension first."""
        d, f, out, glu = self.width, self.feed_forward, self.output, self.projector_feed_forward
        shapes = {
            "v.patch_embd.weight": (3 * self.patch_size**2, d),
            "v.patch_embd.bias": (d,),
            "v.class_embd": (d,),
            "v.position_embd.weight": (d, self.patches),
            "mm.patch_merger.weight": (4 * d, out),
            "mm.patch_merger.bias": (out,),
            "mm.model.fc.weight": (out, out),
            "mm.post_fc_norm.weight": (out,),
            "mm.post_fc_norm.bias": (out,),
            "mm.gate.weight": (out, glu),
            "mm.up.weight": (out, glu),
            "mm.down.weight": (glu, out),
            "v.boi": (out,),
            "v.eoi": (out,),
        }
        for i in range(self.blocks):
            for name, columns, rows in (
                ("attn_qkv", d, 3 * d), ("attn_out", d, d), ("ffn_up", d, f), ("ffn_down", f, d)
            ):  # fmt: skip
                shapes[f"v.blk.{i}.{name}.weight"] = (columns, rows)
                shapes[f"v.blk.{i}.{name}.bias"] = (rows,)
            for name in ("ln1", "ln2"):
                shapes[f"v.blk.{i}.{name}.weight"] = shapes[f"v.blk.{i}.{name}.bias"] = (d,)
        return shapes

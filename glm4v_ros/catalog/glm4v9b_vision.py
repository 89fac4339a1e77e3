"""What the vision half of a glm-4v-9b checkpoint becomes in GGUF: metadata and tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from glm4v_ros.catalog.glm4v9b import NAME, Half, Output
from glm4v_ros.errors import Unsupported

PROJECTOR_NORM_EPSILON = 1e-5  # torch.nn.LayerNorm's default, which visual.py's projector uses
# CLIP's, from the transform in tokenization_chatglm.py
IMAGE_MEAN = (0.48145466, 0.4578275, 0.40821073)
IMAGE_STD = (0.26862954, 0.26130258, 0.27577711)


class VisionHalf(Half):
    architecture = "clip"

    def _list_outputs(self) -> list[Output]:
        vision = self.config["vision_config"]
        self._require("hidden_act", "gelu", vision)
        self._require("in_channels", 3, vision)
        self.image, self.patch = self._value("image_size", vision), self._value("patch_size", vision)
        self.width, self.blocks = self._value("hidden_size", vision), self._value("num_hidden_layers", vision)
        self.heads, self.feed_forward = self._value("num_heads", vision), self._value("intermediate_size", vision)
        self.output, self.glu = self._value("hidden_size"), self._value("ffn_hidden_size")
        side = self.image // self.patch
        if self.image % self.patch or side % 2 or self._value("num_positions", vision) != side * side + 1:
            raise Unsupported(
                f"an image of {self.image} in patches of {self.patch} does not fit {vision['num_positions']} positions "
                "in whole 2x2 groups"
            )
        d, out, glu = self.width, self.output, self.glu
        root = "transformer.vision."
        positions = (side * side + 1, d)
        table = self._stored(root + "patch_embedding.position_embedding.weight", positions)
        class_token = self._stored(root + "patch_embedding.cls_embedding", (1, d))
        outputs = [
            self._exact(
                "v.patch_embd.weight", root + "patch_embedding.proj.weight", (d, 3, self.patch, self.patch),
                lambda kernel: kernel.reshape(d, -1),
            ),
            self._vector("v.patch_embd.bias", root + "patch_embedding.proj.bias", d),
            # The class token keeps its position wherever it stands, so that is added here.
            Output(
                "v.class_embd", (d,), lambda start, stop: class_token.read_f32()[0] + table.read_f32()[0], exact=True
            ),
            self._exact("v.position_embd.weight", table.name, positions, lambda rows: rows[1:]),
            self._exact("v.boi", root + "boi", (1, 1, out), lambda vector: vector.reshape(-1)),
            self._exact("v.eoi", root + "eoi", (1, 1, out), lambda vector: vector.reshape(-1)),
            self._merger("mm.patch_merger.weight", root + "conv.weight"),
            self._vector("mm.patch_merger.bias", root + "conv.bias", out),
            self._copy("mm.model.fc.weight", root + "linear_proj.linear_proj.weight", out, out),
            self._vector("mm.post_fc_norm.weight", root + "linear_proj.norm1.weight", out),
            self._vector("mm.post_fc_norm.bias", root + "linear_proj.norm1.bias", out),
            self._copy("mm.gate.weight", root + "linear_proj.gate_proj.weight", glu, out),
            self._copy("mm.up.weight", root + "linear_proj.dense_h_to_4h.weight", glu, out),
            self._copy("mm.down.weight", root + "linear_proj.dense_4h_to_h.weight", out, glu),
        ]  # fmt: skip
        for i in range(self.blocks):
            outputs += self._block(f"v.blk.{i}.", f"{root}transformer.layers.{i}.")
        return outputs

    def _merger(self, name: str, source: str) -> Output:
        """The 2x2 convolution as a matrix over (row, column, channel), (output, 4 d)."""
        stored = self._stored(source, (self.output, self.width, 2, 2))

        def read(start: int, stop: int) -> np.ndarray:
            return stored.rows(start, stop).transpose(0, 2, 3, 1).reshape(stop - start, -1)

        return Output(name, (self.output, 4 * self.width), read)

    def _block(self, name: str, source: str) -> list[Output]:
        d, f = self.width, self.feed_forward
        outputs = []
        for target, origin, rows, columns in (
            ("attn_qkv", "attention.query_key_value", 3 * d, d),
            ("attn_out", "attention.dense", d, d),
            ("ffn_up", "mlp.fc1", f, d),
            ("ffn_down", "mlp.fc2", d, f),
        ):
            outputs.append(self._copy(f"{name}{target}.weight", f"{source}{origin}.weight", rows, columns))
            outputs.append(self._vector(f"{name}{target}.bias", f"{source}{origin}.bias", rows))
        for target, origin in (("ln1", "input_layernorm"), ("ln2", "post_attention_layernorm")):
            outputs.append(self._vector(f"{name}{target}.weight", f"{source}{origin}.weight", d))
            outputs.append(self._vector(f"{name}{target}.bias", f"{source}{origin}.bias", d))
        return outputs

    def metadata(self) -> dict[str, Any]:
        vision = self.config["vision_config"]
        return {
            "general.name": NAME,
            "general.type": "mmproj",
            "glm4v.model": NAME,
            "clip.has_vision_encoder": True,
            "clip.projector_type": NAME,
            "clip.use_gelu": True,
            "clip.vision.image_size": self.image,
            "clip.vision.patch_size": self.patch,
            "clip.vision.embedding_length": self.width,
            "clip.vision.feed_forward_length": self.feed_forward,
            "clip.vision.block_count": self.blocks,
            "clip.vision.projection_dim": self.output,
            "clip.vision.attention.head_count": self.heads,
            "clip.vision.attention.layer_norm_epsilon": float(self._value("layer_norm_eps", vision)),
            "clip.vision.image_mean": list(IMAGE_MEAN),
            "clip.vision.image_std": list(IMAGE_STD),
            "glm4v.vision.projector_feed_forward_length": self.glu,
            "glm4v.vision.projector_layer_norm_epsilon": PROJECTOR_NORM_EPSILON,
            "glm4v.vision.output_scale": 1 / self._value("scaling_factor", vision),
        }

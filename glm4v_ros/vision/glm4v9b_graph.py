"""GLM-4v-9b's vision tower as a ggml graph."""

from __future__ import annotations

from glm4v_ros.vision import ggml
from glm4v_ros.vision.glm4v9b_shape import TowerShape


class TowerGraph:
    """The tower's computation from patches to projected tokens; shapes in comments are ggml's, fastest first."""

    def __init__(self, shape: TowerShape, tensors: dict[str, int], flash_attention: bool, size: int):
        self._shape = shape
        self._tensors = tensors
        self._flash_attention = flash_attention
        self.size = size
        self.inputs = None
        self.attentions: list[int] = []
        self.block_outputs: list[int] = []
        self.context = ggml.new_context(size * ggml.tensor_overhead() + ggml.graph_overhead(size, False))
        self.input = ggml.new_tensor_like(self.context, ggml.F32, (3 * shape.patch_size**2, shape.patches))
        ggml.set_input(self.input)
        x = self._embed(self.input)
        for i in range(shape.blocks):
            x = self._block(x, f"v.blk.{i}.")
            self.block_outputs.append(x)
        self.output = self._project(x)
        ggml.set_output(self.output)
        self.handle = ggml.new_graph(self.context, size, False)
        ggml.build_forward(self.handle, self.output)

    def _embed(self, pixels: int) -> int:
        x = self._linear(pixels, "v.patch_embd")
        x = ggml.add(self.context, x, self._tensors["v.position_embd.weight"])
        # The class token goes last: attention does not mind, and the patches stay one block. (d, patches + 1)
        class_token = ggml.reshape_2d(self.context, self._tensors["v.class_embd"], self._shape.width, 1)
        return ggml.concat(self.context, x, class_token, 1)

    def _block(self, x: int, prefix: str) -> int:
        attended = self._linear(self._attention(self._linear(x, prefix + "attn_qkv")), prefix + "attn_out")
        x = ggml.add(self.context, x, self._norm(attended, prefix + "ln1", self._shape.norm_epsilon))
        mixed = self._feed_forward(x, prefix)
        return ggml.add(self.context, x, self._norm(mixed, prefix + "ln2", self._shape.norm_epsilon))

    def _feed_forward(self, x: int, prefix: str) -> int:
        """One half of the tokens after the other: its hidden layer is the widest there is, 375 MiB at full size."""
        c, d, n = self.context, self._shape.width, self._shape.patches + 1
        halves = []
        for start, stop in ((0, n // 2), (n // 2, n)):
            half = ggml.view_2d(c, x, d, stop - start, 4 * d, 4 * d * start)
            hidden = ggml.gelu_erf(c, self._linear(half, prefix + "ffn_up"))
            halves.append(self._linear(hidden, prefix + "ffn_down"))
        return ggml.concat(c, *halves, 1)

    def _attention(self, qkv: int) -> int:
        """(3 d, n) -> (d, n)"""
        c, d, n = self.context, self._shape.width, self._shape.patches + 1
        head, heads = self._shape.head_width, self._shape.heads
        # (head, n, heads) each, without a copy
        q, k, v = (
            ggml.permute(c, ggml.view_3d(c, qkv, head, heads, n, 4 * head, 4 * 3 * d, 4 * d * part), 0, 2, 1, 3)
            for part in range(3)
        )
        scale = head**-0.5
        if self._flash_attention:
            out = ggml.flash_attention(
                c, q, ggml.cast(c, k, ggml.F16), ggml.cast(c, v, ggml.F16), None, scale, 0.0, 0.0
            )
            ggml.set_accumulation(out, ggml.PRECISION_F32)
            self.attentions.append(out)
            return ggml.reshape_2d(c, out, d, n)  # it comes as (head, heads, n)
        weights = ggml.mul_mat(c, k, q)
        ggml.set_accumulation(weights, ggml.PRECISION_F32)
        weights = ggml.soft_max(c, weights, None, scale, 0.0)
        out = ggml.mul_mat(c, ggml.cont(c, ggml.permute(c, v, 1, 0, 2, 3)), weights)  # (head, n, heads)
        return ggml.reshape_2d(c, ggml.cont(c, ggml.permute(c, out, 0, 2, 1, 3)), d, n)

    def _project(self, x: int) -> int:
        """(d, patches + 1) -> (output, tokens)"""
        c, d, half = self.context, self._shape.width, self._shape.side // 2
        # The 2x2 convolution with stride 2 is one product over the four neighbours, gathered as (column, row) pairs.
        x = ggml.view_2d(c, x, d, self._shape.patches, 4 * d, 0)
        x = ggml.reshape_4d(c, x, 2 * d, half, 2, half)
        x = ggml.cont(c, ggml.permute(c, x, 0, 2, 1, 3))
        x = self._linear(ggml.reshape_2d(c, x, 4 * d, half * half), "mm.patch_merger")
        x = self._product(x, "mm.model.fc")
        x = ggml.gelu_erf(c, self._norm(x, "mm.post_fc_norm", self._shape.projector_norm_epsilon))
        x = ggml.swiglu_split(c, self._product(x, "mm.gate"), self._product(x, "mm.up"))
        return self._product(x, "mm.down")

    def _product(self, x: int, name: str) -> int:
        product = ggml.mul_mat(self.context, self._tensors[name + ".weight"], x)
        ggml.set_accumulation(product, ggml.PRECISION_F32)
        return product

    def _linear(self, x: int, name: str) -> int:
        return ggml.add(self.context, self._product(x, name), self._tensors[name + ".bias"])

    def _norm(self, x: int, name: str, epsilon: float) -> int:
        x = ggml.mul(self.context, ggml.norm(self.context, x, epsilon), self._tensors[name + ".weight"])
        return ggml.add(self.context, x, self._tensors[name + ".bias"])

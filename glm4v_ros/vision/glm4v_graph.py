"""The vision tower of GLM-4.1V, GLM-4.6V and their kin as a ggml graph for one size of picture."""

from __future__ import annotations

import ctypes

from glm4v_ros.vision import ggml
from glm4v_ros.vision.glm4v_shape import Glm4vShape

_ROPE_BASE, _ROPE_CONTEXT = 10000.0, 32768
_PROJECTOR_EPSILON = 1e-5


class Glm4vGraph:
    """From patches to projected tokens; shapes in comments are ggml's, fastest first.

    Patches come in the order of the tokens that they are merged into, four by four, so that nothing has to be moved. ``widen``:
    quantised weights of the blocks are made float32 before their products.
    """

    def __init__(self, shape: Glm4vShape, tensors: dict[str, int], columns: int, rows: int, flash: bool, widen: bool):
        """``columns`` and ``rows`` of patches."""
        self._shape, self._tensors, self._flash, self._widen = shape, tensors, flash, widen
        self._patches = columns * rows
        size = 256 + 80 * shape.blocks
        self.size = size
        self.attentions: list[int] = []
        self.block_outputs: list[int] = []
        self.context = c = ggml.new_context(size * ggml.tensor_overhead() + ggml.graph_overhead(size, False))
        self.inputs = ggml.new_context(3 * ggml.tensor_overhead())  # on the device at once, and what is the same for each picture stays
        self.input = ggml.new_tensor_like(self.inputs, ggml.F32, (3 * shape.patch_size**2, self._patches))
        self.positions = ggml.new_tensor_like(self.inputs, ggml.I32, (4 * self._patches,))
        self.rows = ggml.new_tensor_like(self.inputs, ggml.I32, (shape.most_rows,))
        x = self._embed(columns, rows)
        for block in range(shape.blocks):
            x = self._block(x, f"v.blk.{block}.")
            self.block_outputs.append(x)
        self.output = self._project(self._norm(x, "v.post_ln.weight"))
        self.half = ggml.cast(c, self.output, ggml.F16)
        self.handle = ggml.new_graph(c, size, False)
        for tensor in (self.output, self.half):
            ggml.set_output(tensor)
            ggml.build_forward(self.handle, tensor)

    def _embed(self, columns: int, rows: int) -> int:
        c = self.context
        x = ggml.add(c, ggml.mul_mat(c, self._tensors["patches.weight"], self.input), self._tensors["patches.bias"])
        if "v.norm_embd.weight" in self._tensors:
            x = self._norm(x, "v.norm_embd.weight")
        if "v.position_embd.weight" in self._tensors:
            x = ggml.add(c, x, self._position_embedding(columns, rows))
        return x

    def _position_embedding(self, columns: int, rows: int) -> int:
        """(d, side * side) -> (d, patches)"""
        c, d, side = self.context, self._shape.width, self._shape.side
        x = self._tensors["v.position_embd.weight"]
        if (columns, rows) != (side, side):
            x = ggml.permute(c, ggml.reshape_3d(c, x, d, side, side), 2, 0, 1, 3)
            x = ggml.interpolate(c, x, columns, rows, d, 1, ggml.SCALE_BICUBIC)
            x = ggml.cont(c, ggml.permute(c, x, 1, 2, 0, 3))
        x = ggml.reshape_4d(c, x, 2 * d, columns // 2, 2, rows // 2)
        return ggml.reshape_2d(c, ggml.cont(c, ggml.permute(c, x, 0, 2, 1, 3)), d, self._patches)

    def _block(self, x: int, prefix: str) -> int:
        c = self.context
        attended = self._attention(self._product(self._norm(x, prefix + "ln1.weight"), prefix + "attn_qkv"))
        x = ggml.add(c, x, self._product(attended, prefix + "attn_out"))
        return ggml.add(c, x, self._feed_forward(self._norm(x, prefix + "ln2.weight"), prefix + "ffn_"))

    def _feed_forward(self, x: int, prefix: str) -> int:
        hidden = ggml.swiglu_split(self.context, self._product(x, prefix + "gate"), self._product(x, prefix + "up"))
        return self._product(hidden, prefix + "down")

    def _attention(self, qkv: int) -> int:
        """(3 d, n) -> (d, n)"""
        c, d, n = self.context, self._shape.width, self._patches
        heads = self._shape.heads
        head = d // heads

        def part(index: int, of: int, item: int) -> int:  # (head, heads, n), without a copy
            return ggml.view_3d(c, of, head, heads, n, item * head, item * 3 * d, item * d * index)

        q, k = (self._turned(part(index, qkv, 4), head) for index in (0, 1))
        if self._flash:
            # What lies in one piece is rounded to float16 several times as fast as a view.
            k, v = ggml.cast(c, k, ggml.F16), part(2, ggml.cast(c, qkv, ggml.F16), 2)
            q, k, v = (ggml.permute(c, one, 0, 2, 1, 3) for one in (q, k, v))
            out = ggml.flash_attention(c, q, k, v, None, head**-0.5, 0.0, 0.0)
            ggml.set_accumulation(out, ggml.PRECISION_F32)
            self.attentions.append(out)
            return ggml.reshape_2d(c, out, d, n)
        q, k = (ggml.permute(c, one, 0, 2, 1, 3) for one in (q, k))
        weights = ggml.soft_max(c, ggml.mul_mat(c, k, q), None, head**-0.5, 0.0)
        v = ggml.cont(c, ggml.permute(c, part(2, qkv, 4), 1, 2, 0, 3))  # (n, head, heads)
        out = ggml.permute(c, ggml.mul_mat(c, v, weights), 0, 2, 1, 3)
        return ggml.reshape_2d(c, ggml.cont(c, out), d, n)

    def _turned(self, x: int, head: int) -> int:
        sections = (ctypes.c_int * 4)(*[head // 4] * 4)
        return ggml.rope_multi(
            self.context, x, self.positions, None, head // 2, sections, ggml.ROPE_VISION, _ROPE_CONTEXT, _ROPE_BASE,
            1.0, 0.0, 1.0, 32.0, 1.0,
        )  # fmt: skip

    def _project(self, x: int) -> int:
        """(d, patches) -> (output, tokens)"""
        c = self.context
        x = ggml.reshape_2d(c, x, 4 * self._shape.width, self._patches // 4)
        x = ggml.mul_mat(c, self._tensors["merger.weight"], x)
        x = ggml.add(c, x, self._tensors["mm.patch_merger.bias"])
        x = ggml.norm(c, self._product(x, "mm.model.fc"), _PROJECTOR_EPSILON)
        x = ggml.add(c, ggml.mul(c, x, self._tensors["mm.post_norm.weight"]), self._tensors["mm.post_norm.bias"])
        return self._feed_forward(ggml.gelu_erf(c, x), "mm.")

    def _product(self, x: int, name: str) -> int:
        c, weight = self.context, self._tensors[name + ".weight"]
        if self._widen and name.startswith("v.blk.") and self._shape.types[name + ".weight"] not in (ggml.F32, ggml.F16):
            count = self._shape.rows_of[name + ".weight"]
            weight = ggml.get_rows(c, weight, ggml.view_1d(c, self.rows, count, 0))
        return ggml.mul_mat(c, weight, x)

    def _norm(self, x: int, name: str) -> int:
        return ggml.mul(self.context, ggml.rms_norm(self.context, x, self._shape.epsilon), self._tensors[name])

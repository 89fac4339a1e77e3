"""What llama.cpp looks up for a token at the start of its graph, on the host."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

import numpy as np

from glm4v_ros.catalog.gguf import Gguf, Tensor
from glm4v_ros.machine import ggml

_TENSOR = "token_embd.weight"
# Architectures whose graph takes rows of embeddings as they are and does to them what it does to the rows that it looks up
# itself: glm4 and glm4moe of the GLM-4V models, paddleocr in which GLM-4v-9b is written. Some others scale one of the two.
_ALIKE = {"glm4", "glm4moe", "paddleocr"}
_FUNCTIONS = {"F16": "ggml_fp16_to_fp32_row", "BF16": "ggml_bf16_to_fp32_row"}


class TokenEmbeddings:
    """Rows of a text model's embedding matrix, read from its file: with them, tokens and image embeddings fit into one
    decode."""

    @classmethod
    def of(cls, path: Path) -> TokenEmbeddings | None:
        """None where the model's graph would not take them for its own."""
        header = Gguf.read(path)
        if header.architecture not in _ALIKE:
            return None
        for part in header.parts:
            tensor = (header if part == header.path else Gguf.read(part)).tensors.get(_TENSOR)
            if tensor is not None:
                return cls(part, tensor)
        return None

    def __init__(self, path: Path, tensor: Tensor):
        """``tensor`` is (embedding size, vocabulary), of any type that ggml writes."""
        self.size, vocabulary = tensor.shape
        self._offset, self._row_bytes = tensor.offset, tensor.bytes // vocabulary
        #: Whether they have no more than float16's precision.
        self.half = tensor.type_name != "F32"
        self._to_float = None
        if (name := tensor.type_name) != "F32":
            function = _FUNCTIONS.get(name) or f"dequantize_row_{name.lower().replace('_k', '_K')}"
            self._to_float = ggml.function(function, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int64, result=None)
        self._file = path.open("rb", buffering=0)

    def rows(self, tokens: np.ndarray) -> np.ndarray:
        """(n, size) float32 for n tokens, bit for bit what llama.cpp computes."""
        raw = b"".join(
            os.pread(self._file.fileno(), self._row_bytes, self._offset + token * self._row_bytes) for token in tokens.tolist()
        )
        if self._to_float is None:
            return np.frombuffer(raw, np.float32).reshape(-1, self.size)
        rows = np.empty((len(tokens), self.size), np.float32)
        self._to_float(raw, rows.ctypes.data, rows.size)
        return rows

    def close(self) -> None:
        self._file.close()

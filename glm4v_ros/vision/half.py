"""Image embeddings in half the memory."""

from __future__ import annotations

import contextlib
import ctypes

import llama_cpp.llama_cpp as llama
import numpy as np

_MOST = 65504.0  # float16's largest


def _converter(name: str):
    """ggml's own, twenty times as fast as NumPy's; None where its CPU backend is a file of its own."""
    with contextlib.suppress(AttributeError):
        function = getattr(llama._lib, name)
        function.argtypes, function.restype = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64), None
        return function


_to_half, _to_float = _converter("ggml_cpu_fp32_to_fp16"), _converter("ggml_cpu_fp16_to_fp32")


def halved(values: np.ndarray) -> np.ndarray:
    """A copy of contiguous float32 values, rounded to float16; in float32 if one of them is beyond its range."""
    if max(-float(values.min()), float(values.max())) > _MOST:
        return values.copy()
    return _converted(values, np.float16, _to_half)


def whole(values: np.ndarray) -> np.ndarray:
    """Contiguous float16 or float32 values as float32; no copy of what is."""
    return values if values.dtype == np.float32 else _converted(values, np.float32, _to_float)


def _converted(values: np.ndarray, dtype, converter) -> np.ndarray:
    if converter is None:
        return values.astype(dtype)
    converted = np.empty(values.shape, dtype)
    converter(values.ctypes.data, converted.ctypes.data, values.size)
    return converted

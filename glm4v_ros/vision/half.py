"""Image embeddings in half the memory."""

from __future__ import annotations

import contextlib
import ctypes
import math

import llama_cpp.llama_cpp as llama
import numpy as np

from glm4v_ros.errors import EngineFailed

_MOST = 65504.0  # float16's largest


def _converter(name: str):
    """ggml's own, twenty times as fast as NumPy's; None where its CPU backend is a file of its own."""
    with contextlib.suppress(AttributeError):
        function = getattr(llama._lib, name)
        function.argtypes, function.restype = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64), None
        return function


_to_half, _to_float = _converter("ggml_cpu_fp32_to_fp16"), _converter("ggml_cpu_fp16_to_fp32")


def kept(values: np.ndarray, half: bool) -> np.ndarray:
    """A copy of contiguous float32 embeddings, rounded to float16 with ``half`` unless one of them is beyond its range. Raises
    EngineFailed for what is no number."""
    most = max(-float(values.min()), float(values.max()))  # of what is not a number both are none
    if not math.isfinite(most):
        raise EngineFailed("the vision model made numbers that are not finite; its file may be damaged")
    return _converted(values, np.float16, _to_half) if half and most <= _MOST else values.copy()


def whole(values: np.ndarray) -> np.ndarray:
    """Contiguous float16 or float32 values as float32; no copy of what is."""
    return values if values.dtype == np.float32 else _converted(values, np.float32, _to_float)


def _converted(values: np.ndarray, dtype, converter) -> np.ndarray:
    if converter is None:
        return values.astype(dtype)
    converted = np.empty(values.shape, dtype)
    converter(values.ctypes.data, converted.ctypes.data, values.size)
    return converted

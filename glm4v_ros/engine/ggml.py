"""Functions of the ggml that llama.cpp uses."""

from __future__ import annotations

import ctypes

import llama_cpp.llama_cpp as llama_bindings

_GPUS = (1, 2)  # ggml_backend_dev_type: a GPU, and one that shares the processor's memory


def function(name: str, *arguments, result=ctypes.c_void_p):
    """Of the very library that llama_cpp has loaded: opened by path it would be a second one. Raises AttributeError."""
    found = getattr(llama_bindings._lib, name)
    found.argtypes, found.restype = arguments, result
    return found


def gpu() -> str:
    """The first GPU that ggml can use, such as "CUDA0 NVIDIA H200"; empty for none."""
    device = function("ggml_backend_dev_get", ctypes.c_size_t)
    kind = function("ggml_backend_dev_type", ctypes.c_void_p, result=ctypes.c_int)
    names = [function(f"ggml_backend_dev_{name}", ctypes.c_void_p, result=ctypes.c_char_p) for name in ("name", "description")]
    for index in range(function("ggml_backend_dev_count", result=ctypes.c_size_t)()):
        handle = device(index)
        if kind(handle) in _GPUS:
            return " ".join(name(handle).decode() for name in names)
    return ""

"""Functions of the ggml that llama.cpp uses."""

from __future__ import annotations

import ctypes

import llama_cpp.llama_cpp as llama_bindings


def function(name: str, *arguments, result=ctypes.c_void_p):
    """Of the very library that llama_cpp has loaded: opened by path it would be a second one. Raises AttributeError."""
    found = getattr(llama_bindings._lib, name)
    found.argtypes, found.restype = arguments, result
    return found

"""The ggml that llama.cpp uses: its functions, and the devices on which it can compute."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_char_p, c_int, c_size_t, c_void_p

import llama_cpp.llama_cpp as llama_bindings

CPU_DEVICE, GPU_DEVICE, INTEGRATED_GPU_DEVICE = 0, 1, 2  # ggml_backend_dev_type; the last shares the processor's memory


def function(name: str, *arguments, result=c_void_p):
    """Of the very library that llama_cpp has loaded: opened by path it would be a second one, with devices of its own. Raises
    AttributeError."""
    found = getattr(llama_bindings._lib, name)
    found.argtypes, found.restype = arguments, result
    return found


_count = function("ggml_backend_dev_count", result=c_size_t)
_load_all = function("ggml_backend_load_all", result=None)
_get = function("ggml_backend_dev_get", c_size_t)
_name = function("ggml_backend_dev_name", c_void_p, result=c_char_p)
_description = function("ggml_backend_dev_description", c_void_p, result=c_char_p)
_memory = function("ggml_backend_dev_memory", c_void_p, POINTER(c_size_t), POINTER(c_size_t), result=None)
device_kind = function("ggml_backend_dev_type", c_void_p, result=c_int)


def devices(*kinds: int) -> list[int]:
    """Handles of every device of the given kinds, in the registry's order."""
    if not _count():  # a build whose backends are plugins; elsewhere this would only search the working directory
        _load_all()
    return [handle for index in range(_count()) if device_kind(handle := _get(index)) in kinds]


def device_name(handle: int) -> str:
    return _name(handle).decode()


def device_memory(handle: int) -> tuple[int, int]:
    """(free, total) bytes."""
    free, total = c_size_t(), c_size_t()
    _memory(handle, ctypes.byref(free), ctypes.byref(total))
    return free.value, total.value


def forces_cublas() -> bool:
    """Whether this llama.cpp was built with GGML_CUDA_FORCE_CUBLAS."""
    return b"FORCE_CUBLAS" in llama_bindings.llama_print_system_info()


def gpu() -> str:
    """The first GPU that ggml can use, such as "CUDA0 NVIDIA H200"; empty for none."""
    for handle in devices(GPU_DEVICE, INTEGRATED_GPU_DEVICE):
        return f"{device_name(handle)} {_description(handle).decode()}"
    return ""

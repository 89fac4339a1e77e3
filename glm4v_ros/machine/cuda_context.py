"""What CUDA's driver tells of a GPU, and what a context of it holds of the memory beside what a program allocates."""

from __future__ import annotations

import ctypes

_STACK_SIZE, _MALLOC_HEAP_SIZE = 0, 2  # CUlimit, cuda.h
_CAPABILITY = 75, 76  # CUdevice_attribute: major, minor
_LEAST = {_STACK_SIZE: 16, _MALLOC_HEAP_SIZE: 1 << 16}  # bytes; of the stack for every thread that the GPU can hold


def capability() -> int:
    """Compute capability of the first GPU, 90 for 9.0; 0 without a CUDA driver."""
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    device, major, minor = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
    if cuda.cuInit(0) or cuda.cuDeviceGet(ctypes.byref(device), 0):
        return 0
    for attribute, value in zip(_CAPABILITY, (major, minor)):
        cuda.cuDeviceGetAttribute(ctypes.byref(value), attribute, device)
    return 10 * major.value + minor.value


def slim() -> None:
    """Takes back what CUDA sets aside for recursion and for malloc in kernels. llama.cpp's have neither, and a kernel that
    needs more stack of a known size gets it when it is launched. Does nothing without a CUDA driver."""
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return
    count = ctypes.c_int()
    if cuda.cuInit(0) or cuda.cuDeviceGetCount(ctypes.byref(count)):
        return
    for index in range(count.value):
        device, context = ctypes.c_int(), ctypes.c_void_p()
        if cuda.cuDeviceGet(ctypes.byref(device), index) or cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), device):
            continue
        cuda.cuCtxPushCurrent_v2(context)
        for limit, size in _LEAST.items():
            cuda.cuCtxSetLimit(limit, ctypes.c_size_t(size))
        cuda.cuCtxPopCurrent_v2(ctypes.byref(context))

"""The ggml functions that towers of our own need, bound on the library that llama_cpp has loaded.

Opening libggml by path would map a second copy with its own registry of devices. Handles are plain integers (pointers);
tensor types are GGUF's type numbers. No structure of ggml's is read: only functions are called, so what can change
under us is their signatures and meaning, and these are checked by version.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_bool, c_char_p, c_float, c_int, c_int64, c_size_t, c_uint32, c_void_p

from glm4v_ros.errors import Unsupported
from glm4v_ros.machine.ggml import CPU_DEVICE, GPU_DEVICE, INTEGRATED_GPU_DEVICE, device_name, devices, function

__all__ = ["CPU_DEVICE", "GPU_DEVICE", "INTEGRATED_GPU_DEVICE", "device_name", "devices"]

CHECKED_VERSIONS = ("0.25",)  # major.minor of ggml that the tower's tests have run with

F32, F16, I32 = 0, 1, 26
USAGE_WEIGHTS = 1
ROPE_VISION = 24
SCALE_BICUBIC = 2
PRECISION_F32 = 10
SUCCESS = 0

EVAL_CALLBACK = ctypes.CFUNCTYPE(c_bool, c_void_p, c_bool, c_void_p)


class _InitParams(ctypes.Structure):
    _fields_ = [("mem_size", c_size_t), ("mem_buffer", c_void_p), ("no_alloc", c_bool)]


def _bind(name: str, result: type | None, *arguments: type):
    try:
        return function(name, *arguments, result=result)
    except AttributeError:
        raise Unsupported(f"this build of llama-cpp-python has no {name}; GLM-4v-9b needs ggml {CHECKED_VERSIONS[-1]}")


def version() -> str:
    return _bind("ggml_version", c_char_p)().decode()


def require_checked_version() -> None:
    """Unsupported if the towers' tests have never run with this ggml."""
    if ".".join(version().split(".")[:2]) not in CHECKED_VERSIONS:
        raise Unsupported(
            f"GLM-4v-9b's vision tower was checked with ggml {', '.join(CHECKED_VERSIONS)}, not with {version()}; "
            "install the llama-cpp-python that this package pins"
        )


_TENSOR = _GRAPH = _CONTEXT = _BACKEND = _BUFFER = _SCHEDULER = _DEVICE = c_void_p

_init = _bind("ggml_init", _CONTEXT, _InitParams)
free = _bind("ggml_free", None, _CONTEXT)
tensor_overhead = _bind("ggml_tensor_overhead", c_size_t)
graph_overhead = _bind("ggml_graph_overhead_custom", c_size_t, c_size_t, c_bool)

new_tensor = _bind("ggml_new_tensor", _TENSOR, _CONTEXT, c_int, c_int, POINTER(c_int64))
set_input = _bind("ggml_set_input", None, _TENSOR)
set_output = _bind("ggml_set_output", None, _TENSOR)
nbytes = _bind("ggml_nbytes", c_size_t, _TENSOR)

mul_mat = _bind("ggml_mul_mat", _TENSOR, _CONTEXT, _TENSOR, _TENSOR)
set_accumulation = _bind("ggml_prec_set_acc", c_bool, _TENSOR, c_int)
add = _bind("ggml_add", _TENSOR, _CONTEXT, _TENSOR, _TENSOR)
mul = _bind("ggml_mul", _TENSOR, _CONTEXT, _TENSOR, _TENSOR)
get_rows = _bind("ggml_get_rows", _TENSOR, _CONTEXT, _TENSOR, _TENSOR)
rms_norm = _bind("ggml_rms_norm", _TENSOR, _CONTEXT, _TENSOR, c_float)
norm = _bind("ggml_norm", _TENSOR, _CONTEXT, _TENSOR, c_float)
gelu_erf = _bind("ggml_gelu_erf", _TENSOR, _CONTEXT, _TENSOR)
swiglu_split = _bind("ggml_swiglu_split", _TENSOR, _CONTEXT, _TENSOR, _TENSOR)
concat = _bind("ggml_concat", _TENSOR, _CONTEXT, _TENSOR, _TENSOR, c_int)
cast = _bind("ggml_cast", _TENSOR, _CONTEXT, _TENSOR, c_int)
cont = _bind("ggml_cont", _TENSOR, _CONTEXT, _TENSOR)
permute = _bind("ggml_permute", _TENSOR, _CONTEXT, _TENSOR, c_int, c_int, c_int, c_int)
view_1d = _bind("ggml_view_1d", _TENSOR, _CONTEXT, _TENSOR, c_int64, c_size_t)
view_2d = _bind("ggml_view_2d", _TENSOR, _CONTEXT, _TENSOR, c_int64, c_int64, c_size_t, c_size_t)
view_3d = _bind(
    "ggml_view_3d", _TENSOR, _CONTEXT, _TENSOR, c_int64, c_int64, c_int64, c_size_t, c_size_t, c_size_t
)  # fmt: skip
reshape_2d = _bind("ggml_reshape_2d", _TENSOR, _CONTEXT, _TENSOR, c_int64, c_int64)
reshape_3d = _bind("ggml_reshape_3d", _TENSOR, _CONTEXT, _TENSOR, c_int64, c_int64, c_int64)
reshape_4d = _bind("ggml_reshape_4d", _TENSOR, _CONTEXT, _TENSOR, c_int64, c_int64, c_int64, c_int64)
soft_max = _bind("ggml_soft_max_ext", _TENSOR, _CONTEXT, _TENSOR, _TENSOR, c_float, c_float)
flash_attention = _bind(
    "ggml_flash_attn_ext", _TENSOR, _CONTEXT, _TENSOR, _TENSOR, _TENSOR, _TENSOR, c_float, c_float, c_float
)  # fmt: skip

interpolate = _bind(
    "ggml_interpolate", _TENSOR, _CONTEXT, _TENSOR, c_int64, c_int64, c_int64, c_int64, c_uint32
)  # fmt: skip
rope_multi = _bind(
    "ggml_rope_multi", _TENSOR, _CONTEXT, _TENSOR, _TENSOR, _TENSOR, c_int, POINTER(c_int), c_int, c_int,
    c_float, c_float, c_float, c_float, c_float, c_float,
)  # fmt: skip

new_graph = _bind("ggml_new_graph_custom", _GRAPH, _CONTEXT, c_size_t, c_bool)
build_forward = _bind("ggml_build_forward_expand", None, _GRAPH, _TENSOR)

init_device = _bind("ggml_backend_dev_init", _BACKEND, _DEVICE, c_char_p)
free_backend = _bind("ggml_backend_free", None, _BACKEND)
supports_op = _bind("ggml_backend_supports_op", c_bool, _BACKEND, _TENSOR)
set_threads = _bind("ggml_backend_cpu_set_n_threads", None, _BACKEND, c_int)

allocate = _bind("ggml_backend_alloc_ctx_tensors", _BUFFER, _CONTEXT, _BACKEND)
free_buffer = _bind("ggml_backend_buffer_free", None, _BUFFER)
buffer_size = _bind("ggml_backend_buffer_get_size", c_size_t, _BUFFER)
set_usage = _bind("ggml_backend_buffer_set_usage", None, _BUFFER, c_int)
write_tensor = _bind("ggml_backend_tensor_set", None, _TENSOR, c_void_p, c_size_t, c_size_t)
read_tensor = _bind("ggml_backend_tensor_get", None, _TENSOR, c_void_p, c_size_t, c_size_t)

new_scheduler = _bind(
    "ggml_backend_sched_new", _SCHEDULER, POINTER(_BACKEND), c_void_p, c_int, c_size_t, c_bool, c_bool
)  # fmt: skip
free_scheduler = _bind("ggml_backend_sched_free", None, _SCHEDULER)
reset_scheduler = _bind("ggml_backend_sched_reset", None, _SCHEDULER)
allocate_graph = _bind("ggml_backend_sched_alloc_graph", c_bool, _SCHEDULER, _GRAPH)
compute = _bind("ggml_backend_sched_graph_compute", c_int, _SCHEDULER, _GRAPH)
set_eval_callback = _bind("ggml_backend_sched_set_eval_callback", None, _SCHEDULER, EVAL_CALLBACK, c_void_p)
compute_buffer_size = _bind("ggml_backend_sched_get_buffer_size", c_size_t, _SCHEDULER, _BACKEND)


def new_context(size: int) -> int:
    """A context of ``size`` bytes for tensors whose data lies elsewhere; MemoryError if there is no room."""
    handle = _init(_InitParams(size, None, True))
    if not handle:
        raise MemoryError(f"ggml has no room for a context of {size} bytes")
    return handle


def new_tensor_like(context: int, kind: int, shape: tuple[int, ...]) -> int:
    """A tensor of the given type and shape, the fastest dimension first."""
    return new_tensor(context, kind, len(shape), (c_int64 * len(shape))(*shape))

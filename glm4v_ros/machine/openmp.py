"""The threads with which llama.cpp computes on a CPU."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable

_SOFT = 1  # omp_pause_soft, omp.h


def end_threads() -> None:
    """Ends those that the calling thread has made; its next computation makes new ones.

    libgomp lets threads sleep at every barrier, after a microsecond of waiting, while a process has more of them than the machine has
    cores (``gomp_throttled_spin_count_var`` in its env.c). One thread that decodes and another that encodes are enough for that, even
    when the other has nothing to do: a token of glm4v-nano took three times as long. Does nothing without GCC's OpenMP.
    """
    _function("omp_pause_resource_all")(_SOFT)


def one_thread(one: bool) -> None:
    """Lets the calling thread compute alone from its next step on, or with all that it has asked for. Does nothing without
    GCC's OpenMP."""
    _function("omp_set_max_active_levels")(0 if one else 1)


@functools.cache
def _function(name: str) -> Callable[[int], object]:
    try:
        return getattr(ctypes.CDLL("libgomp.so.1"), name)
    except (OSError, AttributeError):
        return lambda _: None

"""How the C library hands out memory for pictures."""

from __future__ import annotations

import ctypes

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8  # malloc.h
LARGEST = 32 << 20  # bytes; the most that glibc accepts for M_MMAP_THRESHOLD
GIVE_BACK_EVERY = 10.0  # seconds, for processes that run for months


def reuse_large_blocks() -> bool:
    """Has freed memory of pictures used again for the next ones, not given back to the kernel, which would clear it.

    Receiving a 1920x1080 picture takes a quarter of the time with it. Two arenas, not eight a core, so that the node's many
    threads use the same freed memory. False where the C library is not glibc.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    wanted = {M_ARENA_MAX: 2, M_MMAP_THRESHOLD: LARGEST, M_TRIM_THRESHOLD: 8 * LARGEST}
    return all([mallopt(option, value) for option, value in wanted.items()])


def give_back() -> None:
    """Lets the kernel have the pages of this process that are unused now, which else stay at the most that was ever used.

    Takes about a millisecond. Does nothing where the C library is not glibc.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)

"""Stops a computation of llama.cpp from another thread, and tells whether it moves."""

from __future__ import annotations

import ctypes

_libc = ctypes.CDLL(None, use_errno=True)
_MOST = 2**31 - 1  # SEM_VALUE_MAX


class Interrupt:
    """An abort callback for ggml without a line of Python in it.

    ggml asks its callback after every graph node, from a thread that would have to take the interpreter lock each time.
    ``sem_trywait`` has the signature that ggml wants, says 0 (go on) while the semaphore is positive and non-zero
    (stop) at zero, and counts the nodes on the way.
    """

    def __init__(self):
        self._semaphore = ctypes.create_string_buffer(64)  # sem_t is 32 bytes on 64-bit Linux
        self.callback = ctypes.cast(_libc.sem_trywait, ctypes.c_void_p)
        self.arm()

    @property
    def callback_data(self) -> ctypes.c_void_p:
        return ctypes.cast(self._semaphore, ctypes.c_void_p)

    def arm(self) -> None:
        """Lets the next computation run."""
        _libc.sem_init(self._semaphore, 0, _MOST)

    def trip(self) -> None:
        """Stops the computation under way after its current graph node; the next one too, until ``arm``."""
        _libc.sem_init(self._semaphore, 0, 0)

    @property
    def progress(self) -> int:
        """A number that changes with every graph node."""
        value = ctypes.c_int()
        _libc.sem_getvalue(self._semaphore, ctypes.byref(value))
        return _MOST - value.value

"""In a process of its own: what is set here cannot be taken back."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import ctypes, os
from glm4v_ros.machine import malloc

def resident_mib():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

assert malloc.reuse_large_blocks()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
blocks = [libc.malloc(100_000) for _ in range(1001)]
for block in blocks:
    ctypes.memset(block, 1, 100_000)
for block in blocks[:-1]:  # the last one keeps the heap's top where it is
    libc.free(block)
print(resident_mib())
malloc.give_back()
print(resident_mib())
"""


def test_freed_memory_is_kept_until_it_is_given_back():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    before, after = map(float, done.stdout.split())
    assert before > 95 and after < before - 80

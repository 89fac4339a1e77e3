"""How much memory a process of a test's own may still get."""

import contextlib
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = str(Path(__file__).parents[1])
_NOT_HELD = 77  # exit status where the system holds no process to the limit, as qemu's user emulation does not


def run_limited(*arguments: object) -> subprocess.CompletedProcess:
    """For the test: Python with these arguments, which uses ``limited_memory``. Skips the test where the system holds no process to it."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([_ROOT, *sys.path])}
    ended = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True)
    if ended.returncode == _NOT_HELD:
        pytest.skip("this system holds no process to a limit of memory")
    return ended


@contextlib.contextmanager
def limited_memory(new: int) -> Iterator[None]:
    """For that process: within it, it gets at most ``new`` more bytes. Ends the process where the system does not hold it to that."""
    (used,) = [line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmData")]
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (int(used) * 1024 + new, hard))
    with contextlib.suppress(MemoryError):
        bytearray(4 * new)
        sys.exit(_NOT_HELD)
    yield
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))

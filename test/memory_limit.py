"""For a process of a test's own: how much memory it may still get."""

import contextlib
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

NOT_HELD = 77  # exit status where the system holds no process to the limit, as qemu's user emulation does not


@contextlib.contextmanager
def limited_memory(new: int) -> Iterator[None]:
    """Within it this process gets at most ``new`` more bytes. Ends the process with NOT_HELD where that does not hold."""
    (used,) = [line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmData")]
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (int(used) * 1024 + new, hard))
    with contextlib.suppress(MemoryError):
        bytearray(4 * new)
        sys.exit(NOT_HELD)
    yield
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))

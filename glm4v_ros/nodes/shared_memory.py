"""What a killed process leaves of Fast DDS in shared memory: 67 MB for each participant with config/fastdds.xml."""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path

DIRECTORY = Path("/dev/shm")
_LOCK = re.compile(r"(fastrtps_(?:port\d{1,5}|[0-9a-f]{16}))_[es]l")
_YOUNGEST = 1.0  # s; a lock file is made a moment before it is locked


def sweep(directory: Path = DIRECTORY) -> list[str]:
    """Removes the segments and ports that no living process holds, and returns their names.

    Fast DDS keeps a lock on a file beside each one for as long as its process lives. Files of other users are left
    alone, and where there is no such directory nothing is done.
    """
    locks: dict[str, list[Path]] = {}
    for path in _entries(directory):
        if match := _LOCK.fullmatch(path.name):
            locks.setdefault(match[1], []).append(path)
    return [name for name, paths in locks.items() if _remove_unheld(directory, name, paths)]


def _remove_unheld(directory: Path, name: str, locks: Iterable[Path]) -> bool:
    held = []
    try:
        for path in locks:
            held.append(os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW))
            if time.time() - os.fstat(held[-1]).st_mtime < _YOUNGEST:
                return False
            fcntl.flock(held[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
        for path in (directory / name, directory / f"sem.{name}_mutex", *locks):
            path.unlink(missing_ok=True)
        return True
    except OSError:  # somebody holds it, removed it meanwhile, or it is another user's
        return False
    finally:
        for fd in held:
            os.close(fd)


def _entries(directory: Path) -> list[Path]:
    try:
        return list(directory.iterdir())
    except OSError:
        return []

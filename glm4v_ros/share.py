"""Where the package's data lies: config, launch files and the embedded model."""

from __future__ import annotations

import os
import sys
from pathlib import Path

PACKAGE = "glm4v_ros"


def share_dir() -> Path:
    """The directory that holds ``config`` and ``models``, however the package came here.

    In order: the checkout this module was imported from, the prefix it was installed into (colcon, cmake, pip alike),
    ROS's own search path, the interpreter's prefix. Raises FileNotFoundError.
    """
    here = Path(__file__).parent
    prefixes = [
        *here.parents,
        *map(Path, filter(None, os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep))),
        Path(sys.prefix),
    ]
    for share in (here.parent, *(prefix / "share" / PACKAGE for prefix in prefixes)):
        if (share / "package.xml").is_file() and (share / "config").is_dir():
            return share
    raise FileNotFoundError(
        f"the data of {PACKAGE} is not installed; install the package again, with colcon, cmake or pip"
    )

"""The engine's worker, in which no picture gets memory while the file at STARVED names its process id, or "all"."""

import os
from pathlib import Path

from glm4v_ros.engine.worker import main
from glm4v_ros.vision.mtmd_tower import MtmdTower

STARVED = "GLM4V_TEST_STARVED"  # variable of the environment
_encode = MtmdTower.encode


def encode(self, *arguments):
    if Path(os.environ[STARVED]).read_text() in (str(os.getpid()), "all"):
        raise MemoryError
    return _encode(self, *arguments)


if __name__ == "__main__":
    MtmdTower.encode = encode
    main()

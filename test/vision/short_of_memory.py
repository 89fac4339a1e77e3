"""For tests, in a process of its own: encodes a picture for which the system has no memory, then one for which it has.

Arguments: name of the tower, text file, vision file. Prints the first one's error, and the other's image tokens.
"""

import os
import sys
from pathlib import Path

import llama_cpp
import numpy as np
from memory_limit import limited_memory

from glm4v_ros.errors import VqaError
from glm4v_ros.llama.llama_log import LlamaLog
from glm4v_ros.vision.frame import Frame
from glm4v_ros.vision.glm4v_tower import Glm4vTower
from glm4v_ros.vision.mtmd_tower import MtmdTower

NEW = 24 << 20  # bytes that the process may still get: enough for the pixels of the large picture, too little for its graph


def picture(width: int, height: int) -> Frame:
    return Frame(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


def main(kind: str, text: str, vision: str) -> None:
    log = LlamaLog()
    model = llama_cpp.llama_model_load_from_file(os.fsencode(text), llama_cpp.llama_model_default_params())
    if kind == MtmdTower.__name__:
        tower = MtmdTower(Path(vision), model, mrope=True, threads=1, take_error=log.take_error)
    else:
        tower = Glm4vTower(Path(vision), model, threads=1)
    large, small = picture(1120, 840), picture(336, 252)
    tower.load()
    tower.encode(small)
    with limited_memory(NEW):
        try:
            tower.encode(large)
        except VqaError as error:
            print(type(error).__name__)
    tower.load()
    print(sum(run.count for run in tower.encode(small).runs if hasattr(run, "embeddings")))


if __name__ == "__main__":
    main(*sys.argv[1:])

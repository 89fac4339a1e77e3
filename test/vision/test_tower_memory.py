"""What a tower's activations are said to take against what they really take."""

import re
import subprocess
import sys

import numpy as np
import pytest

from glm4v_ros.catalog.gguf import Gguf, Tensor
from glm4v_ros.vision.frame import Frame
from glm4v_ros.vision.glm4v9b_tower import Glm4v9bTower
from glm4v_ros.vision.tower_memory import buffer_bytes


def test_the_buffers_of_the_9b_tower(tiny_9b):
    vision = Gguf.read(tiny_9b.path("vision"))
    tower = Glm4v9bTower(tiny_9b.path("vision"), gpu=False, threads=2)
    tower.load()
    tower.encode(Frame(np.zeros((10, 10, 3), np.uint8)))
    # In so small a tower the allocator finds a place for the pixels elsewhere.
    assert tower.compute_bytes <= buffer_bytes(vision, 0, True) < 1.5 * tower.compute_bytes
    tower.free()


MTMD_SCRIPT = """
import logging, sys
from pathlib import Path
import numpy as np
logging.basicConfig(level=logging.DEBUG, stream=sys.stdout, format="%(message)s")
from glm4v_ros.catalog.model import Model
from glm4v_ros.engine.config import EngineConfig
from glm4v_ros.vision.frame import Frame
from glm4v_ros.llama.language_model import LanguageModel
from glm4v_ros.llama.llama_log import LlamaLog
from glm4v_ros.engine.vision import tower_of
config = EngineConfig(Model("m", Path(sys.argv[1]), Path(sys.argv[2])), context_tokens=512, threads=2, gpu_layers=0)
log = LlamaLog()
model = LanguageModel(config, log, lambda _: True)
tower = tower_of(config, model, log, lambda: None)
tower.load()
tower.encode(Frame(np.zeros((672, 672, 3), np.uint8)))
"""


def test_the_buffers_of_llama_cpps_tower(nano):
    """What mtmd reserves for a picture of 576 tokens."""
    command = [sys.executable, "-c", MTMD_SCRIPT, nano.text_path, nano.vision_path]
    log = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    reserved = float(re.search(r"reserve_compute_meta: .*compute buffer size = +([\d.]+) MiB", log)[1])
    vision = Gguf.read(nano.vision_path)
    assert buffer_bytes(vision, 576, True) / 2**20 == pytest.approx(reserved, rel=0.05)


@pytest.mark.parametrize("tokens, reserved", [(1200, 292.09), (2116, 515.05)])
def test_the_buffers_in_the_shape_of_flash(tokens, reserved):
    """Against what mtmd reserved for GLM-4.6V-Flash's tower, in MiB."""
    vision = Gguf(None, {
        "clip.projector_type": "glm4v", "clip.vision.patch_size": 14, "clip.vision.embedding_length": 1536,
        "clip.vision.attention.head_count": 12,
    }, {f"v.blk.0.ffn_{name}.weight": Tensor(f"v.blk.0.ffn_{name}.weight", (1536, 4096), 0, 0) for name in ("up", "gate")})  # fmt: skip
    assert buffer_bytes(vision, tokens, True) / 2**20 == pytest.approx(reserved, rel=0.05)


def test_the_buffers_in_the_full_shape_of_the_9b():
    """Against what ggml's allocator plans for the tower's graph in the real model's shape: 301 and 2734 MiB."""
    vision = Gguf(None, {
        "clip.projector_type": "glm-4v-9b", "clip.vision.image_size": 1120, "clip.vision.patch_size": 14,
        "clip.vision.embedding_length": 1792, "clip.vision.attention.head_count": 16,
    }, {"v.blk.0.ffn_up.weight": Tensor("v.blk.0.ffn_up.weight", (1792, 15360), 0, 0)})  # fmt: skip
    assert buffer_bytes(vision, 0, True) / 2**20 == pytest.approx(301, rel=0.05)
    assert buffer_bytes(vision, 0, False) / 2**20 == pytest.approx(2734, rel=0.05)

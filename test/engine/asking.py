"""Frames and questions for the engine's tests."""

import itertools

import numpy as np

from glm4v_ros.engine.client import EngineClient
from glm4v_ros.engine.question import Question
from glm4v_ros.vision.frame import Frame
from glm4v_ros.vision.tower import EmbeddingRun

PATIENCE = 60.0  # seconds after which a future that never ends fails the test
_ids = itertools.count()


def noise(seed: int, width: int = 112, height: int = 84) -> Frame:
    """A picture like no other; 12 image tokens by default."""
    return Frame(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def image_run(cells: int = 6, advance: int = 3) -> EmbeddingRun:
    """A run of an image's tokens where it only matters how many there are and by how much they move the position."""
    return EmbeddingRun(np.zeros((cells, 4), np.float32), np.zeros((4, cells), np.int32), advance)


def question(text: str = "型号是什么?", **fields) -> Question:
    """A question with an id of its own that is answered with 16 tokens, whatever the model would like."""
    return Question(text, **{"request_id": f"test-{next(_ids)}", "max_tokens": 16, "ignore_eos": True, **fields})


def ask(engine: EngineClient, frames=(), text: str = "型号是什么?", **fields):
    """The Answer to ``question(text, **fields)``."""
    return engine.ask(question(text, **fields), frames).result(PATIENCE)

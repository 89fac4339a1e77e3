"""Frames and questions for the engine's tests."""

import itertools
import time
from pathlib import Path

import cv2
import numpy as np

from glm4v_ros.engine.client import EngineClient
from glm4v_ros.engine.question import Question
from glm4v_ros.llama.sampling import Sampling
from glm4v_ros.vision.frame import Frame
from glm4v_ros.vision.tower import EmbeddingRun


def slowness() -> float:
    """How many times as long as a core of a PC, 0.6 ms, this machine takes for what is most of a model's work."""
    matrix, took = np.ones((256, 256), np.float32), []
    for _ in range(5):
        began = time.perf_counter()
        matrix @ matrix
        took.append(time.perf_counter() - began)
    return min(took) / 0.6e-3


#: Seconds after which a future that never ends fails the test: enough for a machine with much else to do, and for a slow one.
PATIENCE = max(180.0, 20.0 * slowness())
#: Seconds that one step of a question's work may take there.
WATCHDOG = PATIENCE / 3
PLATE = cv2.imread(str(Path(__file__).parents[1] / "data" / "nameplate.png"))[..., ::-1]
READ = {  # what the model reads there and is sure of: no token is a near-tie, in any order of sums
    "型号是什么?": "LVV9-70S1-9",
    "What is the serial number?": "57F77A0C",
    "生产日期是什么?": "JUL. 2024",
}
_ids = itertools.count()


def noise(seed: int, width: int = 112, height: int = 84) -> Frame:
    """A picture like no other; 12 image tokens by default."""
    return Frame(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def plate(shade: int = 0, width: int = 336, height: int = 252) -> Frame:
    """The nameplate, darker by ``shade`` (0 to 30), so that it is another frame; 108 image tokens by default.

    Where answers from unlike batches are compared, ask about this: the answers to noise hang on ties.
    """
    image = cv2.resize(PLATE, (width, height), interpolation=cv2.INTER_AREA).astype(np.int16) - shade
    return Frame(np.ascontiguousarray(np.clip(image, 0, 255).astype(np.uint8)))


def image_run(cells: int = 6, advance: int = 3) -> EmbeddingRun:
    """A run of an image's tokens where it only matters how many there are and by how much they move the position."""
    return EmbeddingRun(np.zeros((cells, 4), np.float32), np.zeros((4, cells), np.int32), advance)


def question(text: str = "型号是什么?", **fields) -> Question:
    """A question with an id of its own that is answered with 16 tokens, whatever the model would like."""
    return Question(text, **{"request_id": f"test-{next(_ids)}", "max_tokens": 16, "ignore_eos": True, **fields})


def rambling(**fields) -> Question:
    """One answered with text to the last token, the same each time; with ``question`` alone a model may write end tokens."""
    return question(sampling=Sampling(temperature=5.0, seed=1), **fields)


def reading(text: str, **fields) -> dict:
    """The fields of a question about a plate that ends where the model likes."""
    return {"text": text, "max_tokens": 40, "ignore_eos": False, **fields}


def ask(engine: EngineClient, frames=(), text: str = "型号是什么?", **fields):
    """The Answer to ``question(text, **fields)``."""
    return engine.ask(question(text, **fields), frames).result(PATIENCE)

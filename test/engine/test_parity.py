"""llama.cpp against PyTorch, by golden vectors that training/golden.py made from the shipped weights, both at f16."""

import json
import math
import os
from pathlib import Path

import cv2
import llama_cpp
import numpy as np
import pytest

from glm4v_ros.catalog.gguf import Gguf
from glm4v_ros.engine.client import EngineClient
from glm4v_ros.engine.config import EngineConfig
from glm4v_ros.vision.frame import Frame
from glm4v_ros.vision.mtmd_tower import MtmdTower
from glm4v_ros.vision.tower import EmbeddingRun

from .asking import WATCHDOG, ask

GOLDEN = Path(__file__).parents[1] / "golden" / "nano"

F16_ROUNDOFF = np.finfo(np.float16).eps / 2  # the most by which one rounding to f16 moves a number, relative to it


def picture(name: str) -> Frame:
    return Frame(np.ascontiguousarray(cv2.imread(str(GOLDEN / name))[..., ::-1]))


@pytest.fixture(scope="module")
def tower_f16(nano_f16):
    model = llama_cpp.llama_model_load_from_file(os.fsencode(nano_f16.text_path), llama_cpp.llama_model_default_params())
    tower = MtmdTower(nano_f16.vision_path, model, mrope=True, threads=1, flash_attention=False)
    tower.load()
    yield tower
    tower.free()
    llama_cpp.llama_model_free(model)


def test_greedy_answers_are_pytorchs(nano_f16):
    cases = [json.loads(line) for line in (GOLDEN / "answers.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(cases) == 50
    config = EngineConfig(nano_f16, threads=1, context_tokens=2048, kv_type="f32", speculation=False, watchdog_timeout=WATCHDOG)
    with EngineClient(config) as engine:
        engine.start()
        answers = [
            ask(engine, [picture(case["image"])], case["question"], max_tokens=48, ignore_eos=False, deterministic=True)
            for case in cases
        ]
    wrong = [(c["image"], c["answer"], a.text) for c, a in zip(cases, answers) if a.text != c["answer"]]
    assert not wrong


@pytest.fixture(scope="module")
def tolerance(nano_f16):
    """Relative error of the embeddings where ggml rounds activations to f16 before each product with an f16 matrix, as it
    does on processors with f16 arithmetic; PyTorch, at f32, does not. Independent errors of the products add up by squares.
    """
    matrices = [tensor for tensor in Gguf.read(nano_f16.vision_path).tensors.values() if tensor.type_name == "F16"]
    errors = 1 + (b"FP16_VA = 1" in llama_cpp.llama_print_system_info())  # ARM's f16 arithmetic: a product's sum is at f16, too
    return F16_ROUNDOFF * math.sqrt(errors * len(matrices))


@pytest.mark.parametrize("name", ["00.png", "01.png", "02.png"])
def test_image_embeddings_are_pytorchs(tower_f16, tolerance, name):
    expected = np.load(GOLDEN / "embeddings.npz")[name]
    tokens = tower_f16.encode(picture(name))
    embeddings = np.concatenate([run.embeddings for run in tokens.runs if isinstance(run, EmbeddingRun)])
    assert embeddings.shape == expected.shape
    assert np.linalg.norm(embeddings - expected) < tolerance * np.linalg.norm(expected)

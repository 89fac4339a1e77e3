"""The estimate against what llama.cpp and the tower really take."""

import re
import subprocess
import sys
from dataclasses import replace

import pytest

from glm4v_ros.catalog.gguf import Gguf
from glm4v_ros.catalog.model import Model
from glm4v_ros.engine.config import EngineConfig
from glm4v_ros.engine.estimate import estimate
from glm4v_ros.errors import EngineFailed, ModelFileError
from glm4v_ros.llama.kv_types import kv_bytes
from glm4v_ros.machine.memory import Device


@pytest.fixture
def config(tiny_9b):
    return EngineConfig(Model("tiny", tiny_9b.path("text"), tiny_9b.path("vision")), context_tokens=1024, threads=2)


@pytest.mark.parametrize("kv_type", ["f16", "f32"])
def test_kv_and_buffers_are_those_of_a_real_context(config, kv_type, tmp_path):
    """Loads the model in another process and reads what llama.cpp says it allocated."""
    script = """
import logging, sys
from dataclasses import replace
from pathlib import Path
logging.basicConfig(level=logging.DEBUG, stream=sys.stdout, format="%(message)s")
from glm4v_ros.engine.config import EngineConfig
from glm4v_ros.catalog.model import Model
from glm4v_ros.llama.language_model import LanguageModel
from glm4v_ros.llama.llama_log import LlamaLog
model = Model("m", Path(sys.argv[1]), Path(sys.argv[2]))
log = LlamaLog()
LanguageModel(EngineConfig(model, context_tokens=1024, threads=2, kv_type=sys.argv[3]), log, lambda _: True).free()
"""
    command = [sys.executable, "-c", script, config.model.text_path, config.model.vision_path, kv_type]
    log = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = estimate(replace(config, kv_type=kv_type))
    kv = float(re.search(r"llama_kv_cache: size = +([\d.]+) MiB", log)[1])
    buffers = sum(map(float, re.findall(r"(?:compute|output) buffer size = +([\d.]+) MiB", log)))
    assert found.kv == pytest.approx(kv * 2**20, rel=0.01)
    assert found.text_buffers == pytest.approx(buffers * 2**20, rel=0.01)


def test_weights_are_the_files_own(config):
    found = estimate(config)
    for weights, path in (
        (found.text_weights, config.model.text_path),
        (found.vision_weights, config.model.vision_path),
    ):
        assert 0 < path.stat().st_size - weights < 40_000  # the header
    assert found.peak == sum(
        (found.text_weights, found.vision_weights, found.kv, found.text_buffers, found.vision_buffers)
    )
    assert found.between_frames < found.peak
    assert not found.on_gpu and found.device.kind == "cpu" and found.fits


def test_the_kv_cache_of_the_full_size():
    text = Gguf(None, {
        "general.architecture": "paddleocr", "paddleocr.block_count": 40, "paddleocr.embedding_length": 4096,
        "paddleocr.attention.head_count": 32, "paddleocr.attention.head_count_kv": 2,
    }, {})  # fmt: skip
    assert kv_bytes(text, 1, "f16") == 40 * 1024
    assert kv_bytes(text, 1, "q8_0") == 21.25 * 1024


def test_which_device_has_to_hold_it(config):
    found = estimate(config)
    gib = 2**30
    cpu, gpu = Device("CPU", "cpu", 8 * gib, 16 * gib), Device("CUDA0", "gpu", 2 * gib, 4 * gib)
    big = replace(found, text_weights=3 * gib, devices=(cpu, gpu), on_gpu=True)
    assert big.device == gpu and not big.fits
    assert replace(big, on_gpu=False).device == cpu and replace(big, on_gpu=False).fits
    orin = Device("CUDA0", "unified", 20 * gib, 32 * gib)
    assert replace(big, devices=(cpu, orin)).device == orin


def test_broken_files_are_said_before_llama_cpp_sees_them(config, tmp_path):
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(config.model.text_path.read_bytes()[:-5000])
    with pytest.raises(ModelFileError, match="cut short"):
        estimate(replace(config, model=replace(config.model, text_path=cut)))


def test_what_llama_cpp_cannot_plan(config, tmp_path):
    odd = tmp_path / "odd.gguf"
    odd.write_bytes(config.model.text_path.read_bytes().replace(b"paddleocr", b"paddleoxx"))
    with pytest.raises(EngineFailed, match="cannot plan.*paddleoxx"):
        estimate(replace(config, model=replace(config.model, text_path=odd)))

"""A running engine with the embedded model, and one that is moved step by step, each shared by the tests of a module."""

from types import SimpleNamespace

import pytest
from asking import WATCHDOG
from stepping import PIECE, Run

from glm4v_ros.catalog.pair import Pair
from glm4v_ros.engine.chat_template import ChatTemplate
from glm4v_ros.engine.client import EngineClient
from glm4v_ros.engine.config import EngineConfig
from glm4v_ros.engine.vision import tower_of
from glm4v_ros.llama.language_model import LanguageModel
from glm4v_ros.llama.llama_log import LlamaLog
from glm4v_ros.machine import ggml


@pytest.fixture
def clock_of(monkeypatch):
    """Gives a module a clock that moves only when told to: a list of one number, seconds."""

    def replaced(module):
        now = [1000.0]
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now[0]))
        return now

    return replaced


@pytest.fixture(scope="module")
def engine(nano):
    with EngineClient(EngineConfig(nano, threads=1, context_tokens=2048, max_parallel=4, watchdog_timeout=WATCHDOG)) as client:
        client.start()
        yield client


def load_parts(nano_f32):
    config = EngineConfig(
        Pair.of(nano_f32).complete(nano_f32), threads=1, kv_type="f32", context_tokens=2048, batch_tokens=PIECE,
        max_parallel=6, speculation=False,
    )  # fmt: skip
    log = LlamaLog()
    model = LanguageModel(config, log, lambda _: True)
    tower = tower_of(config, model, log, lambda: None)
    tower.load()
    return config, model, tower, ChatTemplate(model.chat_template, model.tokenize)


@pytest.fixture(scope="module")
def parts(nano_f32):
    config, model, tower, template = load_parts(nano_f32)
    yield config, model, tower, template
    tower.free()
    model.free()


@pytest.fixture(scope="module")
def gpu_parts(nano_f32):
    """Where the processor is taken for a GPU: all that llama.cpp offers on one is done, by the same computations."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ggml, "gpu", lambda: "FAKE0 GPU")
        config, model, tower, template = load_parts(nano_f32)
    yield config, model, tower, template
    tower.free()
    model.free()


@pytest.fixture
def run(parts, monkeypatch):
    return Run(parts, monkeypatch)


@pytest.fixture
def gpu_run(gpu_parts, monkeypatch):
    return Run(gpu_parts, monkeypatch)


@pytest.fixture
def make_run(parts, monkeypatch):
    """A run whose batches mix text and images, or not."""

    def make(mixes):
        monkeypatch.setattr(LanguageModel, "mixes", mixes)
        return Run(parts, monkeypatch)

    return make

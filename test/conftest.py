"""Fixtures for every room. Whatever starts ROS here stays on this machine, in a DDS domain of its own."""

import ctypes
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from glm4v_ros.catalog.model import Model
from glm4v_ros.machine.channel import Channel
from glm4v_ros.machine.dds import stay_on_this_machine
from glm4v_ros.vendor import prefer_vendor

ROOT = Path(__file__).resolve().parents[1]

prefer_vendor()  # colcon test: what tests import themselves, such as gguf, is there
if "PYTEST_XDIST_WORKER" in os.environ:  # each of pytest-xdist's processes is in a domain of its own
    os.environ.pop("ROS_DOMAIN_ID", None)
stay_on_this_machine()
os.environ.setdefault("FASTRTPS_DEFAULT_PROFILES_FILE", str(ROOT / "config" / "fastdds.xml"))


class _ModuleByModule(pytest.MonkeyPatch):
    """Servers and nodes of other tests run on in this process: their event loops would wait for hours by another clock."""

    def setattr(self, target, name, *value, **words):
        whole = target.startswith("time.") if isinstance(target, str) else target is time
        assert not whole, "replace the name `time` in the module that is tested: time's own functions are the whole process's"
        super().setattr(target, name, *value, **words)


@pytest.fixture
def monkeypatch():
    patch = _ModuleByModule()
    yield patch
    patch.undo()


_MODEL_DIR = Path(os.environ.get("GLM4V_TEST_MODEL_DIR", ROOT / "models" / "glm4v-nano"))


@pytest.fixture(scope="session")
def nano() -> Model:
    """The embedded model. GLM4V_TEST_MODEL_DIR names another directory with files of the same names."""
    model = Model("glm4v-nano", _MODEL_DIR / "glm4v-nano-text-q4_k_m.gguf", _MODEL_DIR / "glm4v-nano-vision-q8_0.gguf",
                  demo=True)  # fmt: skip
    for path in (model.text_path, model.vision_path):
        assert path.is_file(), f"{path} is missing: the tests need the embedded model"
    return model


def blown_up(model, directory, file_type: int):
    """``model`` with its weights at f32 or f16, so that rounding differs by nothing that matters."""
    import llama_cpp

    def blow_up(path):
        target = directory / path.name
        params = llama_cpp.llama_model_quantize_default_params()
        params.ftype = file_type
        params.allow_requantize = True
        params.nthread = 1
        assert llama_cpp.llama_model_quantize(os.fsencode(path), os.fsencode(target), ctypes.byref(params)) == 0
        return target

    return replace(model, text_path=blow_up(model.text_path), vision_path=blow_up(model.vision_path))


@pytest.fixture(scope="session")
def nano_f32(nano, tmp_path_factory):
    return blown_up(nano, tmp_path_factory.mktemp("nano_f32"), 0)  # LLAMA_FTYPE_ALL_F32


@pytest.fixture(scope="session")
def nano_f16(nano, tmp_path_factory):
    return blown_up(nano, tmp_path_factory.mktemp("nano_f16"), 1)  # LLAMA_FTYPE_MOSTLY_F16


@pytest.fixture
def ends():
    """Of a channel."""
    one, socket = Channel.pair()
    other = Channel(socket)
    yield one, other
    one.close()
    other.close()


@pytest.fixture(scope="module")
def tiny_9b(tmp_path_factory):
    """The Conversion of a checkpoint of GLM-4v-9b's kind that is small."""
    from golden import glm4v9b_checkpoint as tiny

    from glm4v_ros.catalog.convert import Conversion  # its gguf lies where prefer_vendor leads

    conversion = Conversion.plan(tiny.write(tmp_path_factory.mktemp("checkpoint"), tiny.VARIANTS["plain"]),
                                 tmp_path_factory.mktemp("converted"))  # fmt: skip
    conversion.run()
    return conversion

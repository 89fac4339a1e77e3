"""A running engine with the embedded model, shared by the tests of a module."""

import ctypes
import os
from dataclasses import replace

import pytest

from glm4v_ros.engine.client import EngineClient
from glm4v_ros.engine.config import EngineConfig


@pytest.fixture(scope="module")
def engine(nano):
    with EngineClient(EngineConfig(nano, threads=1, context_tokens=2048, max_parallel=4)) as client:
        client.start()
        yield client


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

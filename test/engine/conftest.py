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


@pytest.fixture(scope="session")
def nano_f32(nano, tmp_path_factory):
    """The embedded model with its weights blown up to f32, so that rounding differs by nothing that matters."""
    import llama_cpp

    directory = tmp_path_factory.mktemp("nano_f32")

    def blow_up(path):
        target = directory / path.name
        params = llama_cpp.llama_model_quantize_default_params()
        params.ftype = llama_cpp.LLAMA_FTYPE_ALL_F32
        params.allow_requantize = True
        params.nthread = 1
        assert llama_cpp.llama_model_quantize(os.fsencode(path), os.fsencode(target), ctypes.byref(params)) == 0
        return target

    return replace(nano, text_path=blow_up(nano.text_path), vision_path=blow_up(nano.vision_path))

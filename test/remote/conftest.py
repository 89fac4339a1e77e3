"""A stub server, and a remote engine that asks it."""

import numpy as np
import pytest
from stub_server import StubServer

from glm4v_ros.remote.config import RemoteConfig
from glm4v_ros.remote.engine import RemoteEngine
from glm4v_ros.vision.frame import Frame

PATIENCE = 1.0  # s without a byte: a server has failed


@pytest.fixture(scope="module")
def stub_of_module():
    stub = StubServer()
    yield stub
    stub.close()


@pytest.fixture(scope="module")
def engine_of_module(stub_of_module):
    config = RemoteConfig(stub_of_module.address, "m", key="secret", patience=PATIENCE, encoding="png")
    with RemoteEngine(config) as engine:
        engine.start()
        yield engine


@pytest.fixture
def stub(stub_of_module):
    stub_of_module.requests.clear()
    stub_of_module.act = lambda connection, _: connection.answer("yes")
    return stub_of_module


@pytest.fixture
def engine(engine_of_module):
    """One process for all tests of a module, whose breaker is closed at the beginning of each."""
    engine_of_module.breaker.succeeded()
    engine_of_module.reset_session("")
    return engine_of_module


@pytest.fixture
def frame():
    return Frame(np.full((48, 64, 3), (200, 10, 20), np.uint8))

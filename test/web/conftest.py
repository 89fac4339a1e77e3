"""Servers for the tests of web/."""

import pytest
from served import PATIENCE, scripted, serving

from glm4v_ros.engine.client import EngineClient
from glm4v_ros.engine.config import EngineConfig


@pytest.fixture(scope="module")
def web_of_module(nano):
    with serving(scripted(nano), nano) as served:
        yield served


@pytest.fixture
def web(web_of_module):
    """A server whose engine is scripted: an answer is the keys of the frames that it was shown."""
    web_of_module.engine.forget()
    yield web_of_module
    web_of_module.engine.capacity = 24
    assert web_of_module.engine.idle.wait(PATIENCE), "a question is still under way"


@pytest.fixture(scope="session")
def nano_engine(nano):
    with EngineClient(EngineConfig(nano, threads=1, max_parallel=8)) as client:
        client.start()
        yield client


@pytest.fixture(scope="session")
def real(nano, nano_engine):
    """A server with the embedded model."""
    with serving(nano_engine, nano) as served:
        yield served

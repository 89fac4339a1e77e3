"""Who answers when the server does not, and what never goes to it."""

import threading
import uuid

import numpy as np
import pytest
from scripted_engine import ScriptedEngine
from stub_server import PATIENCE

from glm4v_ros.catalog.model import Model
from glm4v_ros.engine.config import EngineConfig
from glm4v_ros.engine.question import Question
from glm4v_ros.errors import BadRequest, Busy, Canceled, EngineFailed, ServerFailed, Unsupported
from glm4v_ros.remote.breaker import MOST_FAILURES
from glm4v_ros.remote.config import RemoteConfig
from glm4v_ros.remote.engine import RemoteEngine
from glm4v_ros.vision.frame import Frame


@pytest.fixture(scope="module")
def both_of_module(stub_of_module):
    loading = threading.Event()
    loading.set()
    local = ScriptedEngine(EngineConfig(Model("here", "text", "vision")), loading)
    with RemoteEngine(RemoteConfig(stub_of_module.address, "m", patience=1.0), local) as engine:
        engine.start()
        yield engine


@pytest.fixture
def both(both_of_module):
    both_of_module.breaker.succeeded()
    both_of_module.reset_session("")
    both_of_module.local.questions.clear()
    return both_of_module


def question(text="what?", timeout=20.0, **fields) -> Question:
    return Question(text, uuid.uuid4().hex, timeout=timeout, **fields)


def hang_up(connection, _):
    pass


def busy(connection, _):
    connection.reply(429, b"")


def hang(connection, _):
    connection.wait_for_hangup()


def refuse(connection, _):
    connection.reply(400, {"error": {"message": "on purpose"}})


def one_word(connection, _):
    connection.begin()
    connection.word("one ")


def test_the_server_answers(both, stub, frame):
    stub.act = lambda connection, _: connection.answer("yes")
    answer = both.ask(question(), [frame]).result(PATIENCE)
    assert answer.text == "yes" and answer.model == f"m@127.0.0.1:{stub.port}" and both.local.questions == []


@pytest.mark.parametrize("act", [hang_up, busy, hang])
def test_the_local_model_takes_over_before_the_first_word(both, stub, frame, act):
    stub.act = act
    heard = []
    answer = both.ask(question(), [frame], heard.append).result(PATIENCE)
    assert answer.text == frame.key and answer.model == "here"
    assert [delta.stage for delta in heard] == sorted(delta.stage for delta in heard)
    (asked, _) = both.local.questions[-1]
    assert 0 < asked.timeout < 20.0


@pytest.mark.parametrize("act, kind", [(one_word, ServerFailed), (refuse, BadRequest)])
def test_and_only_then(both, stub, frame, act, kind):
    stub.act = act
    error = both.ask(question(), [frame]).exception(PATIENCE)
    assert type(error) is kind and both.local.questions == []


def test_the_local_model_knows_what_was_said(both, stub, frame):
    stub.act = lambda connection, _: connection.answer("red")
    both.ask(question("colour?", session_id="talk"), [frame]).result(PATIENCE)
    stub.act = hang_up
    both.ask(question("size?", session_id="talk"), [frame]).result(PATIENCE)
    asked, frames = both.local.questions[-1]
    assert [(one.text, one.answer, one.pictures) for one in asked.past] == [("colour?", "red", 1)]
    assert [one.key for one in frames] == [frame.key]
    stub.act = lambda connection, _: connection.answer("round")
    both.ask(question("shape?", session_id="talk"), [frame]).result(PATIENCE)
    assert [message["content"] for message in stub.requests[-1].body["messages"][1::2]] == ["red", frame.key]


def test_a_cancel_reaches_the_local_model(both, stub, frame):
    stub.act = hang_up
    asked, begun = question("slow"), threading.Event()
    future = both.ask(asked, [frame], lambda delta: begun.set() if delta.text else None)
    assert begun.wait(PATIENCE)
    both.cancel(asked.request_id)
    assert type(future.exception(PATIENCE)) is Canceled


def test_what_may_not_leave_does_not(both, stub, frame):
    blue = Frame(np.full((48, 64, 3), (1, 2, 200), np.uint8))
    answer = both.ask(question(local_only=True, session_id="talk"), [frame]).result(PATIENCE)
    assert answer.model == "here"
    both.ask(question("and this?", session_id="talk"), [blue]).result(PATIENCE)  # it would bring the first picture along
    assert stub.requests == [] and len(both.local.questions) == 2


def test_without_a_local_model_it_is_refused(engine, stub, frame):
    with pytest.raises(Unsupported, match="local_only"):
        engine.ask(question(local_only=True), [frame])
    assert stub.requests == []


def test_a_server_that_fails_is_left_alone(engine, stub, frame):
    stub.act = hang_up
    for _ in range(MOST_FAILURES):
        assert engine.breaker.state == "closed"
        assert type(engine.ask(question(), [frame]).exception(PATIENCE)) is ServerFailed
    assert engine.breaker.state == "open"
    stub.requests.clear()
    with pytest.raises(ServerFailed, match="left alone for another"):
        engine.ask(question(), [frame])
    assert stub.requests == []
    engine.breaker.succeeded()
    stub.act = lambda connection, _: connection.answer("yes")
    assert engine.ask(question(), [frame]).result(PATIENCE).text == "yes"


def test_and_the_local_model_answers_meanwhile(both, stub, frame):
    for _ in range(MOST_FAILURES):
        both.breaker.failed("on purpose")
    assert both.ask(question(), [frame]).result(PATIENCE).model == "here" and stub.requests == []


@pytest.mark.parametrize("act", [busy, refuse])
def test_a_server_that_refuses_has_not_failed(engine, stub, frame, act):
    stub.act = act
    for _ in range(MOST_FAILURES + 1):
        assert isinstance(engine.ask(question(), [frame]).exception(PATIENCE), (Busy, BadRequest))
    assert engine.breaker.state == "closed"


def test_many_failures_end_no_process(engine, stub, frame):
    """They are the server's: the process here is not replaced, and never given up."""
    stub.act = hang_up
    pid = engine.connection.worker_pid
    for _ in range(12):
        engine.breaker.succeeded()
        assert isinstance(engine.ask(question(), [frame]).exception(PATIENCE), EngineFailed)
    assert engine.connection.worker_pid == pid and not engine.connection.failed

import pytest

from glm4v_ros.engine import outbox as module
from glm4v_ros.engine.answer import Delta, Stage
from glm4v_ros.engine.answer_text import AnswerText
from glm4v_ros.engine.outbox import Outbox


class Model:
    """Tokens are characters."""

    def piece(self, token):
        return chr(token).encode()

    def is_control(self, token):
        return False


class Answer:
    def __init__(self):
        self.text, self.fresh = AnswerText(), []

    def take_logprobs(self):
        return ()

    def show(self, pieces):
        self.fresh = []
        return "".join(map(self.text.add, pieces))


class Request:
    id = "q"

    def __init__(self):
        self.stage, self.answer = Stage.PREFILL, Answer()


@pytest.fixture
def sent():
    return []


@pytest.fixture
def now(clock_of):
    return clock_of(module)


@pytest.fixture
def outbox(sent, now):
    outbox = Outbox(Model(), sent.extend)
    outbox.flush()
    return outbox


def write(outbox, request, text):
    for character in text:
        request.answer.fresh.append(ord(character))
        outbox.wrote(request)


def test_the_first_token_is_urgent_and_more_text_can_wait(outbox, sent):
    request = Request()
    assert not outbox.urgent and not outbox.due
    write(outbox, request, "a")
    assert outbox.urgent
    outbox.flush()
    write(outbox, request, "bc")
    outbox.show()
    assert not outbox.urgent and not outbox.due
    outbox.put("an answer")
    assert outbox.due
    outbox.flush()
    assert sent == [Delta("q", Stage.ANSWERING, text) for text in ("a", "bc")] + ["an answer"] and not outbox.due


def test_text_does_not_wait_for_long(outbox, now):
    request = Request()
    write(outbox, request, "a")
    outbox.flush()
    write(outbox, request, "b")
    assert not outbox.due
    now[0] += 0.1
    assert outbox.due

"""Each way in which a server can fail has its error, within its deadline, and the next question is answered."""

import email.utils
import gzip
import threading
import time
import uuid

import pytest
from stub_server import PATIENCE, Connection

from glm4v_ros.engine.answer import FinishReason
from glm4v_ros.engine.question import Question
from glm4v_ros.errors import (
    BadImage,
    BadRequest,
    Busy,
    Canceled,
    ContextFull,
    DeadlineExceeded,
    OutOfMemory,
    ServerFailed,
    Unsupported,
    VqaError,
)


def question(text="what?", timeout=20.0, **fields) -> Question:
    return Question(text, uuid.uuid4().hex, timeout=timeout, **fields)


def ends(engine, frame, asked=None) -> VqaError:
    """The error that it ends with, in time."""
    asked = asked or question()
    error = engine.ask(asked, [frame]).exception(asked.timeout + PATIENCE)
    assert isinstance(error, VqaError), error
    return error


def right_again(engine, stub, frame):
    stub.act = lambda connection, _: connection.answer("y", "es")
    engine.breaker.succeeded()
    assert engine.ask(question(), [frame]).result(PATIENCE).text == "yes"
    assert engine.connection.worker_restarts == 0


def hang(connection: Connection, _=None):
    connection.wait_for_hangup()


def words_and(then):
    def act(connection, _):
        connection.begin()
        connection.word("one ")
        then(connection)

    return act


def error_of(code, message="on purpose"):
    return {"error": {"message": message, "type": "x", "param": None, "code": code}}


def status(number, body=b"no", **headers):
    return lambda connection, _: connection.reply(number, body, **headers)


def endless(line: bytes):
    def act(connection, _):
        connection.begin()
        while not connection.over.is_set():
            connection.send(line)

    return act


def head(raw: bytes):
    return lambda connection, _: connection.send(raw)


HANDLED = {
    "hangs": (hang, ServerFailed, "said nothing"),
    "hangs after the head": (lambda c, _: (c.begin(), hang(c)), ServerFailed, "said nothing"),
    "hangs amid the answer": (words_and(hang), ServerFailed, "said nothing"),
    "hangs amid the head": (lambda c, _: (c.send(b"HTTP/1.1 200 OK\r\ncont"), hang(c)), ServerFailed, "said nothing"),
    "hangs up": (lambda c, _: None, ServerFailed, "hung up"),
    "hangs up amid the head": (head(b"HTTP/1.1 200 OK\r\ncontent-le"), ServerFailed, "hung up"),
    "cut amid the answer": (words_and(lambda c: None), ServerFailed, "broke off"),
    "cut amid a chunk": (words_and(lambda c: c.send(b'data: {"choices": [{"del')), ServerFailed, "broke off"),
    "no answer at all": (lambda c, _: (c.begin(), c.event("[DONE]")), ServerFailed, "broke off"),
    "shorter than it says": (head(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\ndata: {}\n\n"), ServerFailed, "hung up"),
    "no JSON": (words_and(lambda c: c.event("{no")), ServerFailed, "OpenAI's API"),
    "JSON of another kind": (words_and(lambda c: c.event("[1, 2]")), ServerFailed, "OpenAI's API"),
    "a text that is none": (words_and(lambda c: c.word({"a": 1})), ServerFailed, "OpenAI's API"),
    "deep JSON": (words_and(lambda c: c.event("[" * 100_000)), ServerFailed, "OpenAI's API"),
    "no HTTP": (head(b"SSH-2.0-OpenSSH_9\r\n"), ServerFailed, "hung up"),
    "a page": (status(200, b"<html>router</html>", content_type="text/html"), ServerFailed, ""),
    "endless words": (endless(b'data: {"choices": [{"index": 0, "delta": {"content": "xxxxxxxxxxxxxxxxxxxx"}}]}\n\n'), ServerFailed,
                      "more than the 256 tokens"),
    "an endless line": (endless(b"x" * 65536), ServerFailed, "more than 16777216 bytes"),
    "endless comments": (endless(b": still here\n" * 5000), ServerFailed, "more than 16777216 bytes"),
    "endless heads": (lambda c, _: (c.send(b"HTTP/1.1 200 OK\r\n"), [c.send(b"x-a: " + b"b" * 1000 + b"\r\n") for _ in range(3000)]),
                      ServerFailed, "hung up"),
    "a bomb": (status(200, gzip.compress(bytes(50 << 20)), content_encoding="gzip"), ServerFailed, "compresses"),
    "filtered": (words_and(lambda c: c.word("", "content_filter")), Unsupported, "content_filter"),
    "a number as a reason": (words_and(lambda c: c.word("", 7)), Unsupported, "7"),
    "an error amid the answer": (words_and(lambda c: c.event(error_of("engine_failed"))), ServerFailed, "on purpose"),
    "too little memory amid it": (words_and(lambda c: c.event(error_of("out_of_memory"))), OutOfMemory, "on purpose"),
    "a deadline of its own": (words_and(lambda c: c.event(error_of("deadline_exceeded"))), DeadlineExceeded, "on purpose"),
    "302": (status(302, location="https://elsewhere.example/v1"), ServerFailed, "redirect"),
    "400": (status(400, error_of("invalid_value")), BadRequest, "on purpose"),
    "400, a picture": (status(400, error_of("invalid_image")), BadImage, "on purpose"),
    "400, the context by its code": (status(400, error_of("context_length_exceeded")), ContextFull, "on purpose"),
    "400, the context in words": (status(400, error_of(None, "This model's maximum context length is 4096 tokens")), ContextFull, "4096"),
    "400, the context, llama.cpp": (status(400, error_of(400, "the request exceeds the available context size")), ContextFull, "context"),
    "401": (status(401, error_of("invalid_api_key")), ServerFailed, "remote_key_file"),
    "404": (status(404, error_of("model_not_found")), ServerFailed, "remote_model"),
    "408": (status(408), DeadlineExceeded, "gave up"),
    "413": (status(413), BadImage, "max_image_tokens"),
    "418": (status(418), ServerFailed, "418"),
    "500": (status(500), ServerFailed, "500"),
    "502": (status(502), ServerFailed, "502"),
    "503, the engine": (status(503, error_of("engine_failed")), ServerFailed, "on purpose"),
    "504": (status(504), DeadlineExceeded, "gave up"),
    "999": (head(b"HTTP/1.1 999 X\r\ncontent-length: 0\r\n\r\n"), ServerFailed, ""),
}  # fmt: skip

#: Nothing of an answer came.
ASKED_AGAIN = {"hangs up", "hangs up amid the head", "shorter than it says", "no HTTP", "endless heads", "502"}


@pytest.mark.parametrize("name", HANDLED)
def test_every_failure_has_its_error(engine, stub, frame, name):
    stub.act, kind, says = HANDLED[name]
    error = ends(engine, frame)
    assert type(error) is kind and says in str(error), repr(error)
    assert stub.paths == ["/v1/chat/completions"] * (1 + (name in ASKED_AGAIN))
    right_again(engine, stub, frame)


@pytest.mark.parametrize("code", [429, 503])
@pytest.mark.parametrize(
    "headers, low, high",
    [
        ({"retry_after": "7"}, 7, 7),
        ({"retry_after": "60", "retry_after_ms": "1500"}, 1.5, 1.5),
        ({"retry_after": "in ten minutes"}, 500, 600),
        ({}, 1, 1),
        ({"retry_after": "soon"}, 1, 1),
        ({"retry_after": "nan"}, 1, 1),
        ({"retry_after": "-5"}, 0, 0),
        ({"retry_after": "1e300"}, 3600, 3600),
    ],
)
def test_busy_says_when_to_come_again(engine, stub, frame, code, headers, low, high):
    if headers.get("retry_after") == "in ten minutes":
        headers = {"retry_after": email.utils.formatdate(time.time() + 600)}
    stub.act = status(code, error_of("busy"), **headers)
    error = ends(engine, frame)
    assert type(error) is Busy and low <= error.retry_after <= high
    assert len(stub.requests) == 1


def test_a_deadline_of_the_questions_own(engine, stub, frame):
    stub.act = hang
    error = ends(engine, frame, question(timeout=0.3))
    assert type(error) is DeadlineExceeded and error.answer.text == ""
    right_again(engine, stub, frame)


def test_a_deadline_keeps_what_was_written(engine, stub, frame):
    def drip(connection, _):
        connection.begin()
        while not connection.over.is_set():
            connection.word("word ")
            connection.over.wait(0.1)

    stub.act = drip
    error = ends(engine, frame, question(timeout=1.0))
    assert type(error) is DeadlineExceeded
    assert error.answer.text.startswith("word ") and error.answer.finish_reason == FinishReason.TIMEOUT
    right_again(engine, stub, frame)


def test_a_cancel_closes_the_connection(engine, stub, frame):
    closed, heard = threading.Event(), threading.Event()

    def act(connection, _):
        connection.begin()
        connection.word("word ")
        if connection.wait_for_hangup():
            closed.set()

    stub.act = act
    asked = question()
    future = engine.ask(asked, [frame], lambda delta: heard.set() if delta.text else None)
    assert heard.wait(PATIENCE)
    engine.cancel(asked.request_id)
    error = future.exception(PATIENCE)
    assert type(error) is Canceled and error.answer.text == "word "
    assert closed.wait(PATIENCE)
    right_again(engine, stub, frame)


def test_a_cancel_that_comes_at_once(engine, stub, frame):
    """Before the process has begun with the question, too."""
    stub.act = hang
    for _ in range(30):
        asked = question(timeout=0.0)
        future = engine.ask(asked, [frame])
        engine.cancel(asked.request_id)
        assert type(future.exception(PATIENCE)) is Canceled


def test_a_redirect_takes_no_picture_elsewhere(engine, stub, frame):
    from stub_server import StubServer

    elsewhere = StubServer()
    try:
        stub.act = status(307, location=f"{elsewhere.address}/v1/chat/completions")
        assert type(ends(engine, frame)) is ServerFailed
        assert elsewhere.requests == []
    finally:
        elsewhere.close()


@pytest.mark.parametrize("first", [hang, lambda connection, _: None, status(502)])
def test_what_has_not_begun_is_asked_once_more(engine, stub, frame, first):
    left = iter([first])
    stub.act = lambda *request: next(left, lambda connection, _: connection.answer("yes"))(*request)
    if first is hang:
        assert type(ends(engine, frame)) is ServerFailed
    else:
        assert engine.ask(question(), [frame]).result(PATIENCE).text == "yes" and len(stub.requests) == 2


def test_nobody_there(frame):
    from glm4v_ros.remote.config import RemoteConfig
    from glm4v_ros.remote.engine import RemoteEngine

    with RemoteEngine(RemoteConfig("http://127.0.0.1:9", "m")) as engine:
        engine.start()  # a server that comes up later is no reason not to begin
        error = ends(engine, frame)
        assert type(error) is ServerFailed and "cannot be reached" in str(error)


def test_surrogates_and_nul_become_text(engine, stub, frame):
    def act(connection, _):
        connection.begin()
        connection.send(b'data: {"choices": [{"delta": {"content": "a\\ud800b\\u0000c"}, "finish_reason": "stop"}]}\n\n')
        connection.event("[DONE]")

    stub.act = act
    text = engine.ask(question(), [frame]).result(PATIENCE).text
    assert text.encode() and text[0] + text[2] + text[4] == "abc" and "\0" not in text

"""A full server says so before it does any work for a request."""

import contextlib
import http.client
import json
import select
import threading

import pytest
from messages import PATIENCE, chat, data_url, decide, png
from served import scripted, serving

from glm4v_ros.web.engine_asker import EngineAsker

CHAT = "/v1/chat/completions"
PLACES = 2


@pytest.fixture
def small(nano):
    with serving(scripted(nano, PLACES), nano, capacity=PLACES) as served:
        yield served


@pytest.fixture
def full(small):
    """All of its places are taken by answers that do not end."""
    streams = [begun(small, chat("slow", data_url(png(seed)), stream=True)) for seed in range(PLACES)]
    yield small
    for stream in streams:
        stream.close()
    assert small.engine.idle.wait(PATIENCE)


def begun(served, body: dict) -> http.client.HTTPConnection:
    """A stream that has its first word."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE)
    connection.request("POST", CHAT, json.dumps(body), {"Content-Type": "application/json"})
    response = connection.getresponse()
    assert response.status == 200
    while b"word" not in response.readline():
        pass
    return connection


def test_no_picture_of_a_refused_request_is_decoded(full):
    new = data_url(png(9))
    question = {"type": "predicate", "instructions": "Is it there?"}
    shown = [{"role": "user", "content": [{"type": "input_image", "image_url": new}]}]
    for path, body in (
        (CHAT, chat("?", new)),
        (CHAT, chat("?", new, stream=True)),
        ("/v1/responses", {"model": "glm4v-nano", "input": shown}),
        ("/v1/decisions", decide(question, urls=(new,))),
    ):
        answered = full.post(path, body)
        assert answered.status == 429 and answered.error["code"] == "busy", path
        assert float(answered.headers["retry-after-ms"]) > 0
    assert len(full.pictures) == PLACES  # those of the streams
    assert full.request("POST", "/v1/pictures", png(9)).status == 201  # which are no questions


def test_it_says_so_before_the_body_has_come(full):
    with full.connect() as connection:
        connection.sendall(f"POST {CHAT} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                           "Content-Length: 1000000\r\n\r\n".encode())  # fmt: skip
        assert connection.recv(100).startswith(b"HTTP/1.1 429 ")


def test_of_many_at_once_as_many_are_taken_as_there_are_places(small):
    """Their pictures are all new, so that none is with the engine yet when the last of them comes."""
    outcomes, together = [], threading.Barrier(8)

    def ask(seed: int) -> None:
        body = chat("slow", data_url(png(seed, 600, 400)), glm4v={"timeout": 1})
        together.wait(PATIENCE)
        outcomes.append(small.post(CHAT, body).status)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert sorted(outcomes) == [429] * 6 + [504] * 2
    assert len(small.pictures) == PLACES


def test_those_that_are_refused_are_through_before_work_for_the_others_begins(nano, monkeypatch):
    engine = scripted(nano, PLACES + 1)
    ask, models, blocked, sent, through = engine.ask, EngineAsker.models, threading.Event(), threading.Event(), []

    def asked(question, frames, on_delta=None):
        """In the loop's thread, which stands still while all requests but the first come."""
        if question.text == "first":
            blocked.set()
            assert sent.wait(PATIENCE)
        return ask(question, frames, on_delta)

    def looked(asker):
        """What a request has done first, once it has a seat and its body is read."""
        if blocked.is_set():
            through.append(sum(map(has_ended, burst)))
        return models.fget(asker)

    engine.ask = asked
    monkeypatch.setattr(EngineAsker, "models", property(looked))
    with serving(engine, nano, capacity=PLACES + 1) as served, contextlib.ExitStack() as stack:
        burst = [stack.enter_context(served.connect()) for _ in range(PLACES + 6)]
        served.post(CHAT, words("warm"))  # so that all of them are accepted
        first = stack.enter_context(served.connect())
        first.sendall(raw(words("first")))
        assert blocked.wait(PATIENCE)
        for one in burst:
            one.sendall(raw(words("slow")))
        sent.set()
        assert first.recv(100).startswith(b"HTTP/1.1 200 ")
        for one in burst:
            assert one.recv(100).startswith((b"HTTP/1.1 429 ", b"HTTP/1.1 200 "))
    assert through and min(through) >= 5  # the first may have given its place back by then
    assert engine.idle.wait(PATIENCE)


def words(text: str) -> dict:
    """The body of a stream without a picture."""
    return {"model": "glm4v-nano", "messages": [{"role": "user", "content": text}], "stream": True}


def raw(body: dict) -> bytes:
    """A request that ends its connection."""
    data = json.dumps(body).encode()
    return (f"POST {CHAT} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nConnection: close\r\n"
            f"Content-Length: {len(data)}\r\n\r\n").encode() + data  # fmt: skip


def has_ended(connection) -> bool:
    """The server has closed it."""
    poll = select.poll()
    poll.register(connection, select.POLLRDHUP)
    return bool(poll.poll(0))


def test_every_end_of_a_request_makes_room(small):
    question = {"type": "predicate", "instructions": "Is it there?"}
    for _ in range(PLACES + 1):
        begun(small, chat("slow", stream=True)).close()
        assert small.engine.idle.wait(PATIENCE)
        assert small.post(CHAT, chat()).status == 200
        assert small.post(CHAT, chat(stream=True)).status == 200
        assert small.post(CHAT, chat("fail")).status == 503
        assert small.post(CHAT, chat("slow", glm4v={"timeout": 0.05})).status == 504
        assert small.post(CHAT, chat("", data_url(b"no picture"))).status == 400
        assert small.request("POST", CHAT, b"{", {"Content-Type": "application/json"}).status == 400
        assert small.post("/v1/decisions", decide(question)).status in (200, 400)
        with small.connect() as half:  # a body that never comes
            half.sendall(f"POST {CHAT} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                         "Content-Length: 1000\r\n\r\n{".encode())  # fmt: skip
    streams = [begun(small, chat("slow", stream=True)) for _ in range(PLACES)]
    for stream in streams:
        stream.close()

"""Answers that no server should give: nothing crashes and nothing hangs. GLM4V_REMOTE_FUZZ: how many (default 200)."""

import concurrent.futures
import json
import math
import os
import random
import uuid

from stub_server import PATIENCE

from glm4v_ros.engine.answer import Answer
from glm4v_ros.engine.question import Question
from glm4v_ros.errors import VqaError

COUNT = int(os.environ.get("GLM4V_REMOTE_FUZZ", "200"))
AT_ONCE = 8
TIMEOUT = 3.0  # s
ODD = [None, True, -1, 0, 2**70, 1e308, "", "x", "\ud800", "\0", [], {}, [[]], {"a": None}, ["yes"], "stop", "9" * 400]


def odd(dice: random.Random, value):
    """The value with one of its parts changed."""
    if dice.random() < 0.3 or not isinstance(value, (dict, list)) or not value:
        return dice.choice(ODD)
    copy = dict(value) if isinstance(value, dict) else list(value)
    key = dice.choice(list(copy) if isinstance(copy, dict) else range(len(copy)))
    if dice.random() < 0.2:
        del copy[key]
    else:
        copy[key] = odd(dice, copy[key])
    return copy


def events(dice: random.Random) -> bytes:
    said = []
    for number in range(dice.randrange(6)):
        finish = dice.choice([None, None, "stop", "length", "tool_calls"])
        chunk = {
            "id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{"index": 0, "delta": {"role": "assistant", "content": f"w{number}"}, "finish_reason": finish,
                         "logprobs": {"content": [{"token": "w", "bytes": [119], "logprob": -0.5, "top_logprobs": []}]}}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}, "glm4v": {"image_tokens": 4},
        }  # fmt: skip
        if dice.random() < 0.1:
            chunk = {"error": {"message": "m", "code": dice.choice(["engine_failed", "busy", 5])}}
        said.append(b"data: " + json.dumps(odd(dice, chunk) if dice.random() < 0.4 else chunk).encode())
    said.append(dice.choice([b"data: [DONE]", b": comment", b"event: error\ndata: {}", b"\xff\xfe", b"retry: 5", b"data:"]))
    return b"\n\n".join(said) + b"\n\n"


def decision(dice: random.Random) -> bytes:
    told = [{"value": one, "probability": 0.5} for one in ("on", "off")]
    answer = {"type": "choice", "name": None, "choice": "on", "confidence": 0.5, "probabilities": told}
    return json.dumps(odd(dice, {"model": "m", "answers": [answer], "usage": {"input_tokens": 1, "output_tokens": 1}})).encode()


def response(dice: random.Random, path: str) -> bytes:
    body = decision(dice) if path == "/v1/decisions" and dice.random() < 0.8 else events(dice)
    if dice.random() < 0.2:
        body = json.dumps(odd(dice, {"error": {"message": "m", "type": "t", "param": None, "code": "c"}})).encode()
    status = dice.choice([200] * 12 + [204, 302, 400, 401, 404, 413, 422, 429, 500, 503, 504, 599])
    kind = dice.choice(["application/json", "text/event-stream", "text/html", "", "x/\xff"])
    lines = [f"HTTP/1.{dice.choice('1110')} {status} X", f"content-type: {kind}"]
    if dice.random() < 0.5:
        lines.append(f"content-length: {max(0, len(body) + dice.choice([0, 0, 0, -3, 5]))}")
    elif dice.random() < 0.3:
        lines.append("transfer-encoding: chunked")
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    if dice.random() < 0.2:
        lines.append(dice.choice(["retry-after: x", "content-encoding: br", "connection: close", "set-cookie: a=b", "location: /"]))
    raw = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
    for _ in range(dice.choice([0, 0, 0, 1, 5])):  # bytes changed
        spot = dice.randrange(len(raw))
        raw = raw[:spot] + bytes([dice.randrange(256)]) + raw[spot + 1 :]
    return raw[: dice.randrange(len(raw))] if dice.random() < 0.15 else raw


def act(connection, request):
    dice = random.Random(request.headers["x-glm4v-seed"] if "x-glm4v-seed" in request.headers else str(request.body)[-300:])
    raw = response(dice, request.path)
    step = dice.choice([1 << 20, 64])
    for begin in range(0, len(raw), step):
        connection.send(raw[begin : begin + step])
    if dice.random() < 0.02:
        connection.wait_for_hangup()


def check(result):
    if isinstance(result, VqaError):
        return
    assert isinstance(result, Answer)
    result.text.encode()
    assert all(isinstance(one, int) and 0 <= one < 2**32 for one in (result.prompt_tokens, result.completion_tokens, result.image_tokens))
    assert all(0 <= one <= 1 for one in result.choice_probabilities)
    assert math.isnan(result.confidence) or 0 <= result.confidence <= 1


def test_odd_answers(engine, stub, frame):
    stub.act = act
    pid = engine.connection.worker_pid

    def ask(number):
        engine.breaker.succeeded()
        kind = [{}, {"choices": ("on", "off")}, {"json_schema": '{"type": "object"}'}, {"logprobs": 1}][number % 4]
        asked = Question(f"what {number}?", uuid.uuid4().hex, timeout=TIMEOUT, **kind)
        try:
            future = engine.ask(asked, [frame])
        except VqaError as error:  # the breaker, closed a moment ago, may be open by now
            return error
        return future.exception(PATIENCE) or future.result()

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as threads:
        results = list(threads.map(ask, range(COUNT)))
    for result in results:
        check(result)
    assert any(isinstance(result, Answer) for result in results)
    assert engine.connection.worker_pid == pid and engine.connection.worker_restarts == 0
    stub.act = lambda connection, _: connection.answer("yes")
    engine.breaker.succeeded()
    assert engine.ask(Question("what?", "last", timeout=20.0), [frame]).result(PATIENCE).text == "yes"

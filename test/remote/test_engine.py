"""What is asked of the server, and what is made of its answers."""

import base64
import json
import math
import uuid

import cv2
import numpy as np
import pytest
from stub_server import PATIENCE

from glm4v_ros.engine.answer import FinishReason, Stage
from glm4v_ros.engine.question import Exchange, Question, Sampling
from glm4v_ros.errors import BadRequest, Unsupported
from glm4v_ros.vision.frame import Frame


def ask(engine, frames, text="what?", on_delta=None, **fields):
    return engine.ask(Question(text, uuid.uuid4().hex, **{"timeout": 20.0, **fields}), frames, on_delta).result(PATIENCE)


def picture_of(part) -> np.ndarray:
    """RGB."""
    data = base64.b64decode(part["image_url"]["url"].partition(",")[2])
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def test_a_question_and_its_answer(engine, stub, frame):
    stub.act = lambda connection, _: connection.answer("H3U", "-32MR")
    heard = []
    answer = ask(engine, [frame], on_delta=heard.append, system_prompt="Be brief.", max_tokens=7)
    assert answer.text == "H3U-32MR" and answer.finish_reason == FinishReason.STOP
    assert answer.model == f"m@127.0.0.1:{stub.port}" and math.isnan(answer.confidence)
    assert (answer.prompt_tokens, answer.completion_tokens) == (11, 2)
    assert 0 < answer.time_to_first_token <= answer.latency
    assert "".join(delta.text for delta in heard) == "H3U-32MR"
    assert [delta.stage for delta in heard][:3] == [Stage.ENCODING, Stage.PREFILL, Stage.ANSWERING]
    (request,) = stub.requests
    assert request.headers["authorization"] == "Bearer secret" and request.headers["x-session-id"] == frame.key
    assert request.body["model"] == "m" and request.body["max_tokens"] == 7 and request.body["temperature"] == 0
    system, user = request.body["messages"]
    assert system == {"role": "system", "content": "Be brief."}
    assert (picture_of(user["content"][0]) == frame.rgb).all() and user["content"][1]["text"] == "what?"


def test_nothing_that_a_server_may_not_know_is_sent_without_need(engine, stub, frame):
    ask(engine, [frame])
    known = {"model", "messages", "max_tokens", "temperature", "stream", "stream_options"}
    assert set(stub.requests[-1].body) == known
    ask(engine, [frame], sampling=Sampling(temperature=0.5, top_k=9, seed=3), stop=("x",), deterministic=True)
    more = stub.requests[-1]
    assert set(more.body) == known | {"seed", "top_k", "stop"} and more.headers["x-glm4v-deterministic"] == "true"


@pytest.mark.parametrize("tokens, size", [(0, (560, 840)), (10_000, (560, 840)), (150, (280, 420))])
def test_pictures_are_made_as_small_as_was_asked(engine, stub, tokens, size):
    ask(engine, [Frame(np.zeros((560, 840, 3), np.uint8))], max_image_tokens=tokens)
    shown = picture_of(stub.requests[-1].body["messages"][0]["content"][0])
    assert shown.shape[:2] == size


def test_how_likely_each_token_was(engine, stub, frame):
    def act(connection, request):
        assert request.body["logprobs"] is True and request.body["top_logprobs"] == 2
        connection.begin()
        top = [{"token": "H", "bytes": [72], "logprob": -0.1}, {"token": "N", "bytes": None, "logprob": -2.5}]
        connection.choice({"content": "H"}, "stop", {"content": [{**top[0], "top_logprobs": top}]})
        connection.event("[DONE]")

    stub.act = act
    (token,) = ask(engine, [frame], logprobs=2).logprobs
    assert (token.text, token.logprob) == ("H", -0.1)
    assert [(one.text, one.logprob) for one in token.top] == [("H", -0.1), ("N", -2.5)]


def test_plain_chat(engine, stub):
    assert ask(engine, [], needs_picture=False).text == "yes"
    assert "x-session-id" not in stub.requests[-1].headers
    with pytest.raises(BadRequest, match="no image"):
        ask(engine, [])


def decision(**answer):
    return lambda connection, _: connection.reply(200, {"model": "m", "answers": [answer], "usage": {}})


def test_choices_have_the_servers_probabilities(engine, stub, frame):
    told = [{"value": "off", "probability": 0.25}, {"value": "on", "probability": 0.75}]
    stub.act = decision(type="choice", name=None, choice="on", confidence=0.75, probabilities=told)
    answer = ask(engine, [frame], choices=("on", "off"))
    assert (answer.text, answer.choice_index, answer.choice_probabilities) == ("on", 0, (0.75, 0.25))
    assert answer.confidence == 0.75
    (request,) = stub.requests
    assert request.path == "/v1/decisions" and request.headers["x-session-id"] == frame.key
    assert request.body["questions"] == [
        {"type": "choice", "instructions": "what?", "choices": [{"value": "on"}, {"value": "off"}]}
    ]
    (part,) = request.body["input"][0]["content"]
    assert part["type"] == "input_image"


@pytest.mark.parametrize(
    "told",
    [
        [],
        [{"value": "on", "probability": 0.9}],
        [{"value": "on", "probability": 0.9}, {"value": "off", "probability": 0.9}],
        [{"value": "on", "probability": "0.9"}, {"value": "off", "probability": 0.1}],
        [{"value": "on", "probability": 2.0}, {"value": "off", "probability": -1.0}],
    ],
)
def test_no_probability_is_invented(engine, stub, frame, told):
    stub.act = decision(type="choice", choice="on", probabilities=told)
    answer = ask(engine, [frame], choices=("on", "off"))
    assert answer.choice_index == 0 and answer.choice_probabilities == () and math.isnan(answer.confidence)


def server_that_knows(way):
    """Which of the ways to be held to choices; what it does not know it overlooks, as llama-server does."""

    def act(connection, request):
        if request.path == "/v1/decisions":
            connection.reply(404, {"error": {"message": "not found", "code": 404}})
        elif way == "structured_outputs" and "structured_outputs" in request.body:
            connection.answer(request.body["structured_outputs"]["choice"][1])
        elif way == "json_schema" and "response_format" in request.body:
            schema = request.body["response_format"]["json_schema"]["schema"]
            connection.answer(json.dumps({"answer": schema["properties"]["answer"]["enum"][1]}))
        else:
            connection.answer("It is ", "off, I think.")

    return act


@pytest.mark.parametrize("way, tries", [("structured_outputs", 2), ("json_schema", 3)])
def test_choices_without_decisions(engine_of_module, stub, frame, way, tries):
    from glm4v_ros.remote.engine import RemoteEngine

    stub.act = server_that_knows(way)
    with RemoteEngine(engine_of_module.config) as engine:
        engine.start()
        heard = []
        for count in (tries, 1):  # what works is kept
            stub.requests.clear()
            answer = ask(engine, [frame], choices=("on", "off"), on_delta=heard.append)
            assert (answer.text, answer.choice_index, answer.choice_probabilities) == ("off", 1, ())
            assert math.isnan(answer.confidence) and len(stub.requests) == count
        assert not any(delta.text for delta in heard)
        stub.act = server_that_knows("nothing")
        with pytest.raises(Unsupported, match="does not hold to choices"):
            ask(engine, [frame], choices=("on", "off"))


def test_json_schema_is_checked_here_again(engine, stub, frame):
    schema = json.dumps({"type": "object", "properties": {"v": {"type": "integer"}}, "required": ["v"]})
    stub.act = lambda connection, _: connection.answer('{"v": ', "5}")
    assert ask(engine, [frame], json_schema=schema).text == '{"v": 5}'
    told = stub.requests[-1].body["response_format"]
    assert told["type"] == "json_schema" and told["json_schema"]["schema"] == json.loads(schema)
    stub.act = lambda connection, _: connection.answer('{"v": "five"}')
    with pytest.raises(Unsupported, match="json_schema"):
        ask(engine, [frame], json_schema=schema)


def test_a_conversation_is_sent_again_each_time(engine, stub, frame):
    blue = Frame(np.full((48, 64, 3), (1, 2, 200), np.uint8))
    said = iter(["red", "small", "blue", "anew"])
    stub.act = lambda connection, _: connection.answer(next(said))
    ask(engine, [frame], "colour?", session_id="talk")
    ask(engine, [frame], "size?", session_id="talk")  # as the node has it: the session's picture again
    ask(engine, [blue], "and this?", session_id="talk")
    messages = stub.requests[-1].body["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant"] * 2 + ["user"]
    assert [message["content"] for message in messages[1::2]] == ["red", "small"]
    assert messages[2]["content"] == "size?"
    assert (picture_of(messages[0]["content"][0]) == frame.rgb).all()
    assert (picture_of(messages[4]["content"][0]) == blue.rgb).all()
    assert {request.headers["x-session-id"] for request in stub.requests} == {frame.key}
    engine.reset_session("talk")
    with pytest.raises(BadRequest, match="no picture any more"):
        ask(engine, [], "still there?", session_id="talk")
    ask(engine, [frame], "colour?", session_id="talk")
    assert len(stub.requests[-1].body["messages"]) == 1


def test_a_past_goes_along(engine, stub, frame):
    ask(engine, [frame], "and?", past=(Exchange("colour?", "red", 1),))
    roles = [message["role"] for message in stub.requests[-1].body["messages"]]
    assert roles == ["user", "assistant", "user"]

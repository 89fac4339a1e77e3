"""/v1/chat/completions: what goes in reaches the engine, what comes out is in OpenAI's form."""

import hashlib
import json
import socket

import pytest
from messages import MODEL, chat, data_url, png, user

from glm4v_ros.vision.decoder import decode_file
from glm4v_ros.vision.frame import Frame
from glm4v_ros.web.options import HEADERS

PATH = "/v1/chat/completions"


def key_of(data: bytes) -> str:
    return Frame(decode_file(data, "it")).key


def test_an_answer(web):
    answered = web.post(PATH, chat("what is it?", data_url(png(3))))
    assert answered.status == 200
    body = answered.json
    assert body["object"] == "chat.completion" and body["id"].startswith("chatcmpl-") and body["model"] == MODEL
    (choice,) = body["choices"]
    assert choice["finish_reason"] == "stop" and choice["index"] == 0 and choice["logprobs"] is None
    assert choice["message"]["role"] == "assistant" and choice["message"]["refusal"] is None
    assert choice["message"]["content"] == key_of(png(3))
    (seen,) = body["glm4v"]["pictures"]
    assert seen["sha256"] == hashlib.sha256(png(3)).hexdigest()
    shown = web.request("GET", seen["url"])
    assert shown.body == png(3) and shown.headers["content-type"] == "image/png"
    assert float(shown.headers["x-glm4v-stamp"]) == pytest.approx(seen["stamp"], abs=0.002)


def test_a_stream(web):
    answered = web.post(
        PATH, chat("what is it?", data_url(png(3)), stream=True, stream_options={"include_usage": True})
    )
    assert answered.status == 200 and answered.headers["content-type"].startswith("text/event-stream")
    first, *middle, last, usage, done = answered.events
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": "", "refusal": None}
    assert "".join(chunk["choices"][0]["delta"]["content"] for chunk in middle) == key_of(png(3))
    assert last["choices"][0] == {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}
    assert usage["choices"] == [] and usage["usage"]["total_tokens"] == usage["usage"]["prompt_tokens"]
    assert done == "[DONE]"
    assert len({chunk["id"] for chunk in (first, *middle, last, usage)}) == 1
    assert all(
        chunk["object"] == "chat.completion.chunk" and chunk["usage"] is None for chunk in (first, *middle, last)
    )


def test_a_stream_without_usage_has_none(web):
    *chunks, done = web.post(PATH, chat(stream=True)).events
    assert done == "[DONE]" and all(chunk["choices"] and "usage" not in chunk for chunk in chunks)


def test_stages_come_where_they_are_asked_for(web):
    events = web.post(PATH, chat(stream=True, glm4v={"progress": True})).events[:-1]
    stages = [event["glm4v"]["stage"] for event in events if "stage" in event.get("glm4v", {})]
    assert stages == ["queued", "encoding", "prefill"]
    assert events[-1]["glm4v"]["pictures"]


def test_what_the_engine_is_asked(web):
    schema = {"type": "object", "properties": {"ok": {"type": "boolean"}}}
    web.post(PATH, {
        "model": MODEL,
        "messages": [{"role": "system", "content": "Be short."}, {"role": "developer", "content": "Be kind."},
                     user("first?", data_url(png(1))), {"role": "assistant", "content": "yes"},
                     {"role": "assistant", "content": "indeed"}, user("and", data_url(png(2))), user("now?")],
        "max_tokens": 9, "max_completion_tokens": 7, "temperature": 0.5, "top_p": 0.9, "seed": -1,
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}},
        "glm4v": {"timeout": 33, "max_image_tokens": 64, "language": "en", "deterministic": True},
        "stop": ["\n", "END"],
        "user": "somebody", "tools": [{"type": "function"}], "tool_choice": "auto", "never_heard_of": {"a": [1]},
    })  # fmt: skip
    ((question, frames),) = web.engine.questions
    assert [frame.key for frame in frames] == [key_of(png(1)), key_of(png(2))]
    assert question.text == "and\nnow?" and question.system_prompt.startswith("Be short.\nBe kind.")
    assert [(one.text, one.answer, one.pictures) for one in question.past] == [("first?", "yes\nindeed", 1)]
    assert question.max_tokens == 7 and question.timeout == 33 and question.max_image_tokens == 64
    assert question.system_prompt.endswith("Answer in English.") and question.stop == ("\n", "END")
    assert question.deterministic and json.loads(question.json_schema) == schema
    assert (question.sampling.temperature, question.sampling.top_p, question.sampling.seed) == (0.5, 0.9, 2**64 - 1)


def test_headers_do_for_clients_that_cannot_add_fields(web):
    values = {"x-glm4v-preset": "inspection", "x-glm4v-session": "round", "x-glm4v-timeout": "12.5", "x-glm4v-language": "zh",
              "x-glm4v-image-tokens": "99", "x-glm4v-enhance": "auto", "x-glm4v-deterministic": "true",
              "x-glm4v-verify": "auto"}  # fmt: skip
    assert set(values) == set(HEADERS)
    assert web.post(PATH, chat(glm4v={"language": "en"}), values).status == 200
    ((question, _),) = web.engine.questions
    assert (question.timeout, question.max_image_tokens, question.max_tokens) == (12.5, 99, 96)
    assert "instruments" in question.system_prompt and question.system_prompt.endswith("Answer in English.")
    assert question.deterministic
    assert question.session_id not in ("", "round")  # of its owner, so that nobody else can name it
    assert web.post(PATH, chat(), {"x-glm4v-timeout": "soon"}).error["param"] == "x-glm4v-timeout"
    assert web.post(PATH, chat(), {"x-glm4v-deterministic": "maybe"}).error["param"] == "glm4v.deterministic"


def test_a_picture_is_sent_once_and_named_afterwards(web):
    put = web.request("POST", "/v1/pictures", png(5))
    assert put.status == 201 and put.json["width"] == 40 and put.json["height"] == 30
    assert web.request("PUT", f"/v1/pictures/{put.json['sha256']}", png(5)).status == 200
    for url in (f"sha256:{put.json['sha256']}", f"/v1/pictures/{put.json['sha256']}"):
        assert web.post(PATH, chat("?", url)).json["choices"][0]["message"]["content"] == key_of(png(5))
    unknown = web.post(PATH, chat("?", f"sha256:{'0' * 64}"))
    assert unknown.status == 404 and unknown.error["code"] == "unknown_picture"
    assert web.request("PUT", f"/v1/pictures/{'0' * 64}", png(5)).error["code"] == "wrong_sha256"


def test_a_question_without_a_picture(web):
    assert web.post(PATH, {**chat(), "messages": [user("only words")]}).status == 200
    asked, frames = web.engine.questions[-1]
    assert not frames and not asked.needs_picture
    web.post(PATH, chat(glm4v={"session": "one"}))
    assert web.engine.questions[-1][0].needs_picture


def test_image_url_may_be_a_plain_string(web):
    content = [{"type": "text", "text": "?"}, {"type": "image_url", "image_url": data_url(png(6))}]
    body = {"model": MODEL, "messages": [{"role": "user", "content": content}]}
    assert web.post(PATH, body).json["choices"][0]["message"]["content"] == key_of(png(6))


def test_a_region_is_cut_out(web):
    roi = {"x": 10, "y": 5, "width": 20, "height": 15}
    answered = web.post(PATH, chat("?", data_url(png(7)), data_url(png(8)), glm4v={"rois": [roi, None]})).json
    assert [seen["roi"] for seen in answered["glm4v"]["pictures"]] == [roi, None]
    ((_, frames),) = web.engine.questions
    whole = decode_file(png(7), "it")
    assert (frames[0].rgb == whole[5:20, 10:30]).all() and frames[1].key == key_of(png(8))
    outside = web.post(PATH, chat("?", data_url(png(7)), glm4v={"rois": [{**roi, "width": 31}]}))
    assert outside.status == 400 and "not inside the picture" in outside.error["message"]
    assert web.post(PATH, chat("?", data_url(png(7)), glm4v={"rois": [None, None]})).error["param"] == "glm4v.rois"


def test_no_address_is_ever_fetched(web):
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.settimeout(0.0)
        port = elsewhere.getsockname()[1]
        for url in (f"http://127.0.0.1:{port}/x.png", f"HTTPS://127.0.0.1:{port}", f"//127.0.0.1:{port}/", "file:///etc/passwd",
                    "/etc/passwd", "ftp://127.0.0.1/x", "data:text/html;base64,eA==", "camera:front"):  # fmt: skip
            assert web.post(PATH, chat("?", url)).status in (400, 404), url
        with pytest.raises(BlockingIOError):
            elsewhere.accept()
    assert not web.engine.questions


@pytest.mark.parametrize(
    "change, param, code",
    [
        ({"model": None}, "model", "missing_required_parameter"),
        ({"model": 3}, "model", "invalid_type"),
        ({"messages": []}, "messages", "missing_required_parameter"),
        ({"messages": "hello"}, "messages", "invalid_type"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, "messages[0].role", "unsupported"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "messages", "invalid_value"),
        (
            {"messages": [{"role": "user", "content": [{"type": "audio"}]}]},
            "messages[0].content[0].type",
            "unsupported",
        ),
        (
            {"messages": [user("?", "data:image/png;base64,@@")]},
            "messages[0].content[1].image_url.url",
            "invalid_base64",
        ),
        (
            {"messages": [user("?", "data:image/png;base64,eA==")]},
            "messages[0].content[1].image_url.url",
            "invalid_image",
        ),
        ({"messages": [user(" ", data_url(png(1)))]}, "messages", "invalid_value"),
        ({"temperature": 3}, "temperature", "invalid_type"),
        ({"max_tokens": "many"}, "max_tokens", "invalid_type"),
        ({"n": 2}, "n", "unsupported"),
        ({"tool_choice": "required"}, "tool_choice", "unsupported"),
        ({"stop": ["a"] * 5}, "stop", "invalid_value"),
        ({"stop": ""}, "stop", "invalid_value"),
        ({"glm4v": {"language": "en us"}}, None, "invalid_value"),
        ({"top_logprobs": 2}, "top_logprobs", "invalid_value"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs", "invalid_type"),
        ({"response_format": {"type": "json_object", "schema": 123}}, "response_format.schema", "invalid_type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.schema", "missing_required_parameter"),
        ({"response_format": {"type": "xml"}}, "response_format.type", "invalid_value"),
        ({"glm4v": {"preset": "nobody"}}, None, "invalid_value"),
        ({"glm4v": {"preset": "eldercare"}}, None, "unsupported"),
        ({"glm4v": {"enhance": "magic"}}, "glm4v.enhance", "invalid_value"),
        ({"glm4v": []}, "glm4v", "invalid_type"),
    ],
)
def test_what_is_wrong_is_named(web, change, param, code):
    answered = web.post(PATH, {**chat(), **change})
    assert answered.status == 400
    assert (answered.error["param"], answered.error["code"]) == (param, code)
    assert answered.error["type"] == "invalid_request_error"
    assert web.post(PATH, chat()).status == 200


def test_a_model_that_is_not_here(web):
    answered = web.post(PATH, {**chat(), "model": "gpt-4o"})
    assert (
        answered.status == 404
        and answered.error["code"] == "model_not_found"
        and "glm4v-nano" in answered.error["message"]
    )


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b'{"model": NaN}', b"\xff\xfe", b"[" * 100_000, b"9" * 10_000]
)
def test_a_body_that_is_no_json_object(web, body):
    answered = web.request("POST", PATH, body, {"Content-Type": "application/json"})
    assert answered.status == 400 and answered.error["code"] == "invalid_json"


def test_a_form_is_not_json(web):
    """A page from elsewhere can send one without asking the browser's leave."""
    answered = web.request("POST", PATH, b"{}", {"Content-Type": "text/plain"})
    assert answered.status == 415 and answered.error["code"] == "unsupported_media_type"


def test_a_deadline(web):
    """Before anything was written the status says so; afterwards the stream does."""
    answered = web.post(PATH, chat("slow", glm4v={"timeout": 0.05}))
    assert answered.status == 504 and answered.headers["x-should-retry"] == "false"
    assert answered.error["code"] == "deadline_exceeded"
    events = web.post(PATH, chat("slow", glm4v={"timeout": 0.3}, stream=True)).events
    assert events[-1]["error"]["code"] == "deadline_exceeded" and events[1]["choices"][0]["delta"]["content"] == "word "


def test_an_engine_that_fails(web):
    for stream in (False, True):
        answered = web.post(PATH, chat("fail", stream=stream))
        assert (
            answered.status == 503 and answered.error["code"] == "engine_failed" and "retry-after" in answered.headers
        )


def test_a_full_queue_says_when(web):
    web.engine.capacity = 0
    for stream in (False, True):
        answered = web.post(PATH, chat(stream=stream))
        assert answered.status == 429 and answered.error["type"] == "rate_limit_error"
        assert answered.headers["retry-after"] == "2" and answered.headers["retry-after-ms"] == "1500"


@pytest.mark.parametrize("form, expected", [
    ({"type": "json_object"}, {"type": "object"}),
    ({"type": "json_object", "schema": {"const": "42"}}, {"const": "42"}),
    ({"type": "json_schema", "json_schema": {"name": "x", "schema": {"const": "42"}}}, {"const": "42"}),
    ({"type": "text"}, None),
])  # fmt: skip
def test_schemas(web, form, expected):
    assert web.post(PATH, chat(response_format=form)).status == 200
    ((question, _),) = web.engine.questions
    assert (json.loads(question.json_schema) if question.json_schema else None) == expected


def test_how_likely_each_token_was(web):
    text = key_of(png(1))
    others = [{"token": str(number), "logprob": -0.5 - number, "bytes": list(str(number).encode())} for number in range(2)]
    expected = {"content": [{"token": text, "logprob": -0.5, "bytes": list(text.encode()), "top_logprobs": others}],
                "refusal": None}  # fmt: skip
    fields = {"logprobs": True, "top_logprobs": 2}
    assert web.post(PATH, chat(**fields)).json["choices"][0]["logprobs"] == expected
    role, word, end, _ = web.post(PATH, chat(stream=True, **fields)).events
    assert word["choices"][0]["logprobs"] == expected
    assert role["choices"][0]["logprobs"] is None and end["choices"][0]["logprobs"] is None
    assert web.post(PATH, chat(logprobs=True)).json["choices"][0]["logprobs"]["content"][0]["top_logprobs"] == []


def test_words_without_a_picture(web):
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}, {"role": "user", "content": "Bye"}]
    assert web.post(PATH, {"model": MODEL, "messages": turns}).status == 200
    ((question, frames),) = web.engine.questions
    assert frames == [] and question.past[0].answer == "Hello!" and not question.needs_picture


def test_sessions(web):
    web.post(PATH, chat("one", glm4v={"session": "mine"}))
    web.post(PATH, {"model": MODEL, "messages": [{"role": "user", "content": "two"}], "glm4v": {"session": "mine"}})
    (first, _), (second, frames) = web.engine.questions
    assert first.session_id == second.session_id != "" and frames == []
    assert web.request("DELETE", "/v1/sessions/mine").status == 204
    assert web.engine.reset == [first.session_id]
    past = [user("a", data_url(png(1))), {"role": "assistant", "content": "b"}, user("c")]
    assert web.post(PATH, {"model": MODEL, "messages": past, "glm4v": {"session": "mine"}}).error["param"] == "messages"

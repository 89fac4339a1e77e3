"""Requests that nobody would send, each with a neighbour that somebody would.

GLM4V_FUZZ_CASES=2000 tries more than the few of every run; GLM4V_FUZZ_SEED others.
"""

from __future__ import annotations

import base64
import http.client
import json
import logging
import socket
import threading
import time
from collections import Counter

import pytest
from fuzz import bad_texts, cases, choices, fuzz, odd_schemas, schemas, texts
from hypothesis import given
from hypothesis import strategies as st
from messages import MODEL, PATIENCE, chat, data_url, png
from served import scripted, serving

from glm4v_ros.vision.decoder import decode_file
from glm4v_ros.vision.frame import Frame
from glm4v_ros.web.keys import KeyRing
from glm4v_ros.web.settings import Settings

CHAT = "/v1/chat/completions"
RIGHT = Frame(decode_file(png(1), "it")).key  # what the scripted engine says to the neighbour
EXPECTED = {200, 201, 204, 304, 400, 401, 403, 404, 405, 408, 413, 415, 421, 429, 504}


def _parsed(text: str):
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


# Pictures: whole, cut, with bytes changed, and what is none; as data URLs good and bad.
_whole = st.sampled_from([png(2), png(3, 1, 1), png(4, 300, 2)])
_torn = st.builds(lambda data, at: data[: at % len(data)], _whole, st.integers(1, 5000))
_changed = st.builds(lambda data, at, byte: data[: at % len(data)] + bytes([byte]) + data[at % len(data) + 1 :], _whole,
                     st.integers(0, 5000), st.integers(0, 255))  # fmt: skip
pictures = st.one_of(
    _whole,
    _torn,
    _changed,
    st.binary(max_size=60),
    st.sampled_from([b"GIF89a", b"BM" + b"\0" * 60, b"RIFF\0\0\0\0WEBP"]),
)
urls = st.one_of(
    pictures.map(data_url),
    st.builds("data:image/{};base64,{}".format, st.sampled_from(["png", "svg+xml", "", "x" * 40]), st.text(max_size=30)),
    st.sampled_from(["", "data:", "data:image/png,x", "http://127.0.0.1:9/x", "file:///etc/passwd", "sha256:" + "0" * 64, "sha256:x", "camera:front",
                     "camera:", "/v1/pictures/../../x", "\ud800", "javascript:alert(1)", "data:image/png;base64," + "A" * 5000]),
    st.text(max_size=20),
)  # fmt: skip
_scalar = st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False), st.text(max_size=8),
                    st.just(10**400))  # fmt: skip
any_json = st.recursive(
    _scalar,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_part = st.one_of(
    st.builds(lambda text: {"type": "text", "text": text}, st.one_of(texts, bad_texts)),
    st.builds(lambda url: {"type": "image_url", "image_url": {"url": url}}, urls),
    st.builds(lambda url: {"type": "input_image", "image_url": url}, urls),
    any_json,
)
_message = st.one_of(
    st.builds(lambda role, content: {"role": role, "content": content}, st.sampled_from(["user", "user", "user", "assistant", "system", "tool", 3]),
              st.one_of(texts, st.lists(_part, max_size=4), any_json)),
    any_json,
)  # fmt: skip
_schema = st.one_of(schemas, odd_schemas).map(
    lambda text: {"type": "json_schema", "json_schema": {"schema": _parsed(text)}}
)
_options = st.fixed_dictionaries({}, optional={
    name: st.one_of(any_json, good) for name, good in {
        "preset": st.sampled_from(["inspection", "eldercare", "../x"]), "session": st.text(max_size=300), "timeout": st.floats(0, 5),
        "language": st.sampled_from(["zh", "en us", "<|user|>"]), "max_image_tokens": st.integers(-1, 2_000_000),
        "enhance": st.sampled_from(["none", "auto", "magic"]), "deterministic": st.booleans(), "progress": st.booleans(),
        "rois": st.lists(st.none() | st.fixed_dictionaries({key: st.integers(-1, 50) for key in ("x", "y", "width", "height")}), max_size=3),
    }.items()
})  # fmt: skip
_fields = {
    "stream": st.booleans(), "max_tokens": st.integers(-1, 2_000_000), "temperature": st.floats(-1, 3), "top_p": st.floats(-1, 2), "seed": st.integers(),
    "n": st.integers(0, 3), "stop": texts, "response_format": _schema, "stream_options": st.just({"include_usage": True}), "glm4v": _options,
    "tool_choice": st.sampled_from(["auto", "required", {}]), "tools": st.just([]), "logprobs": st.booleans(),
}  # fmt: skip
_loose = {name: st.one_of(good, any_json) for name, good in _fields.items()}
chats = st.fixed_dictionaries(
    {"model": st.sampled_from([MODEL, MODEL, MODEL, "other", None]),
     "messages": st.one_of(st.lists(_message, max_size=4), st.builds(lambda text, url: chat(text, url)["messages"], texts, urls), any_json)},
    optional=_loose,
)  # fmt: skip
_question = st.one_of(
    st.fixed_dictionaries({"type": st.sampled_from(["predicate", "choice", "score", "riddle"]), "instructions": st.one_of(texts, any_json)}, optional={
        "name": st.one_of(texts, any_json),
        "choices": st.one_of(choices.map(lambda all: [{"value": one} for one in all]), any_json),
        "levels": st.one_of(choices.map(lambda all: [{"label": one} for one in all]), any_json),
    }),
    any_json,
)  # fmt: skip
decisions = st.fixed_dictionaries(
    {"model": st.just(MODEL), "questions": st.one_of(st.lists(_question, max_size=3), any_json),
     "input": st.one_of(texts, st.lists(_message, max_size=2), urls.map(lambda url: [{"role": "user", "content": [{"type": "input_image", "image_url": url}]}]))},
    optional={"glm4v": st.one_of(_options, any_json)},
)  # fmt: skip
_sound = st.builds(
    lambda text, picture, fields: chat(text, data_url(picture), **fields), texts, _whole,
    st.fixed_dictionaries({}, optional={"stream": st.booleans(), "max_tokens": st.integers(0, 900), "temperature": st.floats(0, 2),
                                        "response_format": schemas.map(lambda text: {"type": "json_schema", "json_schema": {"schema": _parsed(text)}}),
                                        "unheard_of": any_json, "seed": st.integers(0, 99)}),
)  # fmt: skip
_bodies = st.one_of(
    _sound.map(lambda body: (CHAT, body)), _sound.map(lambda body: (CHAT, body)), chats.map(lambda body: (CHAT, body)), decisions.map(lambda body: ("/v1/decisions", body)),
    decisions.map(lambda body: ("/v1/responses", body)), any_json.map(lambda body: ("/login", body)),
)  # fmt: skip
_header_text = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=30)
headers = st.dictionaries(
    st.sampled_from(["Host", "Origin", "Cookie", "Authorization", "X-Forwarded-For", "Content-Type", "Range", "If-None-Match", "Expect", "Upgrade",
                     "X-CSRF-Token", "X-Glm4v-Timeout", "X-Glm4v-Preset", "Sec-Fetch-Site", "Accept-Encoding", "TE", "X-Odd"]),
    st.one_of(_header_text, st.sampled_from(["100-continue", "application/json", "glm4v_login=x; a=b", "Bearer \xff", "cross-site", "1e999", "nan"])),
    max_size=3,
)  # fmt: skip
paths = st.one_of(
    st.sampled_from(["/", "/v1/models", "/v1/models/x", "/metrics", "/v1/state", "/login", "/v1/cameras/front/picture?after=nan", "/v1/sessions/x",
                     "/static/app.js", "/openapi.json", "/v1/pictures", f"/v1/pictures/{'a' * 64}", "//", "/%00", "/static/%2e%2e%2fpage.py", "*",
                     "http://other/", "/v1/chat/completions?x=" + "y" * 3000]),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20).map(lambda text: "/" + text),
)  # fmt: skip
methods = st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "BREW"])


@st.composite
def requests(draw) -> bytes:
    """The bytes of a request, its body whole or in chunks, its JSON sound or damaged."""
    given = {"Host": "127.0.0.1", "Content-Type": "application/json", **draw(st.one_of(st.just({}), headers))}
    if draw(st.integers(0, 3)):
        method, (path, body) = "POST", draw(_bodies)
        data = json.dumps(body).encode()
        if not draw(st.integers(0, 5)):
            at = draw(st.integers(0, max(0, len(data) - 1)))
            data = data[:at] + draw(st.binary(max_size=3)) + data[at + 1 :]
    else:
        method, path, data = draw(methods), draw(paths), draw(st.one_of(st.just(b""), pictures))
    if draw(st.booleans()):
        given["Content-Length"] = str(len(data))
    else:
        sizes = draw(st.lists(st.integers(1, 4000), max_size=3))
        chunks, at = b"", 0
        for size in (*sizes, max(1, len(data))):
            piece, at = data[at : at + size], at + size
            chunks += b"%x\r\n%s\r\n" % (len(piece), piece) if piece else b""
        given["Transfer-Encoding"], data = (
            "chunked",
            chunks + draw(st.sampled_from([b"0\r\n\r\n", b"0\r\n\r\n", b"0\r\nX: y\r\n\r\n", b"zz\r\n"])),
        )
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items()), "Connection: close"]
    return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + data


@pytest.fixture(scope="module")
def sturdy(nano):
    settings = Settings(head_timeout=2.0, body_timeout=2.0)
    with serving(scripted(nano), nano, settings) as served:
        yield served


def send(served, data: bytes) -> tuple[int, bytes]:
    """Status and body; 0 where the server hung up without a word."""
    with served.connect() as connection:
        connection.sendall(data)
        response = http.client.HTTPResponse(connection, method=data.partition(b" ")[0].decode())
        try:
            response.begin()
            return response.status, response.read()
        except (http.client.HTTPException, ConnectionResetError):
            return 0, b""


def test_hostile_requests(sturdy, caplog):
    """Each ends with an answer that is no fault of the server's, and its neighbour is answered right."""
    caplog.set_level(logging.INFO)
    outcomes = Counter()

    @fuzz(cases(150))
    @given(requests())
    def check(request):
        neighbour = {}
        beside = threading.Thread(target=lambda: neighbour.update(answered=sturdy.post(CHAT, chat())))
        beside.start()
        try:
            status, body = send(sturdy, request)
        finally:
            beside.join()
        outcomes[status] += 1
        assert status in EXPECTED, (status, body[:300])
        if status >= 400 and body:
            error = json.loads(body)["error"]
            assert set(error) == {"message", "type", "param", "code"} and "Traceback" not in error["message"]
        answered = neighbour["answered"]
        assert answered.status == 200 and answered.json["choices"][0]["message"]["content"] == RIGHT

    check()
    print(f"\n{sum(outcomes.values())} requests: {dict(sorted(outcomes.items()))}")
    assert sturdy.engine.idle.wait(PATIENCE)
    faults = [record for record in caplog.records if record.levelno >= logging.ERROR or record.exc_info]
    assert not faults, faults[0]


def test_clients_that_are_killed_in_mid_stream(sturdy):
    """However they go, each of their questions ends, and memory and file descriptors are given back."""
    body = json.dumps(chat("slow", stream=True, glm4v={"timeout": 600})).encode()
    head = f"POST {CHAT} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    sturdy.engine.forget()
    for number in range(cases(20)):
        with sturdy.connect() as connection:
            if number % 2:  # a reset in place of a farewell
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.sendall(head + body)
            while b"word" not in connection.recv(65536):
                pass
    assert sturdy.engine.idle.wait(PATIENCE)
    assert len(sturdy.engine.cancels) == len(sturdy.engine.questions) == cases(20)


def test_wrong_keys_do_no_more_than_cost_time(nano):
    keys, secret = KeyRing().with_new("only")
    with serving(scripted(nano), nano, Settings(keys_required=True, proxies=("127.0.0.1",)), keys) as served:
        connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE)
        statuses = Counter()
        for number in range(5 * cases(60)):
            guess = base64.urlsafe_b64encode(number.to_bytes(24, "big")).decode()
            address = f"10.0.{number % 7}.1"
            connection.request(
                "GET", "/v1/models", headers={"Authorization": f"Bearer glm4v-{guess}", "X-Forwarded-For": address}
            )
            response = connection.getresponse()
            response.read()
            statuses[response.status] += 1
        assert set(statuses) == {401, 429} and statuses[401] <= 7 * 30
        good = served.request(
            "GET", "/v1/models", headers={"Authorization": f"Bearer {secret}", "X-Forwarded-For": "10.1.0.1"}
        )
        assert good.status == 200


def test_pictures_from_all_sides_are_decoded_two_at_a_time(sturdy):
    """Twenty large ones at once: all are taken in turn, and small questions are answered meanwhile."""
    large = png(7, 1000, 1000)
    threads = [
        threading.Thread(target=sturdy.request, args=("POST", "/v1/pictures", large + bytes([n]))) for n in range(20)
    ]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    while any(thread.is_alive() for thread in threads):
        assert sturdy.post(CHAT, chat()).status == 200
        assert time.monotonic() - began < 10 * PATIENCE
    for thread in threads:
        thread.join()

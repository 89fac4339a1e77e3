"""What the API says of the second reader, over HTTP; test_page.py shows it on the page."""

import json
import threading
from concurrent.futures import Future

import numpy as np
import pytest
from messages import MODEL, chat, data_url, png
from print_lines import plate
from scripted_reader import ScriptedReader
from served import PATIENCE, scripted, serving

from glm4v_ros.reader.config import ReaderConfig
from glm4v_ros.vision.decoder import decode_file
from glm4v_ros.vision.enhance import enhanced
from glm4v_ros.vision.frame import Frame
from glm4v_ros.web.print_checks import PrintChecks

CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"
WHAT = "型号?"
PICTURE = png(7, 300, 200)
KEY = Frame(decode_file(PICTURE, "it")).key
VALUE = {"x": 100, "y": 0, "width": 80, "height": 40}


class Checked:
    """A server whose model reads XK-7, and a second reader that reads ``lines``."""

    def __init__(self, served, reader):
        self.served, self.reader = served, reader

    def ask(self, *lines, path=CHAT, body=None, **options):
        self.reader.prints[KEY] = tuple(plate(*lines))
        self.served.engine.says[KEY, WHAT] = "XK-7"
        body = body or chat(WHAT, data_url(PICTURE), glm4v=options)
        return self.served.post(path, body)


@pytest.fixture(scope="module")
def checked(nano):
    reader = ScriptedReader(ReaderConfig())
    checks = PrintChecks(reader)
    with serving(scripted(nano), nano, checks=checks) as served:
        yield Checked(served, reader)
    checks.close()


@pytest.mark.parametrize(
    "line, verdict, text",
    [("型号 XK-7", "confirmed", "XK-7"), ("型号 XK-9", "contradicted", "XK-9"), ("", "not_found", None)],
)
def test_an_answer_says_what_was_found_and_where(checked, line, verdict, text):
    answered = checked.ask(line, verify="auto").json
    found = answered["glm4v"]
    assert answered["choices"][0]["message"]["content"] == "XK-7" and found["verification"] == verdict
    assert (found["verification_reason"] is None) == (verdict == "confirmed")
    assert found["evidence"] == ([{"text": text, "picture": 0, "roi": VALUE}] if text else [])


def test_the_default_is_the_server_s_and_a_header_serves_too(checked):
    assert checked.served.request("GET", "/v1/state").json["verify"] == "off"
    before = len(checked.reader.read_keys)
    assert checked.ask("型号 XK-7").json["glm4v"]["verification"] == "not_checked"
    assert len(checked.reader.read_keys) == before
    answered = checked.served.post(CHAT, chat(WHAT, data_url(PICTURE)), {"X-Glm4v-Verify": "auto"})
    assert answered.json["glm4v"]["verification"] == "confirmed"
    assert checked.ask(verify="perhaps").error["param"] == "glm4v.verify"


def test_evidence_lies_in_the_whole_picture_though_a_part_was_asked_about(checked):
    roi = {"x": 20, "y": 30, "width": 250, "height": 150}
    part = Frame(np.ascontiguousarray(decode_file(PICTURE, "it")[30:180, 20:270])).key
    checked.reader.prints[part] = tuple(plate("型号 XK-7"))
    checked.served.engine.says[part, WHAT] = "XK-7"
    answered = checked.served.post(CHAT, chat(WHAT, data_url(PICTURE), glm4v={"verify": "auto", "rois": [roi]})).json
    assert answered["glm4v"]["evidence"][0]["roi"] == {**VALUE, "x": 120, "y": 30}


@pytest.mark.parametrize("roi", [None, {"x": 20, "y": 30, "width": 250, "height": 150}])
def test_evidence_lies_in_the_picture_as_it_was_sent_though_enhancing_makes_it_larger(checked, roi):
    rgb = decode_file(PICTURE, "it")
    shown = enhanced(np.ascontiguousarray(rgb[30:180, 20:270]) if roi else rgb, "auto")
    assert shown.scale > 1.5
    checked.reader.prints[shown.key] = tuple(plate("型号 XK-7"))
    checked.served.engine.says[shown.key, WHAT] = "XK-7"
    options = {"verify": "auto", "enhance": "auto", "rois": [roi]}
    (found,) = checked.served.post(CHAT, chat(WHAT, data_url(PICTURE), glm4v=options)).json["glm4v"]["evidence"]
    left, top = (20, 30) if roi else (0, 0)
    expected = (left + 100 / shown.scale, top, 80 / shown.scale, 40 / shown.scale)
    assert [found["roi"][name] for name in ("x", "y", "width", "height")] == pytest.approx(expected, abs=2)


@pytest.mark.parametrize("line, says", [("型号 XK-7", "XK-7"), ("型号 XK-9", "我不能确定。我读到的是：XK-7。第二个识别器读到的是：XK-9。")])
def test_required_streams_no_word_before_it_is_confirmed(checked, line, says):
    body = chat(WHAT, data_url(PICTURE), stream=True, stream_options={"include_usage": True}, glm4v={"verify": "required", "progress": True})
    events = checked.ask(line, body=body).events[:-1]
    texts = [event["choices"][0]["delta"]["content"] for event in events if event["choices"] and event["choices"][0]["delta"].get("content")]
    assert texts == [says] and "checking" in [event.get("glm4v", {}).get("stage") for event in events]
    figures = events[-1]["glm4v"]
    assert figures["abstained"] == (says != "XK-7") and figures["verification"] in ("confirmed", "contradicted")
    content = [{"type": "input_text", "text": WHAT}, {"type": "input_image", "image_url": data_url(PICTURE)}]
    response = checked.ask(line, path=RESPONSES, body={
        "model": MODEL, "input": [{"role": "user", "content": content}], "glm4v": {"verify": "required"}}).json  # fmt: skip
    assert response["output"][0]["content"][0]["text"] == says


def test_required_and_a_schema_do_not_go_together(checked):
    schema = {"type": "json_schema", "json_schema": {"name": "it", "schema": {"type": "object"}}}
    body = chat(WHAT, data_url(PICTURE), response_format=schema, glm4v={"verify": "required"})
    assert checked.ask("", body=body).status == 400


def test_a_reader_that_fails_loses_no_answer(checked):
    checked.reader.missing = "the second reader is not installed: pip install it"
    try:
        figures = checked.ask("型号 XK-7", verify="auto").json["glm4v"]
        assert figures["verification"] == "not_checked" and "pip install it" in figures["verification_reason"]
    finally:
        checked.reader.missing = ""


def test_a_client_that_goes_away_while_its_answer_is_checked_ends_the_reading(nano):
    class Waiting(ScriptedReader):
        def __init__(self):
            super().__init__(ReaderConfig())
            self.asked, self.ended = threading.Event(), threading.Event()

        def read(self, frame):
            reading = Future()
            reading.add_done_callback(lambda _: self.ended.set())
            self.asked.set()
            return reading

    reader = Waiting()
    checks = PrintChecks(reader)
    with serving(scripted(nano), nano, checks=checks) as served:
        served.engine.says[KEY, WHAT] = "XK-7"
        connection = served.connect()
        body = json.dumps(chat(WHAT, data_url(PICTURE), glm4v={"verify": "auto"})).encode()
        head = f"POST {CHAT} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)
        assert reader.asked.wait(PATIENCE)
        connection.close()
        assert reader.ended.wait(PATIENCE)
    checks.close()


def test_without_a_second_reader_required_is_refused(nano):
    with serving(scripted(nano), nano) as served:
        assert served.post(CHAT, chat(WHAT, data_url(PICTURE), glm4v={"verify": "required"})).status == 400
        assert served.post(CHAT, chat(WHAT, data_url(PICTURE), glm4v={"verify": "auto"})).json["glm4v"]["verification"] == "not_checked"

"""A stream whose worker is replaced."""

import http.client
import json
import os
import signal
from pathlib import Path

from messages import PATIENCE, chat, data_url
from served import serving

from glm4v_ros.engine.client import EngineClient
from glm4v_ros.engine.config import EngineConfig

PLATE = Path(__file__).parents[1] / "data" / "nameplate.png"


ALONE = {"deterministic": True, "max_image_tokens": 64}  # the same tokens whatever else is asked, of a picture soon encoded


def test_a_stream_goes_on_where_it_was_when_its_worker_is_killed(nano):
    """Killed in the midst of a long answer, of which nothing is said twice."""
    with EngineClient(EngineConfig(nano, threads=1)) as engine:
        engine.start()
        with serving(engine, nano) as served:
            endless = {"ignore_eos": True, "max_tokens": 200, "temperature": 2.0, "seed": 1}  # text to the last token
            body = chat("型号是什么?", data_url(PLATE.read_bytes()), stream=True, glm4v=ALONE, **endless)
            whole = text_of(served.post("/v1/chat/completions", body).events)
            connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE)
            connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
            response, events = connection.getresponse(), []
            while not text_of(events):
                events += read_event(response)
            os.kill(engine.status.worker_pid, signal.SIGKILL)
            while events[-1] != "[DONE]":
                events += read_event(response)
            assert engine.status.worker_restarts == 1
            assert text_of(events) == whole
            connection.close()


def read_event(response) -> list:
    line = response.readline().decode()
    assert line and "error" not in line, line
    return [line[6:].strip() if "[DONE]" in line else json.loads(line[6:])] if line.startswith("data: ") else []


def text_of(events: list) -> str:
    chunks = [one for one in events if one != "[DONE]" and one["choices"]]
    return "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)

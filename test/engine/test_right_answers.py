"""The trained embedded model reads a nameplate, alone, in company, in a conversation and under constraints."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from asking import PATIENCE, WATCHDOG, ask, question

from glm4v_ros.engine.answer import FinishReason
from glm4v_ros.engine.client import EngineClient
from glm4v_ros.engine.config import EngineConfig
from glm4v_ros.policy.abstention import abstains
from glm4v_ros.vision.frame import Frame

MODEL, SERIAL, DATE = "LVV9-70S1-9", "57F77A0C", "JUL. 2024"
QUESTIONS = {
    "型号是什么?": MODEL,
    "What is the model number?": MODEL,
    "What is the serial number?": SERIAL,
    "生产日期是什么?": DATE,
}


@pytest.fixture(scope="module")
def nameplate() -> Frame:
    image = cv2.imread(str(Path(__file__).parents[1] / "data" / "nameplate.png"))
    return Frame(np.ascontiguousarray(image[..., ::-1]))


@pytest.fixture(scope="module")
def engine(nano):
    with EngineClient(EngineConfig(nano, threads=1, max_parallel=8, watchdog_timeout=WATCHDOG)) as client:
        client.start()
        yield client


def short(**fields) -> dict:
    return {"max_tokens": 40, "ignore_eos": False, **fields}


@pytest.mark.parametrize("text", QUESTIONS)
def test_it_reads(engine, nameplate, text):
    answer = ask(engine, [nameplate], text, **short())
    assert answer.text == QUESTIONS[text] and answer.finish_reason == FinishReason.STOP
    assert answer.mean_token_probability > 0.9


def test_it_says_that_it_cannot_see_what_is_not_there(engine, nameplate):
    assert abstains(ask(engine, [nameplate], "What is the voltage?", **short()).text)


def test_all_at_once(engine, nameplate):
    futures = {text: engine.ask(question(text, **short()), [nameplate]) for text in QUESTIONS}
    assert {text: future.result(PATIENCE).text for text, future in futures.items()} == QUESTIONS


def test_a_conversation(engine, nameplate):
    assert ask(engine, [nameplate], "What is the model number?", **short(session_id="plate")).text == MODEL
    assert ask(engine, [], "What is the serial number?", **short(session_id="plate")).text == SERIAL


def test_choices(engine, nameplate):
    wrong = MODEL.replace("S", "5")
    answer = ask(engine, [nameplate], "What is the model number?", choices=(wrong, MODEL, "AB-12"))
    assert answer.text == MODEL and answer.choice_index == 1 and answer.confidence > 0.5


def test_a_schema(engine, nameplate):
    schema = {"enum": [SERIAL, "57F77AOC", "unknown"]}
    answer = ask(engine, [nameplate], "What is the serial number?", **short(json_schema=json.dumps(schema)))
    assert json.loads(answer.text) in schema["enum"]


def test_blue_is_not_red(engine):
    """The channels are in their order all the way from the frame to the answer."""
    image = np.full((336, 448, 3), 200, np.uint8)
    cv2.circle(image, (224, 168), 90, (230, 20, 20), -1)
    red, blue = (Frame(np.ascontiguousarray(rgb)) for rgb in (image, image[..., ::-1]))
    one, other = (ask(engine, [frame], "What color is the lamp?", **short()).text for frame in (red, blue))
    assert one != other, (one, other)

"""What no question may be, field by field. Whole questions are in test_client and test_client_fuzz."""

import json
import math
from types import SimpleNamespace

import jsonschema
import numpy as np
import pytest

from glm4v_ros.engine.question import Question, Sampling
from glm4v_ros.engine.violation import violation
from glm4v_ros.errors import BadImage, BadRequest
from glm4v_ros.policy import question_check
from glm4v_ros.vision.frame import Frame


def refused(says: str, **fields) -> None:
    with pytest.raises(BadRequest, match=says):
        question_check.check_words(Question(**{"text": "?", "request_id": "id", **fields}))


def accepted(**fields) -> None:
    question_check.check_words(Question(**{"text": "?", "request_id": "id", **fields}))


@pytest.mark.parametrize("text", ["<|image|>", "[gMASK]<sop>", "a\nb", "\U0001f600", "\uf8f0", "a" * 32_000])
def test_texts_that_may_be(text):
    accepted(text=text)


@pytest.mark.parametrize("name", ["text", "session_id", "system_prompt"])
@pytest.mark.parametrize("text", ["a\0", "\ufffd", "\ud800", "a" * 32_001, 5, None, b"x"])
def test_texts_that_may_not_be(name, text):
    refused("question" if name == "text" else name.replace("_", "."), **{name: text})


@pytest.mark.parametrize("language", ["en us", "zh_CN", "<|user|>", "en-", "中文", "en\n", "-", "a\0", 5, None, b"x"])
def test_a_language_is_a_tag(language):
    with pytest.raises(BadRequest, match="BCP 47|language"):
        question_check.check_language(language)


@pytest.mark.parametrize("language", ["", "en", "zh-Hans-CN", "x-robot", "de-CH-1996"])
def test_languages(language):
    question_check.check_language(language)


@pytest.mark.parametrize("name", ["max_tokens", "max_image_tokens", "priority"])
@pytest.mark.parametrize("value", [1.5, True, "4", None, math.nan, 2**40])
def test_counts_are_whole_numbers(name, value):
    refused(name, **{name: value})


def test_logprobs_are_off_or_so_many_alternatives():
    for value in (None, 0, 20):
        accepted(logprobs=value)
    for value in (-1, 21, 1.5, True, "4", math.nan):
        refused("logprobs", logprobs=value)


def test_a_picture_is_asked_for_unless_none_is_needed():
    with pytest.raises(BadRequest, match="brings no image"):
        question_check.check(Question("?", "id"), [])
    question_check.check(Question("?", "id", session_id="one"), [])
    question_check.check(Question("?", "id", needs_picture=False), [])
    refused("needs_picture", needs_picture=None)


@pytest.mark.parametrize("stop", [("x",) * 17, ("",), ("x" * 201,), ("\ud800",), (5,), "x", None])
def test_stop_has_few_short_texts(stop):
    refused("stop", stop=stop)


def test_stops():
    accepted(stop=("\n", "x" * 200) * 8)


@pytest.mark.parametrize("name", ["temperature", "top_p", "top_k", "min_p", "repeat_penalty", "seed"])
@pytest.mark.parametrize("value", [-1, math.nan, "x", None, 2**65])
def test_sampling(name, value):
    refused(name, sampling=Sampling(**{name: value}))


@pytest.mark.parametrize("fields", [{"sampling": None}, {"deterministic": "no"}, {"ignore_eos": 1}, {"choices": {"a", "b"}}, {"choices": "ab"}])
def test_other_types(fields):
    refused(next(iter(fields)), **fields)


@pytest.mark.parametrize(
    "schema",
    [
        '{"type": "string", "pattern": "^\\ud800$"}',
        '{"const": "\\u0000"}',
        '{"enum": [NaN]}',
        '{"const": 1e999}',
        '{"$schema": {}}',
        '{"$schema": [1]}',
        '{"$ref": "http://127.0.0.1:9/x"}',
        '{"type": "null", "not": {"$ref": "other.json"}}',
        '{"type": "null", "$dynamicRef": "#q"}',
        json.dumps({"type": "string", "pattern": "^a{" + "9" * 5000 + "}$"}),
        json.dumps({"type": "string", "pattern": "^(((a?){50}){50}){50}$"}),
        json.dumps({"type": "string", "pattern": "(" * 9000}),
        json.dumps({"enum": list(range(1001))}),
        json.dumps({"type": "array", "items": {"type": "null"}, "maxItems": 201}),
    ],
)
def test_schemas_that_may_not_be(schema):
    refused("json_schema", json_schema=schema)


@pytest.mark.parametrize("pattern", ["[", "(" * 9000])
def test_a_pattern_is_looked_at_whatever_jsonschema_looks_at(monkeypatch, pattern):
    """jsonschema 3.2 and 4.10, which Ubuntu has, look at none."""
    monkeypatch.setattr(jsonschema.validators, "validator_for", lambda schema: SimpleNamespace(check_schema=lambda _: None))
    refused("json_schema", json_schema=json.dumps({"type": "string", "pattern": pattern}))


def test_schemas_that_may_be():
    for pattern in ("^[0-9]{1,3}([.][0-9]{1,3}){3}$", "^([0-9A-F]{2}:){5}[0-9A-F]{2}$", "^\\d{4}-\\d{2}-\\d{2}$", "^[]{}()]{1,200}$"):
        accepted(json_schema=json.dumps({"type": "string", "pattern": pattern}))
    accepted(json_schema=json.dumps({"type": "object", "properties": {"pattern": {"type": "string"}, "$schema": {"type": "null"}}}))
    accepted(json_schema=json.dumps({"$defs": {"a": {"type": "null"}}, "$ref": "#/$defs/a"}))


def test_frames():
    frame = Frame(np.zeros((4, 4, 3), np.uint8))
    question_check.check_frames([frame] * 16)
    for frames in ([frame] * 17, None, 5, [5], "ab"):
        with pytest.raises(BadRequest):
            question_check.check_frames(frames)
    wide, large = (Frame(np.broadcast_to(np.uint8(0), shape).copy()) for shape in ((1, 16_385, 3), (5000, 6500, 3)))
    question_check.check_frames([large])
    for frames in ([wide], [large] * 2):
        with pytest.raises(BadImage):
            question_check.check_frames(frames)


def test_a_search_that_would_take_years_ends(monkeypatch):
    monkeypatch.setattr("glm4v_ros.engine.violation.CHECK_PATIENCE", 0.1)
    assert "too long" in violation(json.dumps("a" * 60 + "!"), '{"pattern": "^(a+)+$"}')
    assert violation('"aa"', '{"pattern": "^(a+)+$"}') == ""


def test_a_schema_that_cannot_be_followed_is_said():
    assert violation("null", '{"$ref": "#/nowhere"}')

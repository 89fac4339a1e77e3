"""What a question must look like before it may go to the worker."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence

import jsonschema

from glm4v_ros.engine.frame import Frame
from glm4v_ros.engine.question import Question
from glm4v_ros.errors import BadRequest

_MOST_CHARACTERS = 32_000  # of a question; no context is longer than that anyway
_MOST_CHOICES = 64
_MOST_CHOICE_CHARACTERS = 500
_MOST_FRAMES = 16
_MOST_SCHEMA_CHARACTERS = 20_000
_MOST_SCHEMA_DEPTH = 32
_MOST_SCHEMA_COUNT = 200  # a grammar has a rule for each
_COUNTS = {"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"}


def check(question: Question, frames: Sequence[Frame]) -> None:
    """Raises BadRequest with what is wrong and what would be right."""
    check_words(question)
    if len(frames) > _MOST_FRAMES:
        raise BadRequest(f"at most {_MOST_FRAMES} images in one question, not {len(frames)}")
    if not all(isinstance(frame, Frame) for frame in frames):
        raise BadRequest("frames are Frame objects")
    if not frames and not question.session_id:
        raise BadRequest("the question brings no image: send one, name a camera, or go on in a session that has one")


def check_words(question: Question) -> None:
    """The same for all but the frames, which may come later."""
    _text("the question", question.text, 1, _MOST_CHARACTERS)
    _text("the system prompt", question.system_prompt, 0, _MOST_CHARACTERS)
    _text("request_id", question.request_id, 1, 200)
    _text("session_id", question.session_id, 0, 200)
    _text("language", question.language, 0, 35)
    if not question.text.strip():
        raise BadRequest("the question is empty")
    _number("max_tokens", question.max_tokens, 1, 1_000_000)
    _number("max_image_tokens", question.max_image_tokens, 0, 1_000_000)
    _number("timeout", question.timeout, 0, math.inf)
    _number("priority", question.priority, -(2**31), 2**31)
    sampling = question.sampling
    _number("temperature", sampling.temperature, 0, 100)
    _number("top_p", sampling.top_p, 0, 1)
    _number("top_k", sampling.top_k, 0, 10_000_000)
    _number("min_p", sampling.min_p, 0, 1)
    _number("repeat_penalty", sampling.repeat_penalty, 0.01, 100)
    _number("seed", sampling.seed, 0, 2**64)
    if question.choices and question.json_schema:
        raise BadRequest("choices and json_schema exclude each other")
    if question.choices:
        _choices(question.choices)
    if question.json_schema:
        _schema(question.json_schema)


def _text(name: str, text: str, least: int, most: int) -> None:
    if not isinstance(text, str) or not least <= len(text) <= most:
        raise BadRequest(f"{name} has {least} to {most} characters")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadRequest(f"{name} is not valid Unicode: {error.reason}") from error


def _number(name: str, value: float, least: float, most: float) -> None:
    if not isinstance(value, (int, float)) or not least <= value <= most:  # a NaN compares false
        raise BadRequest(f"{name} is a number from {least:g} to {most:g}, not {value!r}")


def _choices(choices: Sequence[str]) -> None:
    if not 2 <= len(choices) <= _MOST_CHOICES:
        raise BadRequest(f"2 to {_MOST_CHOICES} choices, not {len(choices)}")
    for choice in choices:
        _text("a choice", choice, 1, _MOST_CHOICE_CHARACTERS)
        if not choice.strip():
            raise BadRequest("a choice is not blank")
    if len(set(choices)) < len(choices):
        raise BadRequest("the choices differ from each other")


def _schema(text: str) -> None:
    _text("json_schema", text, 1, _MOST_SCHEMA_CHARACTERS)
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"json_schema is no JSON: {error}") from error
    if not isinstance(schema, dict):
        raise BadRequest("json_schema is a JSON object")
    if _depth(schema) > _MOST_SCHEMA_DEPTH:
        raise BadRequest(f"json_schema is nested deeper than {_MOST_SCHEMA_DEPTH}")
    if _highest_count(schema) > _MOST_SCHEMA_COUNT:
        raise BadRequest(f"json_schema counts further than {_MOST_SCHEMA_COUNT} (maxItems, maxLength and the like)")
    try:
        jsonschema.validators.validator_for(schema).check_schema(schema)
    except jsonschema.SchemaError as error:
        raise BadRequest(f"json_schema is no JSON schema: {error.message}") from error


def _highest_count(value) -> float:
    """Of repetitions that a schema asks for anywhere in it."""
    if isinstance(value, list):
        return max(map(_highest_count, value), default=0)
    if not isinstance(value, dict):
        return 0
    own = [number for key, number in value.items() if key in _COUNTS and isinstance(number, (int, float))]
    own += [int(number) for number in re.findall(r"\d+", str(value.get("pattern", "")))]
    return max([*own, *map(_highest_count, value.values())], default=0)


def _depth(value) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0

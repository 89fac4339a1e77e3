"""What a question must look like before it may go to the worker."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence

import jsonschema

from glm4v_ros.engine.question import MOST_ALTERNATIVES, Exchange, Question, Sampling
from glm4v_ros.errors import BadImage, BadRequest
from glm4v_ros.vision.converter import MAX_PIXELS, check_size
from glm4v_ros.vision.frame import Frame

_MOST_CHARACTERS = 32_000  # of a question; no context is longer than that anyway
_MOST_CHOICES = 64
_MOST_CHOICE_CHARACTERS = 500
_MOST_FRAMES = 16
_MOST_STOPS = 16
_MOST_STOP_CHARACTERS = 200
_MOST_SCHEMA_CHARACTERS = 20_000
_MOST_SCHEMA_DEPTH = 32
_MOST_SCHEMA_COUNT = 200  # a grammar has a rule for each
_MOST_SCHEMA_PARTS = 1000  # keys and items altogether; a grammar has about the square of an object's properties as rules
_MOST_PATTERN = 400  # characters of a pattern whose repetitions are written out; llama.cpp follows every way through them
_LANGUAGE = re.compile("[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")  # BCP 47, but for what only its registry knows
_COUNTS = {"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"}


def check(question: Question, frames: Sequence[Frame]) -> None:
    """Raises BadRequest with what is wrong and what would be right."""
    check_words(question)
    check_frames(frames)
    if question.needs_picture and not frames and not question.session_id:
        raise BadRequest("the question brings no image: send one, name a camera, or go on in a session that has one")


def check_frames(frames: Sequence[Frame]) -> None:
    """Their number and size. Raises BadRequest and BadImage."""
    if not isinstance(frames, Sequence) or not all(isinstance(frame, Frame) for frame in frames):
        raise BadRequest("frames are Frame objects, in a list")
    if len(frames) > _MOST_FRAMES:
        raise BadRequest(f"at most {_MOST_FRAMES} images in one question, not {len(frames)}")
    for frame in frames:
        check_size(frame.width, frame.height)
    pixels = sum(frame.width * frame.height for frame in frames)
    if pixels > MAX_PIXELS:
        raise BadImage(
            f"the pictures of the question have {pixels / 1e6:.0f} megapixels altogether; at most "
            f"{MAX_PIXELS // 1_000_000} are taken: send fewer, smaller ones or regions of them"
        )


def check_session_id(session_id: str) -> None:
    """Raises BadRequest."""
    _text("session_id", session_id, 0, 200)


def check_language(tag: str) -> None:
    """Raises BadRequest."""
    _text("language", tag, 0, 35)
    if tag and not _LANGUAGE.fullmatch(tag):
        raise BadRequest(f"language is a BCP 47 tag such as zh, en or pt-BR, not {tag!r}")


def check_warm(frame: Frame, system_prompt: str, max_image_tokens: int) -> None:
    """A frame to encode ahead. Raises BadRequest and BadImage."""
    check_frames([frame])
    _text("the system prompt", system_prompt, 0, _MOST_CHARACTERS)
    _integer("max_image_tokens", max_image_tokens, 0, 1_000_000)


def check_words(question: Question) -> None:
    """The same for all but the frames, which may come later."""
    _text("the question", question.text, 1, _MOST_CHARACTERS)
    _text("the system prompt", question.system_prompt, 0, _MOST_CHARACTERS)
    _text("request_id", question.request_id, 1, 200)
    check_session_id(question.session_id)
    if not question.text.strip():
        raise BadRequest("the question is empty")
    _integer("max_tokens", question.max_tokens, 1, 1_000_000)
    _integer("max_image_tokens", question.max_image_tokens, 0, 1_000_000)
    _number("timeout", question.timeout, 0, math.inf)
    _integer("priority", question.priority, -(2**31), 2**31)
    for name in ("deterministic", "retry_on_crash", "ignore_eos", "needs_picture"):
        if not isinstance(getattr(question, name), bool):
            raise BadRequest(f"{name} is True or False")
    if question.logprobs is not None:
        _integer("logprobs", question.logprobs, 0, MOST_ALTERNATIVES)
    sampling = question.sampling
    if not isinstance(sampling, Sampling):
        raise BadRequest("sampling is a Sampling object")
    _number("temperature", sampling.temperature, 0, 100)
    _number("top_p", sampling.top_p, 0, 1)
    _integer("top_k", sampling.top_k, 0, 10_000_000)
    _number("min_p", sampling.min_p, 0, 1)
    _number("repeat_penalty", sampling.repeat_penalty, 0.01, 100)
    _integer("seed", sampling.seed, 0, 2**64)
    _past(question)
    if not isinstance(question.stop, (tuple, list)) or len(question.stop) > _MOST_STOPS:
        raise BadRequest(f"stop has at most {_MOST_STOPS} texts, in a tuple")
    for text in question.stop:
        _text("a text of stop", text, 1, _MOST_STOP_CHARACTERS)
    if question.choices and question.json_schema:
        raise BadRequest("choices and json_schema exclude each other")
    if question.choices:
        _choices(question.choices)
    if question.json_schema:
        _schema(question.json_schema)


def _past(question: Question) -> None:
    if not isinstance(question.past, tuple) or not all(isinstance(one, Exchange) for one in question.past):
        raise BadRequest("past has Exchange objects, in a tuple")
    for one in question.past:
        _text("a question of the past", one.text, 1, _MOST_CHARACTERS)
        _text("an answer of the past", one.answer, 0, _MOST_CHARACTERS)
        _integer("pictures of the past", one.pictures, 0, _MOST_FRAMES)


def _text(name: str, text: str, least: int, most: int) -> None:
    if not isinstance(text, str) or not least <= len(text) <= most:
        raise BadRequest(f"{name} has {least} to {most} characters")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadRequest(f"{name} is not valid Unicode: {error.reason}") from error
    if "\ufffd" in text:
        raise BadRequest(f"{name} holds U+FFFD, the sign for bytes that are not UTF-8: send it as UTF-8")
    if "\0" in text:
        raise BadRequest(f"{name} holds a NUL character: leave it out")


def _integer(name: str, value: int, least: int, most: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadRequest(f"{name} is a whole number from {least} to {most}, not {value!r}")
    _number(name, value, least, most)


def _number(name: str, value: float, least: float, most: float) -> None:
    if not isinstance(value, (int, float)) or not least <= value <= most:  # a NaN compares false
        raise BadRequest(f"{name} is a number from {least:g} to {most:g}, not {value!r}")


def _choices(choices: Sequence[str]) -> None:
    if not isinstance(choices, (tuple, list)):
        raise BadRequest("choices are strings in a tuple")
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
        schema = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"json_schema is no JSON: {error}") from error
    if not isinstance(schema, dict):
        raise BadRequest("json_schema is a JSON object")
    for number, (depth, key, value) in enumerate(_parts(schema), 1):
        if number > _MOST_SCHEMA_PARTS:
            raise BadRequest(f"json_schema has more than {_MOST_SCHEMA_PARTS} parts; ask for less, or in several questions")
        if depth > _MOST_SCHEMA_DEPTH:
            raise BadRequest(f"json_schema is nested deeper than {_MOST_SCHEMA_DEPTH}")
        _schema_part(key, value)
    try:
        jsonschema.validators.validator_for(schema).check_schema(schema)
    except jsonschema.SchemaError as error:
        raise BadRequest(f"json_schema is no JSON schema: {error.message}") from error
    except Exception as error:  # jsonschema and re raise whatever they ran into, such as RecursionError
        raise BadRequest(f"json_schema cannot be checked: {error}") from error


def _schema_part(key: str, value) -> None:
    """One key of a schema with its value, or one item of a list."""
    for text in (key, value):
        if isinstance(text, str):
            _text("a text in json_schema", text, 0, _MOST_SCHEMA_CHARACTERS)
    if isinstance(value, float) and not math.isfinite(value):
        raise BadRequest("json_schema has a number that is too large")
    if key in _COUNTS and isinstance(value, (int, float)) and value > _MOST_SCHEMA_COUNT:
        raise BadRequest(f"json_schema counts further than {_MOST_SCHEMA_COUNT} ({key})")
    if key == "pattern" and isinstance(value, str):
        if max(map(_count, re.findall(r"\d+", value)), default=0) > _MOST_SCHEMA_COUNT:
            raise BadRequest(f"json_schema counts further than {_MOST_SCHEMA_COUNT} (a pattern)")
        if _written_out(value) > _MOST_PATTERN:
            raise BadRequest(
                f"json_schema has a pattern of more than {_MOST_PATTERN} characters with its repetitions written out"
            )
        try:
            re.compile(value)  # only jsonschema 4.18 looks by itself; Ubuntu's is older
        except Exception as error:  # re raises whatever it ran into, such as RecursionError
            raise BadRequest(f"json_schema has a pattern that is no regular expression: {error}") from error
    if key == "$schema" and not isinstance(value, (str, dict)):
        raise BadRequest("$schema of json_schema is a string")
    # What is elsewhere would be fetched while an answer is checked; dynamic references the grammar does not follow.
    if key in ("$dynamicRef", "$recursiveRef") or (key == "$ref" and isinstance(value, str) and value[:2] != "#/"):
        raise BadRequest(f"json_schema may refer to its own parts only ($ref with #/...), not by {key} {str(value)[:60]!r}")


def _parts(value, depth: int = 1) -> Iterator[tuple[int, str, object]]:
    """(depth, key, value) of everything in a JSON value; the key is empty for an item of a list."""
    items = value.items() if isinstance(value, dict) else (("", item) for item in value)
    for key, item in items:
        yield depth, key, item
        if isinstance(item, (dict, list)):
            yield from _parts(item, depth + 1)


def _no_number(name: str):
    raise ValueError(f"{name} is no JSON number")


def _count(digits: str) -> int:
    return int(digits.lstrip("0")[:9] or 0)  # more digits than Python likes to read are too much all the same


def _written_out(pattern: str) -> int:
    """Roughly how many characters a regular expression has once its counted repetitions are written out."""
    sizes, last = [0], 0  # of the groups that are open, and of what a repetition would repeat
    for token in re.finditer(r"\\.|\[(?:\\.|[^\]\\])*\]|\{(\d*),?(\d*)\}|.", pattern, re.DOTALL):
        if token[0] == "(":
            sizes.append(0)
        elif token[0] == ")" and len(sizes) > 1:
            last = sizes.pop()
            sizes[-1] += last
        elif token[1] is not None:
            times = max(1, _count(token[1]), _count(token[2]))
            sizes[-1] += last * (times - 1)
            last *= times
        else:
            last = 1
            sizes[-1] += 1
    return sum(sizes)

"""A request as it came by service, action or topic, checked and with the node's defaults filled in."""

from __future__ import annotations

import json
from dataclasses import dataclass

from builtin_interfaces.msg import Duration, Time

from glm4v_ros.action import AskImage as AskImageAction
from glm4v_ros.engine.preset import Preset, find_preset
from glm4v_ros.engine.question import Sampling
from glm4v_ros.errors import BadRequest, UnknownCamera
from glm4v_ros.msg import Question as QuestionMessage
from glm4v_ros.nodes.parameters import Parameters
from glm4v_ros.nodes.picture import Picture, region_of
from glm4v_ros.srv import AskImage as AskImageService

MAX_ID_CHARACTERS = 256
MAX_SCHEMA_CHARACTERS = 64_000
MAX_SCHEMA_DEPTH = 32
ENHANCEMENTS = ("none", "auto")


@dataclass(frozen=True)
class Request:
    """What is asked. Durations are seconds, ``not_before`` is ROS time in nanoseconds."""

    text: str
    session_id: str
    cameras: tuple[str, ...]  # empty: none was named
    pictures: tuple[Picture, ...]  # that came with the request
    preset: Preset
    language: str
    choices: tuple[str, ...]
    json_schema: str
    max_tokens: int
    max_image_tokens: int
    regions: tuple[tuple[int, int, int, int] | None, ...]  # empty: all of every picture
    enhance: str
    not_before: int
    max_image_age: float
    timeout: float
    priority: int
    deterministic: bool
    retry_on_crash: bool
    speak: bool
    ignore_eos: bool
    sampling: Sampling


def read_request(message: AskImageService.Request | AskImageAction.Goal | QuestionMessage, parameters: Parameters,
                 presets: dict[str, Preset]) -> Request:
    """Raises BadRequest or UnknownCamera that says which field is wrong and what would be right."""
    by_topic = isinstance(message, QuestionMessage)
    text = message.text if by_topic else message.question
    images = [] if by_topic else [*message.images, *message.compressed_images]
    options = message.options
    _check_text("question", text, parameters["max_question_characters"])
    if not text.strip():
        raise BadRequest("the question is empty")
    if len(message.session_id) > MAX_ID_CHARACTERS:
        raise BadRequest(f"session_id has {len(message.session_id)} characters; {MAX_ID_CHARACTERS} are allowed")
    if images and message.cameras:
        raise BadRequest("the request names cameras and brings images; it can have either")
    if max(len(images), len(message.cameras)) > parameters["max_images"]:
        raise BadRequest(f"the request has {max(len(images), len(message.cameras))} pictures; max_images is {parameters['max_images']}")
    for camera in message.cameras:
        if camera not in parameters["cameras"]:
            raise UnknownCamera(f"there is no camera '{camera}'; the parameter cameras has {', '.join(parameters['cameras']) or 'none'}")
    return Request(
        text=text,
        session_id=message.session_id,
        cameras=tuple(message.cameras),
        pictures=tuple(Picture(image) for image in images),
        preset=find_preset(presets, options.preset or parameters["preset"]),
        language=_short("language", options.language),
        choices=_choices(options.choices, parameters),
        json_schema=_json_schema(options.json_schema, options.choices),
        max_tokens=options.max_tokens or parameters["max_tokens"],
        max_image_tokens=options.max_image_tokens or parameters["max_image_tokens"],
        regions=tuple(map(region_of, options.rois)),
        enhance=_one_of("enhance", options.enhance or parameters["enhance"], ENHANCEMENTS),
        not_before=_nanoseconds("not_before", options.not_before),
        max_image_age=_nanoseconds("max_image_age", options.max_image_age) / 1e9 or parameters["max_image_age"],
        timeout=_nanoseconds("timeout", options.timeout) / 1e9 or parameters["timeout"],
        priority=options.priority,
        deterministic=options.deterministic,
        retry_on_crash=options.retry_on_crash,
        speak=options.speak or parameters["speak"],
        ignore_eos=parameters["ignore_eos"],
        sampling=parameters.sampling,
    )


def check_regions(request: Request, pictures: int) -> None:
    """Raises BadRequest if there are regions, but not one for each picture."""
    if request.regions and len(request.regions) != pictures:
        raise BadRequest(f"there are {len(request.regions)} rois for {pictures} picture(s); give one for each, or none")


def _check_text(field: str, text: str, longest: int) -> None:
    if len(text) > longest:
        raise BadRequest(f"{field} has {len(text)} characters; max_question_characters allows {longest}")
    if "\0" in text:
        raise BadRequest(f"{field} holds a NUL character")


def _short(field: str, text: str) -> str:
    if len(text) > 64:
        raise BadRequest(f"{field} has {len(text)} characters; 64 are allowed")
    return text


def _one_of(field: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise BadRequest(f"{field} is one of {', '.join(allowed)}, not '{value[:64]}'")
    return value


def _choices(choices, parameters: Parameters) -> tuple[str, ...]:
    if len(choices) == 1 or len(choices) > parameters["max_choices"]:
        raise BadRequest(f"there are {len(choices)} choices; give 2 to {parameters['max_choices']}, or none")
    for choice in choices:
        _check_text("a choice", choice, parameters["max_question_characters"])
        if not choice.strip():
            raise BadRequest("a choice is empty")
    if len(set(choices)) != len(choices):
        raise BadRequest("the choices are not all different")
    return tuple(choices)


def _json_schema(schema: str, choices) -> str:
    if not schema:
        return ""
    if choices:
        raise BadRequest("the request has choices and a json_schema; it can have either")
    if len(schema) > MAX_SCHEMA_CHARACTERS:
        raise BadRequest(f"json_schema has {len(schema)} characters; {MAX_SCHEMA_CHARACTERS} are allowed")
    try:
        depth = _depth(json.loads(schema))
    except RecursionError:
        depth = MAX_SCHEMA_DEPTH + 1
    except ValueError as error:
        raise BadRequest(f"json_schema is not JSON: {error}") from None
    if depth > MAX_SCHEMA_DEPTH:
        raise BadRequest(f"json_schema is nested deeper than {MAX_SCHEMA_DEPTH}")
    return schema


def _depth(value) -> int:
    if isinstance(value, dict):
        value = value.values()
    return 1 + max(map(_depth, value), default=0) if not isinstance(value, (str, int, float, type(None))) else 0


def _nanoseconds(field: str, value: Duration | Time) -> int:
    nanoseconds = value.sec * 1_000_000_000 + value.nanosec
    if nanoseconds < 0:
        raise BadRequest(f"{field} is negative")
    if value.nanosec >= 1_000_000_000:
        raise BadRequest(f"{field}.nanosec is {value.nanosec}; a second has 1000000000")
    return nanoseconds

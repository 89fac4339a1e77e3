"""A request as it came by service, action or topic, checked and with the node's defaults filled in."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from builtin_interfaces.msg import Duration, Time

from glm4v_ros.action import AskImage as AskImageAction
from glm4v_ros.engine.question import Question
from glm4v_ros.errors import BadRequest, UnknownCamera
from glm4v_ros.msg import Question as QuestionMessage
from glm4v_ros.nodes.parameters import Parameters
from glm4v_ros.nodes.picture import Picture, Region, region_of
from glm4v_ros.policy import question_check
from glm4v_ros.policy.preset import Preset, find_preset
from glm4v_ros.srv import AskImage as AskImageService

ENHANCEMENTS = ("none", "auto")
MAX_TIMEOUT = 3600.0  # s; a request whose client is gone holds its place until then


@dataclass(frozen=True)
class Request:
    """What is asked, and of which pictures."""

    question: Question  # its timeout is the whole request's
    preset: Preset
    cameras: tuple[str, ...]  # empty: none was named
    pictures: tuple[Picture, ...]  # that came with the request
    regions: tuple[Region | None, ...]  # one for each picture; empty: all of every picture
    enhance: str
    not_before: int  # ROS time, ns
    max_image_age: float  # s
    speak: bool


def read_request(
    message: AskImageService.Request | AskImageAction.Goal | QuestionMessage,
    parameters: Parameters,
    presets: dict[str, Preset],
) -> Request:
    """Raises BadRequest or UnknownCamera that says which field is wrong and what would be right."""
    by_topic = isinstance(message, QuestionMessage)
    images = [] if by_topic else [*message.images, *message.compressed_images]
    options = message.options
    preset = find_preset(presets, options.preset or parameters["preset"])
    question = Question(
        text=message.text if by_topic else message.question,
        request_id=uuid.uuid4().hex,
        session_id=message.session_id,
        system_prompt=preset.system_prompt,
        language=options.language or preset.language,
        choices=tuple(options.choices),
        json_schema=options.json_schema,
        max_tokens=options.max_tokens or preset.max_tokens or parameters["max_tokens"],
        max_image_tokens=options.max_image_tokens or parameters["max_image_tokens"],
        timeout=_timeout(options.timeout) or parameters["timeout"],
        priority=options.priority,
        deterministic=options.deterministic,
        retry_on_crash=options.retry_on_crash,
        ignore_eos=parameters["ignore_eos"],
        sampling=parameters.sampling,
    )
    if len(question.text) > parameters["max_question_characters"]:
        raise BadRequest(
            f"the question has {len(question.text)} characters; max_question_characters is "
            f"{parameters['max_question_characters']}"
        )
    question_check.check_words(question)
    _check_pictures(images, message.cameras, parameters)
    return Request(
        question=question,
        preset=preset,
        cameras=tuple(message.cameras),
        pictures=tuple(map(Picture, images)),
        regions=tuple(map(region_of, options.rois)),
        enhance=_one_of("enhance", options.enhance or parameters["enhance"], ENHANCEMENTS),
        not_before=_nanoseconds("not_before", options.not_before),
        max_image_age=_nanoseconds("max_image_age", options.max_image_age) / 1e9 or parameters["max_image_age"],
        speak=(options.speak or parameters["speak"]) and not options.silent,
    )


def check_regions(request: Request, pictures: int) -> None:
    """Raises BadRequest if there are regions, but not one for each picture."""
    if request.regions and len(request.regions) != pictures:
        raise BadRequest(f"there are {len(request.regions)} rois for {pictures} picture(s); give one for each, or none")


def _check_pictures(images: list, cameras: list[str], parameters: Parameters) -> None:
    if images and cameras:
        raise BadRequest("the request names cameras and brings images; it can have either")
    count, most = max(len(images), len(cameras)), parameters["max_images"]
    if count > most:
        raise BadRequest(f"the request has {count} pictures; max_images is {most}")
    for camera in cameras:
        if camera not in parameters["cameras"]:
            raise UnknownCamera(
                f"there is no camera '{camera[:64]}'; the parameter cameras has "
                f"{', '.join(parameters['cameras']) or 'none'}"
            )


def _one_of(field: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise BadRequest(f"{field} is one of {', '.join(allowed)}, not '{value[:64]}'")
    return value


def _timeout(value: Duration) -> float:
    seconds = _nanoseconds("timeout", value) / 1e9
    if seconds > MAX_TIMEOUT:
        raise BadRequest(f"timeout is {seconds:g} s; at most {MAX_TIMEOUT:g} s are allowed")
    return seconds


def _nanoseconds(field: str, value: Duration | Time) -> int:
    nanoseconds = value.sec * 1_000_000_000 + value.nanosec
    if nanoseconds < 0:
        raise BadRequest(f"{field} is negative")
    if value.nanosec >= 1_000_000_000:
        raise BadRequest(f"{field}.nanosec is {value.nanosec}; a second has 1000000000")
    return nanoseconds

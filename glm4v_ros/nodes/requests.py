"""Reads what came by service, action or topic; checks it and fills in the node's defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import partial
from typing import Any

from builtin_interfaces.msg import Duration, Time

from glm4v_ros.action import AskImage as AskImageAction
from glm4v_ros.asking.activation import Activation
from glm4v_ros.asking.request import Request
from glm4v_ros.engine.question import Exchange, Question, Sampling
from glm4v_ros.errors import BadRequest, UnknownCamera
from glm4v_ros.msg import Question as QuestionMessage
from glm4v_ros.nodes.parameters import PREFERENCES
from glm4v_ros.nodes.picture import Picture, region_of
from glm4v_ros.policy import hints, question_check, zoom
from glm4v_ros.policy.language import with_language
from glm4v_ros.policy.preset import find_preset
from glm4v_ros.policy.verification import MODES as VERIFY_MODES
from glm4v_ros.srv import AskImage as AskImageService

ENHANCEMENTS = ("none", "auto")
MAX_TIMEOUT = 3600.0  # s; a request whose client is gone holds its place until then
Message = AskImageService.Request | AskImageAction.Goal | QuestionMessage


class AskedByMessage:
    """A question as it came by service, action or topic."""

    def __init__(self, message: Message):
        self._message = message
        self._by_topic = isinstance(message, QuestionMessage)
        self.text: str = message.text if self._by_topic else message.question
        self.session_id: str = message.session_id

    def read(self, activation: Activation, request_id: str) -> Request:
        """Raises BadRequest or UnknownCamera that says which field is wrong and what would be right."""
        message, options, settings = self._message, self._message.options, activation.settings
        images = [] if self._by_topic else [*message.images, *message.compressed_images]
        preset = find_preset(activation.presets, options.preset or settings["preset"])
        language = options.language or preset.language
        question_check.check_language(language)
        preset.check_own_words(
            system_prompt=options.system_prompt, past=options.past, stop=options.stop, hints=options.hints == "lines",
            logprobs=options.logprobs,
        )  # fmt: skip
        if options.top_logprobs and not options.logprobs:
            raise BadRequest("top_logprobs goes with logprobs")
        question = Question(
            text=self.text,
            request_id=request_id,
            session_id=self.session_id,
            past=tuple(Exchange(one.question, one.answer, one.pictures) for one in options.past),
            system_prompt=with_language(options.system_prompt or preset.system_prompt, language),
            choices=tuple(options.choices),
            json_schema=options.json_schema,
            max_tokens=options.max_tokens or preset.max_tokens or settings["max_tokens"],
            max_image_tokens=options.max_image_tokens or settings["max_image_tokens"],
            timeout=_timeout(options.timeout) or settings["timeout"],
            priority=options.priority,
            deterministic=options.deterministic,
            retry_on_crash=options.retry_on_crash,
            ignore_eos=options.ignore_eos or settings["ignore_eos"],
            stop=tuple(options.stop),
            needs_picture=not options.text_only,
            logprobs=options.top_logprobs if options.logprobs else None,
            sampling=_sampling(options.sampling, settings),
        )
        most = settings["max_question_characters"]
        if len(question.text) > most:
            raise BadRequest(f"the question has {len(question.text)} characters; max_question_characters is {most}")
        question_check.check_words(question)
        _check_pictures(images, message.cameras, activation)
        verify = _one_of("verify", options.verify or settings["verify"], VERIFY_MODES)
        witnessed = verify == "required" or preset.medicine_rule  # by a reader that the model was not told of
        request = Request(
            question=question,
            language=language,
            preset=preset,
            cameras=tuple(message.cameras),
            pictures=tuple(map(Picture, images)),
            regions=tuple(map(region_of, options.rois)),
            enhance=_one_of("enhance", options.enhance or settings["enhance"], ENHANCEMENTS),
            not_before=_nanoseconds("not_before", options.not_before),
            max_image_age=_nanoseconds("max_image_age", options.max_image_age) / 1e9 or settings["max_image_age"],
            prefer=_one_of("prefer", options.prefer or settings["prefer"], PREFERENCES),
            speak=(options.speak or settings["speak"]) and not options.silent,
            verify=verify,
            zoom=_one_of("zoom", options.zoom or settings["zoom"], zoom.MODES),
            hints=_one_of("hints", options.hints or ("off" if witnessed else settings["hints"]), hints.MODES),
            local_only=options.local_only,
        )
        request.check()
        return request


def _sampling(given: list, settings: Mapping[str, Any]) -> Sampling:
    if len(given) > 1:
        raise BadRequest(f"sampling has at most one entry, not {len(given)}")
    of = partial(getattr, given[0]) if given else settings.__getitem__
    return Sampling(**{field.name: of(field.name) for field in fields(Sampling)})


def _check_pictures(images: list, cameras: list[str], activation: Activation) -> None:
    if images and cameras:
        raise BadRequest("the request names cameras and brings images; it can have either")
    count, most = max(len(images), len(cameras)), activation.settings["max_images"]
    if count > most:
        raise BadRequest(f"the request has {count} pictures; max_images is {most}")
    for camera in cameras:
        if camera not in activation.cameras:
            raise UnknownCamera(
                f"there is no camera '{camera[:64]}'; the parameter cameras has {', '.join(activation.cameras) or 'none'}"
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

"""What the worker cannot work on, whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from glm4v_ros.engine.question import MOST_ALTERNATIVES, Exchange, Question, Sampling
from glm4v_ros.errors import BadRequest
from glm4v_ros.vision.frame import Frame

_MOST_FRAMES = 64  # whose descriptors fit into one message
_KINDS = {
    "str": (str,), "int": (int,), "int | None": (int, type(None)), "float": (int, float), "bool": (bool,), "Sampling": (Sampling,),
    "tuple[str, ...]": (tuple, list), "tuple[Exchange, ...]": (tuple,),
}  # fmt: skip


def check(question: Question, frames: Sequence[Frame]) -> None:
    """Raises BadRequest for what is of another type than it says, cannot be written down as UTF-8, or has no sense in numbers."""
    if not isinstance(frames, Sequence) or not all(isinstance(frame, Frame) for frame in frames):
        raise BadRequest("frames are Frame objects, in a list")
    if len(frames) > _MOST_FRAMES:
        raise BadRequest(f"at most {_MOST_FRAMES} images in one question, not {len(frames)}")
    _check_fields(question)
    _check_fields(question.sampling)
    for exchange in question.past:
        if not isinstance(exchange, Exchange):
            raise BadRequest(f"past holds Exchange objects, not {exchange!r:.60}")
        _check_fields(exchange)
        if not exchange.text:
            raise BadRequest("past holds questions that are not empty")
    if question.past and question.session_id:
        raise BadRequest("a question has a session or a past, not both")
    shown = [exchange.pictures for exchange in question.past]
    if min(shown, default=0) < 0 or sum(shown) > len(frames):
        raise BadRequest("the past names more pictures than there are frames, or less than none")
    if question.logprobs is not None and (question.choices or not 0 <= question.logprobs <= MOST_ALTERNATIVES):
        raise BadRequest(
            f"logprobs is from 0 to {MOST_ALTERNATIVES} alternatives for each token of an answer in words; choices have their own figures"
        )
    if not question.request_id or question.max_tokens < 1 or question.timeout < 0 or len(question.choices) == 1:
        raise BadRequest("a question has a request_id, room for an answer, no negative timeout, and no choice or several")


def _check_fields(owner: Question | Sampling | Exchange) -> None:
    for field in fields(owner):
        value = getattr(owner, field.name)
        kinds = _KINDS[field.type]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds) or value != value:
            raise BadRequest(f"{field.name} is {field.type}, not {value!r:.60}")
        if field.type == "tuple[str, ...]":
            for text in value:
                _check_text(field.name, text, empty=False)
        elif isinstance(value, str):
            _check_text(field.name, value, empty=True)


def _check_text(name: str, text: object, empty: bool) -> None:
    if not empty and (not isinstance(text, str) or not text):
        raise BadRequest(f"{name} holds texts that are not empty, not {text!r:.60}")
    if isinstance(text, str):
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise BadRequest(f"{name} is not valid Unicode: {error.reason}") from error

"""What the server's errors mean here."""

from __future__ import annotations

import email.utils
import math
import re
import time
from collections.abc import Mapping

import openai

from glm4v_ros.errors import (
    BadImage,
    BadRequest,
    Busy,
    ContextFull,
    DeadlineExceeded,
    OutOfMemory,
    ServerFailed,
    Unsupported,
    VqaError,
)
from glm4v_ros.remote.transport import TooMuch

_LONGEST_WAIT = 3600.0  # s
_MOST_CHARACTERS = 300  # of the server's own words
_CONTEXT = re.compile(r"context|too (long|many tokens)|maximum.{0,40}(length|tokens)", re.IGNORECASE)
#: The codes of `glm4v serve` that say more than their status does.
_OWN = {
    "engine_failed": ServerFailed, "out_of_memory": OutOfMemory, "invalid_image": BadImage, "unsupported": Unsupported,
    "context_length_exceeded": ContextFull, "deadline_exceeded": DeadlineExceeded,
}  # fmt: skip


def failure_of(error: Exception) -> VqaError:
    """The VqaError to end a question with. The server's words are quoted, cut short."""
    if isinstance(error, VqaError):
        return error
    if isinstance(error, openai.APIStatusError):
        return _of_status(error)
    if isinstance(error, openai.APITimeoutError):
        return ServerFailed("the remote server said nothing for longer than remote_patience; is it overloaded?")
    if isinstance(error, openai.APIConnectionError):
        cause = error.__cause__ or error
        return ServerFailed(f"the remote server cannot be reached, or hung up: {_short(cause) or type(cause).__name__}")
    if isinstance(error, openai.APIError):  # in the midst of a stream
        return _OWN.get(error.code or "", ServerFailed)(f"the remote server broke off: {_short(error.message)}")
    return ServerFailed(
        f"the remote server's answer is not of OpenAI's API ({type(error).__name__}: {_short(error)}); is remote_url right?"
    )


def is_about_form(error: Exception) -> bool:
    """Whether the server did not take a request of this form, so that another may do."""
    return (
        isinstance(error, openai.APIStatusError)
        and error.status_code in (400, 404, 405, 415, 422, 501)
        and not isinstance(failure_of(error), ContextFull)
    )


def has_not_begun(error: openai.APIError) -> bool:
    """Whether no server has worked on the question, given that no word of its answer came: there was no connection, an idle
    one was closed just then, or a balancer's server was gone."""
    if isinstance(error, openai.APIStatusError):
        return error.status_code == 502
    return (
        isinstance(error, openai.APIConnectionError)
        and not isinstance(error, openai.APITimeoutError)
        and not isinstance(error.__cause__, TooMuch)
    )


def _of_status(error: openai.APIStatusError) -> VqaError:
    status, words = error.status_code, _words(error)
    if error.code in _OWN:
        return _OWN[error.code](words)
    if status == 429 or status == 503:
        return Busy(f"the remote server is busy: {words}", retry_after=_retry_after(error.response.headers))
    if status in (408, 504):
        return DeadlineExceeded(f"the remote server gave up in time: {words}")
    if status in (400, 413, 422) and _CONTEXT.search(words):
        return ContextFull(f"question and pictures exceed the remote model's context: {words}")
    if status in (401, 403):
        return ServerFailed(f"the remote server refuses the key: {words}; see remote_key_file")
    if 300 <= status < 400:
        return ServerFailed(f"the remote server redirects (status {status}), which is not followed: set remote_url to the place itself")
    if status == 413:
        return BadImage(f"the pictures are too large for the remote server: {words}; set max_image_tokens")
    if status in (400, 422):
        return BadRequest(f"the remote server refuses the request: {words}")
    if status == 404:
        return ServerFailed(f"the remote server has no such model or address: {words}; see remote_model and remote_url")
    return ServerFailed(f"the remote server failed with status {status}: {words}")


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds, 1 where the server does not say."""
    for name, divisor in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            seconds = float(headers.get(name, "")) / divisor
        except ValueError:
            continue
        if not math.isnan(seconds):
            return min(max(0.0, seconds), _LONGEST_WAIT)
    try:
        seconds = email.utils.parsedate_to_datetime(headers.get("retry-after", "")).timestamp() - time.time()
    except (TypeError, ValueError, OverflowError):
        return 1.0
    return min(max(0.0, seconds), _LONGEST_WAIT)


def _words(error: openai.APIStatusError) -> str:
    body = error.body
    message = body.get("message") if isinstance(body, Mapping) else None
    return _short(message if isinstance(message, str) else error.message)


def _short(words: object) -> str:
    text = " ".join(str(words).split())
    return text if len(text) <= _MOST_CHARACTERS else text[:_MOST_CHARACTERS] + " ..."

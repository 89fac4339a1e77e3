"""From an answer or an error to the messages that carry it."""

from __future__ import annotations

import math

from builtin_interfaces.msg import Duration

from glm4v_ros.engine.answer import Answer, FinishReason
from glm4v_ros.errors import ErrorCode, VqaError
from glm4v_ros.msg import Answer as AnswerMessage
from glm4v_ros.nodes.inquiry import Inquiry

_FINISHED = {ErrorCode.TIMEOUT: FinishReason.TIMEOUT, ErrorCode.CANCELED: FinishReason.CANCELED}


def duration(seconds: float) -> Duration:
    """Negative and NaN become zero."""
    nanoseconds = round(max(0.0, seconds) * 1e9) if math.isfinite(seconds) else 0
    return Duration(sec=nanoseconds // 1_000_000_000, nanosec=nanoseconds % 1_000_000_000)


def fill_response(response, message: AnswerMessage, error: VqaError | None):
    """Fills the response of the service, or the result of the action, and returns it."""
    response.success = error is None
    response.error_code = int(error.code if error else ErrorCode.NONE)
    response.error_msg = str(error) if error else ""
    response.retry_after = duration(error.retry_after if error else 0.0)
    response.answer = message
    return response


def refusal(question: str, session_id: str) -> AnswerMessage:
    """The empty answer of a question that was refused before it went on its way."""
    return AnswerMessage(
        question=question,
        session_id=session_id,
        choice_index=-1,
        confidence=math.nan,
        mean_token_probability=math.nan,
        finish_reason=int(FinishReason.ERROR),
    )


def answer_message(inquiry: Inquiry, answer: Answer | None, error: VqaError | None) -> AnswerMessage:
    """``answer`` is what was written, complete or not; None if nothing was."""
    request, pictures, model = inquiry.request, inquiry.pictures, inquiry.model
    message = refusal(request.question.text, request.question.session_id)
    message.request_id = inquiry.request_id
    message.model = model.name
    message.model_sha256 = model.text_sha256
    message.preset = request.preset.name
    if pictures:
        message.header = pictures[0].header
    message.cameras = [picture.camera for picture in pictures if picture.camera]
    message.image_headers = [picture.header for picture in pictures]
    message.image_sha256 = [picture.sha256 for picture in pictures]
    code = error.code if error else ErrorCode.NONE
    if answer is None:
        message.finish_reason = int(_FINISHED.get(code, FinishReason.ERROR))
        return message
    message.finish_reason = int(answer.finish_reason)
    message.text = answer.text
    message.abstained = answer.abstained
    message.choice_index = answer.choice_index
    message.choice_probabilities = list(answer.choice_probabilities)
    message.confidence = answer.confidence
    message.mean_token_probability = answer.mean_token_probability
    message.image_tokens = answer.image_tokens
    message.prompt_tokens = answer.prompt_tokens
    message.completion_tokens = answer.completion_tokens
    message.time_to_first_token = duration(answer.time_to_first_token)
    message.latency = duration(answer.latency)
    return message

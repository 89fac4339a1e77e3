"""From an answer or an error to the messages that carry it."""

from __future__ import annotations

import math
from array import array

from builtin_interfaces.msg import Duration

from glm4v_ros.asking.reply import Reply
from glm4v_ros.catalog.model import Model
from glm4v_ros.engine.answer import TokenLogprob
from glm4v_ros.errors import ErrorCode, VqaError
from glm4v_ros.msg import Answer as AnswerMessage
from glm4v_ros.msg import TokenProbability
from glm4v_ros.nodes.picture import roi_of


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


def answer_message(reply: Reply, model: Model | None, endpoint: str = "") -> AnswerMessage:
    """``model`` is the one that was asked, None: none was; ``endpoint`` the address where it answers, empty: on this machine."""
    request, pictures, answer = reply.request, reply.pictures, reply.answer
    message = AnswerMessage(
        question=reply.text,
        session_id=reply.session_id,
        choice_index=-1,
        confidence=math.nan,
        mean_token_probability=math.nan,
        finish_reason=int(reply.finish_reason),
    )
    if request is None or model is None:
        return message
    message.request_id = reply.request_id
    message.model = model.name
    message.model_sha256 = model.text_sha256
    message.endpoint = endpoint
    message.preset = request.preset.name
    if pictures:
        message.header = pictures[0].header
    message.cameras = [picture.camera for picture in pictures if picture.camera]
    message.image_headers = [picture.header for picture in pictures]
    message.image_sha256 = [picture.sha256 for picture in pictures]
    if answer is None:
        return message
    if answer.model and answer.model != model.name:
        message.model, message.model_sha256, message.endpoint = answer.model, "", ""  # this robot's own took over
    _tell_evidence(message, reply)
    message.text = answer.text
    message.abstained = answer.abstained
    message.choice_index = answer.choice_index
    message.choice_probabilities = list(answer.choice_probabilities)
    message.confidence = answer.confidence
    message.mean_token_probability = answer.mean_token_probability
    message.tokens = [_token(one) for one in answer.logprobs]
    message.alternatives = [_token(one) for token in answer.logprobs for one in token.top]
    message.image_tokens = answer.image_tokens
    message.prompt_tokens = answer.prompt_tokens
    message.completion_tokens = answer.completion_tokens
    message.time_to_first_token = duration(answer.time_to_first_token)
    message.latency = duration(answer.latency)
    return message


def _token(token: TokenLogprob) -> TokenProbability:
    return TokenProbability(bytes=array("B", token.bytes), log_probability=token.logprob)


def _tell_evidence(message: AnswerMessage, reply: Reply) -> None:
    found = reply.checked.verification
    message.verification = int(found.verdict)
    message.verification_reason = found.reason
    message.verification_confidence = found.confidence
    message.verification_delay = duration(reply.checked.delay)
    message.evidence_texts = [one.text for one in found.evidence]
    message.evidence_regions = [roi_of(one.region) for one in found.evidence]
    message.evidence_images = [one.image for one in found.evidence]
    message.zoom_images = [image for image, _ in reply.checked.zoom]
    message.zoom_regions = [roi_of(region) for _, region in reply.checked.zoom]
    message.hint_lines = reply.checked.hint_lines

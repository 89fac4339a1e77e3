"""What the engine gives back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum


class Stage(IntEnum):
    """How far a question has come; the values are those of AskImage.action's feedback."""

    QUEUED = 0
    ENCODING = 1
    PREFILL = 2
    ANSWERING = 3
    CHECKING = 4  # the answer waits for the second reader


class FinishReason(IntEnum):
    """Why an answer ended; the values are those of Answer.msg."""

    STOP = 0
    LENGTH = 1
    TIMEOUT = 2
    CANCELED = 3
    ERROR = 4


@dataclass(frozen=True)
class TokenLogprob:
    """A token and the natural logarithm of its probability, as the model gives it: the log-softmax of its logits before
    temperature, penalties, top_k, top_p, min_p and a schema change anything."""

    bytes: bytes  # may be a part of a character only
    logprob: float
    top: tuple[TokenLogprob, ...] = ()  # the likeliest tokens in its place, the likeliest first; it need not be among them

    @property
    def text(self) -> str:
        """With U+FFFD for what is no whole character."""
        return self.bytes.decode("utf-8", "replace")


@dataclass(frozen=True)
class Delta:
    """Progress of one question: its stage, and the text that came since the last one."""

    request_id: str
    stage: Stage
    text: str = ""
    logprobs: tuple[TokenLogprob, ...] = ()  # of the tokens that have a part in the text and had none before


@dataclass(frozen=True)
class Answer:
    """A finished answer with the figures of Answer.msg. Durations are seconds."""

    request_id: str
    text: str
    finish_reason: FinishReason
    abstained: bool = False  # filled by whoever judges the text, not by the engine
    choice_index: int = -1
    choice_probabilities: tuple[float, ...] = ()
    confidence: float = math.nan
    mean_token_probability: float = math.nan
    logprobs: tuple[TokenLogprob, ...] = ()  # of all tokens that have a part in the text; none unless the question asks for them
    image_tokens: int = 0
    prompt_tokens: int = 0  # image tokens included
    completion_tokens: int = 0
    time_to_first_token: float = 0.0  # from the engine client's taking of the question
    latency: float = 0.0  # likewise, to the answer's end
    model: str = ""  # that wrote it, where there is more than one; empty: the only one

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


class FinishReason(IntEnum):
    """Why an answer ended; the values are those of Answer.msg."""

    STOP = 0
    LENGTH = 1
    TIMEOUT = 2
    CANCELED = 3
    ERROR = 4


@dataclass(frozen=True)
class Delta:
    """Progress of one question: its stage, and the text that came since the last one."""

    request_id: str
    stage: Stage
    text: str = ""


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
    image_tokens: int = 0
    prompt_tokens: int = 0  # image tokens included
    completion_tokens: int = 0
    time_to_first_token: float = 0.0  # from the engine client's taking of the question
    latency: float = 0.0  # likewise, to the answer's end
    model: str = ""  # that wrote it, where there is more than one; empty: the only one

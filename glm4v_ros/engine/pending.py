"""Questions without an answer yet, as their callers' side of the engine sees them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from glm4v_ros.engine.answer import Answer, Delta, FinishReason, Stage, TokenLogprob
from glm4v_ros.engine.question import Question
from glm4v_ros.errors import Canceled, DeadlineExceeded, VqaError
from glm4v_ros.vision.frame import Frame

_log = logging.getLogger(__name__)

_MOST_LOST = 3  # workers that may be lost with a question in their queue until the question is suspected to be the reason


@dataclass(eq=False)
class Pending:
    """One of them. Its frames are kept for a worker that has to be told again."""

    question: Question
    frames: tuple[Frame, ...]
    taken_at: float
    future: Future
    on_delta: Callable[[Delta], None] | None
    stage: Stage = Stage.QUEUED
    heard: str = ""  # text that its caller has
    logprobs: list[TokenLogprob] = field(default_factory=list)  # of its tokens
    repeated: int = 0  # characters of it that a worker after the first has written too
    repeated_tokens: int = 0
    crashes: int = 0  # of workers that were at work on it
    losses: int = 0  # of workers that had it
    canceled: bool = False

    @property
    def id(self) -> str:
        return self.question.request_id

    @property
    def deadline(self) -> float:
        return self.taken_at + self.question.timeout if self.question.timeout > 0 else float("inf")

    def complete(self, result: Answer | VqaError) -> None:
        if isinstance(result, VqaError):
            self.future.set_exception(result)
        else:
            self.future.set_result(result)

    def stop(self, reason: FinishReason) -> None:
        """Ends it without the worker's word on it."""
        answer = Answer(
            self.id, self.heard, reason, logprobs=tuple(self.logprobs), latency=time.monotonic() - self.taken_at
        )
        if reason == FinishReason.CANCELED:
            self.complete(Canceled("the question was cancelled", answer=answer))
        else:
            text = f"no answer within {self.question.timeout:g} s; allow more time"
            self.complete(DeadlineExceeded(text, answer=answer))

    def hear(self, delta: Delta) -> bool:
        """Passes on what is new of a delta. False when a second worker says something else than the first said."""
        self.stage = delta.stage
        told = self.heard[self.repeated : self.repeated + len(delta.text)]
        if not delta.text.startswith(told):
            return False
        self.repeated += len(told)
        new = delta.text[len(told) :]
        self.heard += new
        self.repeated += len(new)
        logprobs = delta.logprobs[len(self.logprobs) - self.repeated_tokens :]
        self.repeated_tokens += len(delta.logprobs)
        self.logprobs += logprobs
        if self.on_delta is not None and (new or not delta.text):
            try:
                self.on_delta(Delta(delta.request_id, delta.stage, new, logprobs))
            except Exception:
                _log.exception("on_delta raised")
        return True

    def lose(self, error: VqaError, told: bool) -> bool:
        """Its worker is gone, which had it if it was ``told``. Whether the next one is to have it; else it has ended."""
        self.losses += told
        self.crashes += self.stage > Stage.QUEUED
        if self.canceled:
            self.stop(FinishReason.CANCELED)
        elif (self.losses > _MOST_LOST) if self.stage == Stage.QUEUED else (self.crashes > self.question.retry_on_crash):
            self.complete(type(error)(str(error)))
        else:
            self.stage, self.repeated, self.repeated_tokens = Stage.QUEUED, 0, 0
            return True
        return False

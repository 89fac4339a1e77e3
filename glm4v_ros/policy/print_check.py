"""The second reader's part in one question, from the first word to what may be said."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import replace
from math import nan
from typing import Protocol

from glm4v_ros.engine.answer import Answer
from glm4v_ros.errors import NotRead
from glm4v_ros.policy.print_field import may_ask_for_print
from glm4v_ros.policy.verification import Reading, Verdict, Verification, needs_check, verify
from glm4v_ros.reader.line import Line
from glm4v_ros.vision.frame import Frame

_WORDS = {  # what an answer says that is not confirmed although it had to be
    "en": ("I am not certain. I read: {answer}. {other}", "The second reader read: {read}.",
           "The second reader did not find it.", "It could not be checked: {reason}."),
    "zh": ("我不能确定。我读到的是：{answer}。{other}", "第二个识别器读到的是：{read}。", "第二个识别器没有找到它。",
           "没有经过核对：{reason}。"),
}  # fmt: skip


class PrintReader(Protocol):
    """As reader/client.py's SecondReader."""

    def read(self, frame: Frame) -> Future[tuple[Line, ...]]:
        """The lines; ends with NotRead."""


class PrintCheck:
    """Of one question about some frames. Nothing is read where no print is asked for."""

    def __init__(self, reader: PrintReader, question: str, frames: Sequence[Frame]):
        self._reader = reader
        self._question = question
        self._frames = tuple(frames)
        self._readings: list[Future[tuple[Line, ...]]] = []
        self.seconds = 0.0  # that ``verification`` waited

    def begin(self) -> None:
        """Has the frames read if print may be asked for; on a CPU call it after the first word, which it would make later."""
        if not self._readings and may_ask_for_print(self._question):
            self._readings = [self._reader.read(frame) for frame in self._frames]

    def verification(self, answer: str, timeout: float | None = None) -> Verification:
        """Waits for the reader where the answer quotes print, at most ``timeout`` seconds."""
        begun = time.monotonic()
        try:
            if not needs_check(self._question, answer):
                return verify(self._question, answer, ())
            self.begin()
            readings = []
            for frame, reading in zip(self._frames, self._readings, strict=True):
                left = None if timeout is None else max(0.0, begun + timeout - time.monotonic())
                readings.append(Reading(reading.result(left), frame.width, frame.height))
            return verify(self._question, answer, readings)
        except NotRead as error:
            return Verification(reason=str(error))
        except FutureTimeout:
            return Verification(reason=f"the second reader was not done after {timeout:g} s")
        except CancelledError:
            return Verification(reason="the second reading was cancelled")
        finally:
            self.cancel()
            self.seconds = time.monotonic() - begun

    def cancel(self) -> None:
        """Nobody waits for the readings any more."""
        for reading in self._readings:
            reading.cancel()


def required(answer: Answer, verification: Verification, language: str) -> Answer:
    """The answer where it is confirmed; else one that abstains and says what both read.

    ``language`` is that of its words, "zh" or another.
    """
    if verification.verdict is Verdict.CONFIRMED or answer.abstained:
        return answer
    whole, read, missing, unchecked = _WORDS["zh" if language == "zh" else "en"]
    if verification.verdict is Verdict.NOT_CHECKED:
        other = unchecked.format(reason=verification.reason.rstrip(".。"))
    elif verification.evidence:
        other = read.format(read=", ".join(evidence.text for evidence in verification.evidence))
    else:
        other = missing
    text = whole.format(answer=answer.text.strip().rstrip(".。"), other=other)
    return replace(
        answer, text=text, abstained=True, choice_index=-1, choice_probabilities=(), confidence=nan, logprobs=()
    )

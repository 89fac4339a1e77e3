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
from glm4v_ros.policy import hints, print_form, tiling
from glm4v_ros.policy import zoom as zooming
from glm4v_ros.policy.print_field import may_ask_for_print
from glm4v_ros.policy.verification import Reading, Verdict, Verification, needs_check, verify
from glm4v_ros.policy.zoom import Zoom
from glm4v_ros.reader.line import Line
from glm4v_ros.vision.enhance import crop
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
        self._part: Future[tuple[Line, ...]] | None = None  # of a frame, that is read now
        self._parts: list[Reading] = []  # the frames' readings, where they were read in parts
        self._canceled = False
        self.seconds = 0.0  # that ``verification`` waited
        #: The part that ``zoomed`` cut out; None where it showed the pictures as they are, and ``zoom_reason`` says why.
        self.zoom: Zoom | None = None
        self.zoom_reason = ""
        self.zoom_seconds = 0.0  # that ``zoomed`` took
        self.hint_lines = 0  # that ``hinted`` gave: then only an answer that was given without them can be verified

    def begin(self) -> None:
        """Has the frames read if print may be asked for; on a CPU call it after the first word, which it would make later."""
        if not self._readings and may_ask_for_print(self._question):
            self._readings = [self._reader.read(frame) for frame in self._frames]

    def zoomed(self, image_tokens: int, timeout: float | None = None) -> tuple[Frame, ...]:
        """What to show to the model: the frames, or the part of one that has the asked print, larger.

        Of ``image_tokens`` a picture has at most so many. Waits for the reader, at most ``timeout`` seconds, where print may
        be asked for and a frame is larger than they carry. Raises nothing: without a reading the frames stay whole.
        The verification looks at that part alone then; its regions are in pixels of the whole frame all the same.
        """
        begun, pixels = time.monotonic(), zooming.pixels_of(image_tokens)
        try:
            if not may_ask_for_print(self._question):
                self.zoom_reason = "no print was asked for"
            elif not zooming.too_large(self._frames, pixels):
                self.zoom_reason = "the whole picture is seen as large as it is"
            else:
                self._zoom(pixels, timeout)
        except (NotRead, FutureTimeout, CancelledError) as error:
            self.zoom_reason = self._failure(error, timeout)
        self.zoom_seconds = time.monotonic() - begun
        return (self.zoom.cut(self._frames[self.zoom.image]),) if self.zoom else self._frames

    def _zoom(self, pixels: int, timeout: float | None) -> None:
        begun = time.monotonic()
        place = zooming.find(self._question, self._read(timeout))
        if place is None or not place.sure and place.zoom(pixels):
            self._parts = self._read_in_parts(None if timeout is None else begun + timeout)
            place = zooming.find(self._question, self._parts)
        self.zoom = place.zoom(pixels) if place else None
        if place is None:
            self.zoom_reason = "no print was found that the question could be about"
        elif self.zoom is None:
            self.zoom_reason = "its print is large enough in the whole picture"

    def hinted(self, language: str, timeout: float | None = None) -> str:
        """The question with the reader's lines before it; as it is where print is not asked for, or none was read.

        ``language`` is "zh" or another. Waits like ``zoomed``, and goes after it. Raises nothing.
        """
        if not may_ask_for_print(self._question):
            return self._question
        try:
            rows = hints.rows(self._looked_at(timeout))
        except (NotRead, FutureTimeout, CancelledError):
            return self._question
        self.hint_lines = len(rows)
        return hints.hinted(self._question, rows, language)

    def verification(self, answer: str, timeout: float | None = None, unhinted: str | None = None) -> Verification:
        """Waits for the reader where the answer quotes print, at most ``timeout`` seconds.

        ``unhinted`` is the model's answer to the question without hints: one with hints is checked if they agree.
        """
        begun = time.monotonic()
        try:
            if not needs_check(self._question, answer):
                return verify(self._question, answer, ())
            if self.hint_lines and (unhinted is None or not print_form.same(answer, unhinted)):
                return Verification(reason="the model was told what the second reader read, and without that it did not say the same")
            return verify(self._question, answer, self._looked_at(timeout))
        except (NotRead, FutureTimeout, CancelledError) as error:
            return Verification(reason=self._failure(error, timeout))
        finally:
            self.cancel()
            self.seconds = time.monotonic() - begun

    def _read_in_parts(self, until: float | None) -> list[Reading]:
        """One for each frame, which is slower and finds more in large ones."""
        readings = []
        for frame in self._frames:
            found = []
            for tile in tiling.tiles(frame.width, frame.height):
                if self._canceled:
                    raise CancelledError
                # One after the other: the reader takes no more than a few pictures at once.
                self._part = self._reader.read(Frame(crop(frame.rgb, *tile)))
                found.append((tile, self._part.result(None if until is None else max(0.0, until - time.monotonic()))))
            readings.append(Reading(tiling.merged(found), frame.width, frame.height))
        return readings

    def _looked_at(self, timeout: float | None) -> list[Reading]:
        """What is printed where the model looks."""
        readings = self._parts or self._read(timeout)
        if self.zoom is None:
            return readings
        none = [Reading((), reading.width, reading.height) for reading in readings]
        none[self.zoom.image] = self.zoom.reading(readings[self.zoom.image])
        return none

    def _read(self, timeout: float | None) -> list[Reading]:
        """One for each frame. Raises what a future does."""
        begun = time.monotonic()
        self.begin()
        readings = []
        for frame, reading in zip(self._frames, self._readings, strict=True):
            left = None if timeout is None else max(0.0, begun + timeout - time.monotonic())
            readings.append(Reading(reading.result(left), frame.width, frame.height))
        return readings

    @staticmethod
    def _failure(error: BaseException, timeout: float | None) -> str:
        if isinstance(error, NotRead):
            return str(error)
        if isinstance(error, FutureTimeout):
            return f"the second reader was not done after {timeout:g} s"
        return "the second reading was cancelled"

    def cancel(self) -> None:
        """Nobody waits for the readings any more; from any thread."""
        self._canceled = True
        for reading in (*self._readings, *filter(None, [self._part])):
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

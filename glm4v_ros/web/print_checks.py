"""A second reader's part in what a server without ROS answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from glm4v_ros.engine.answer import Answer, Delta
from glm4v_ros.engine.question import Question
from glm4v_ros.errors import BadRequest
from glm4v_ros.policy.print_check import PrintCheck, PrintReader, required
from glm4v_ros.policy.verification import Evidence as FrameEvidence
from glm4v_ros.policy.verification import Verification
from glm4v_ros.speech.language import base_language, language_of
from glm4v_ros.vision.frame import Frame
from glm4v_ros.web.asker import Evidence, Found, Inquiry, Region

_PATIENCE = 15.0  # s that an answer waits for the reader; then it comes without its word
_MOST_AT_ONCE = 64  # answers that wait; more wait for one of these


class PrintChecks:
    """``default`` is off, auto or required, for questions that do not say."""

    def __init__(self, reader: PrintReader, default: str = "off"):
        self._reader, self.default = reader, default
        self._threads = ThreadPoolExecutor(_MOST_AT_ONCE, "print-check")

    def of(self, inquiry: Inquiry, question: Question, frames: Sequence[Frame], at_once: bool) -> _Check | None:
        """None where none is wanted. ``at_once``: reading does not make the first word later. Raises BadRequest."""
        mode = inquiry.verify or self.default
        if mode == "off":
            return None
        if mode == "required" and question.json_schema:
            raise BadRequest("an answer that is not confirmed says so in words: verify required takes no json_schema")
        return _Check(self._reader, self._threads, inquiry, question, frames, mode == "required", at_once)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


class _Check:
    def __init__(
        self, reader: PrintReader, threads: ThreadPoolExecutor, inquiry: Inquiry, question: Question,
        frames: Sequence[Frame], is_required: bool, at_once: bool,
    ):  # fmt: skip
        self._print = PrintCheck(reader, question.text, frames)
        self._threads, self._inquiry, self._frames, self._required = threads, inquiry, frames, is_required
        self._language = base_language(inquiry.language) or language_of(question.text)
        if at_once:
            self._print.begin()

    def listening(self, tell: Callable[[Delta], None]) -> Callable[[Delta], None]:
        """``tell``, with an ear for the first word; of an answer that must be confirmed no word is told before it is."""

        def listen(delta: Delta) -> None:
            if delta.text:
                self._print.begin()
            tell(replace(delta, text="", logprobs=()) if self._required else delta)

        return listen

    def cancel(self) -> None:
        """Nobody waits for it any more."""
        self._print.cancel()

    async def judged(self, answer: Answer) -> tuple[Answer, Found]:
        """What may be said, and what was found."""
        found = Verification(reason="the request brings no picture")
        if self._frames:
            loop = asyncio.get_running_loop()
            found = await loop.run_in_executor(self._threads, self._print.verification, answer.text, _PATIENCE)
        if self._required:
            answer = required(answer, found, self._language)
        return answer, Found(found.verdict, found.reason, found.confidence, tuple(map(self._upright, found.evidence)))

    def _upright(self, evidence: FrameEvidence) -> Evidence:
        """In the whole picture, of which the frame may be a part."""
        part = self._inquiry.regions[evidence.image] if self._inquiry.regions else None
        x, y, width, height = self._frames[evidence.image].unscaled(evidence.region)
        left, top = (part.x, part.y) if part else (0, 0)
        return Evidence(evidence.text, evidence.image, Region(x + left, y + top, width, height))

"""A question on its way to the engine and, with --verify, to the second reader."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING

from glm4v_ros.cli import verified
from glm4v_ros.errors import VqaError

if TYPE_CHECKING:
    from glm4v_ros.engine.answer import Answer, Delta
    from glm4v_ros.engine.client import EngineClient
    from glm4v_ros.engine.question import Question
    from glm4v_ros.policy.verification import Verification
    from glm4v_ros.reader.client import SecondReader


class Asked:
    """One question with its pictures; ``start``, then ``finish``."""

    def __init__(
        self,
        args: argparse.Namespace,
        client: EngineClient,
        reader: SecondReader | None,  # None: with --verify off
        question: Question,
        pictures: Sequence[verified.Shown],
    ):
        self._args, self._client, self._question, self._pictures = args, client, question, pictures
        self._check = None
        if reader is not None:
            from glm4v_ros.policy.print_check import PrintCheck

            self._check = PrintCheck(reader, question.text, [shown.frame for shown in pictures])
        self.on_delta: Callable[[Delta], None] | None = None
        #: Of the answer, once it is finished; None with --verify off.
        self.verification: Verification | None = None

    def start(self) -> Future[Answer]:
        """Hands the question to the engine. Raises what is refused at once."""
        from glm4v_ros.policy.question_check import check

        frames = [shown.frame for shown in self._pictures]
        check(self._question, frames)
        if self._check is not None and self._client.status.gpu_offload:
            self._check.begin()
        self._future = self._client.ask(self._question, frames, self._listen)
        return self._future

    def finish(self) -> Answer:
        """Waits for the answer and for the second reader."""
        from glm4v_ros.policy.abstention import judged

        try:
            answer = judged(self._future.result())
        except VqaError:
            if self._check is not None:
                self._check.cancel()
            raise
        if self._check is None:
            return answer
        self.verification = self._check.verification(answer.text)
        if self._args.verify == "required":
            from glm4v_ros.policy.print_check import required
            from glm4v_ros.speech.language import base_language, language_of

            language = base_language(self._args.language) or language_of(self._question.text)
            return required(answer, self.verification, language)
        return answer

    def fields(self) -> dict:
        """For JSON; none with --verify off."""
        return verified.fields(self.verification, self._pictures) if self.verification else {}

    def _listen(self, delta: Delta) -> None:
        # With the first word, not before: on a CPU the reader would make that later.
        if self._check is not None and delta.text:
            self._check.begin()
        if self.on_delta is not None:
            self.on_delta(delta)

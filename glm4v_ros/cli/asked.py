"""A question on its way to the engine and, with --verify, --zoom and --hints, to the second reader."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING

from glm4v_ros.cli import verified
from glm4v_ros.errors import VqaError

if TYPE_CHECKING:
    from glm4v_ros.engine.answer import Answer, Delta
    from glm4v_ros.engine.client import EngineClient
    from glm4v_ros.engine.question import Question
    from glm4v_ros.policy.verification import Verification
    from glm4v_ros.policy.zoom import Zoom
    from glm4v_ros.reader.client import SecondReader


class Asked:
    """One question with its pictures; ``start``, then ``finish``."""

    def __init__(
        self,
        args: argparse.Namespace,
        client: EngineClient,
        reader: SecondReader | None,  # None: nothing needs one
        question: Question,
        pictures: Sequence[verified.Shown],
        image_tokens: int,  # the most that one picture takes
    ):
        self._args, self._client, self._question, self._pictures = args, client, question, pictures
        self._image_tokens = image_tokens
        self._check = None
        if reader is not None:
            from glm4v_ros.policy.print_check import PrintCheck

            self._check = PrintCheck(reader, question.text, [shown.frame for shown in pictures])
        self.on_delta: Callable[[Delta], None] | None = None
        #: Of the answer, once it is finished; None with --verify off.
        self.verification: Verification | None = None

    def start(self) -> Future[Answer]:
        """Hands the question to the engine; with --zoom and --hints waits for the reader first. Raises what is refused at once."""
        from glm4v_ros.policy.question_check import check

        frames, question = [shown.frame for shown in self._pictures], self._question
        check(question, frames)
        if self._check is not None and self._client.status.gpu_offload:
            self._check.begin()
        if self._args.zoom == "auto":
            frames = list(self._check.zoomed(self._image_tokens))
        if self._args.hints == "lines":
            question = replace(question, text=self._check.hinted(self._language))
            check(question, frames)
        self._unhinted = None
        if self._args.verify != "off" and self._check.hint_lines:
            self._unhinted = self._client.ask(replace(self._question, request_id=f"{question.request_id}-unhinted"), frames)
        self._future = self._client.ask(question, frames, self._listen)
        return self._future

    def finish(self) -> Answer:
        """Waits for the answer and for the second reader."""
        from glm4v_ros.policy.abstention import judged

        try:
            answer = judged(self._future.result())
            unhinted = self._unhinted.result().text if self._unhinted else None
        except VqaError:
            if self._check is not None:
                self._check.cancel()
            raise
        if self._args.verify == "off":
            return answer
        self.verification = self._check.verification(answer.text, unhinted=unhinted)
        if self._args.verify == "required":
            from glm4v_ros.policy.print_check import required

            return required(answer, self.verification, self._language)
        return answer

    @property
    def zoom(self) -> Zoom | None:
        """Where the model looked; None: at the whole."""
        return self._check.zoom if self._check else None

    def fields(self) -> dict:
        """For JSON; none with --verify, --zoom and --hints off."""
        return {
            **(verified.fields(self.verification, self._pictures) if self.verification else {}),
            **(verified.zoom_fields(self._check, self._pictures) if self._args.zoom == "auto" else {}),
            **({"hint_lines": self._check.hint_lines} if self._args.hints == "lines" else {}),
        }

    @property
    def _language(self) -> str:
        """Of the words around an answer."""
        from glm4v_ros.speech.language import base_language, language_of

        return base_language(self._args.language) or language_of(self._question.text)

    def _listen(self, delta: Delta) -> None:
        # With the first word, not before: on a CPU the reader would make that later.
        if self._args.verify != "off" and delta.text:
            self._check.begin()
        if self.on_delta is not None:
            self.on_delta(delta)

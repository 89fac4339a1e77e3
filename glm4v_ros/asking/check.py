"""What a second reader says of one answer, and when it reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from glm4v_ros.asking.sessions import Shown
from glm4v_ros.asking.ticket import Ticket
from glm4v_ros.engine.answer import Delta, Stage
from glm4v_ros.policy.print_check import PrintCheck
from glm4v_ros.policy.verification import Evidence, Verification, needs_check

if TYPE_CHECKING:
    from glm4v_ros.asking.activation import Activation

Hear = Callable[[Delta], None]
OFF = Verification(reason="nobody asked for a check")
UNFINISHED = Verification(reason="the answer was not finished")
_NO_PICTURE = Verification(reason="there is no picture to look at")


@dataclass(frozen=True)
class Checked:
    """Of an answer; its regions are in pixels of the pictures as they are stored, its images count those of the reply."""

    verification: Verification = OFF
    delay: float = 0.0  # seconds that the answer waited for the second reader


class Check:
    """Has what is shown read in time, to compare an answer with it.

    On a GPU the reader begins at once; on a CPU with the answer's first word, which it would make later.
    """

    def __init__(self, question: str, shown: Shown, ticket: Ticket, activation: Activation):
        self._question, self._shown, self._ticket = question, shown, ticket
        self._patience = activation.settings["verify_timeout"]
        self._print = PrintCheck(activation.reader, question, shown.frames)
        ticket.on_cancel(self._print.cancel)
        if activation.engine.status.gpu_offload:
            self._print.begin()

    def listening(self, hear: Hear) -> Hear:
        """``hear``, with an ear for the first word."""

        def listen(delta: Delta) -> None:
            if delta.text and not self._ticket.canceled:
                self._print.begin()
            hear(delta)

        return listen

    def cancel(self) -> None:
        """There is no answer to check."""
        self._print.cancel()

    def result(self, answer: str, time_left: float, hear: Hear) -> Checked:
        """Waits for the reader where the answer quotes print, but not for ever."""
        if not self._shown.frames:
            return Checked(_NO_PICTURE)
        waits = needs_check(self._question, answer)
        if waits:
            hear(Delta(self._ticket.request_id, Stage.CHECKING))
        found = self._print.verification(answer, max(0.0, min(time_left, self._patience)))
        delay = self._print.seconds if waits else 0.0
        return Checked(replace(found, evidence=tuple(map(self._stored, found.evidence))), delay)

    def _stored(self, evidence: Evidence) -> Evidence:
        return replace(evidence, region=self._shown.placement(evidence.image).stored(evidence.region))


def without_words(hear: Hear) -> Hear:
    """Tells each stage once, and no word: for an answer of which nothing may be heard before it is complete."""
    reached = -1

    def listen(delta: Delta) -> None:
        nonlocal reached
        if delta.stage > reached:
            reached = delta.stage
            hear(replace(delta, text="", logprobs=()))

    return listen

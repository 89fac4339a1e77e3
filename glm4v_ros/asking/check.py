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
from glm4v_ros.vision.frame import Frame
from glm4v_ros.vision.region import Region

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
    zoom: tuple[tuple[int, Region], ...] = ()  # of which picture which part was shown to the model, larger
    hint_lines: int = 0  # that the model was given


class Check:
    """Has what is shown read in time: to compare an answer with it, to look closer where print is small, to tell the model.

    On a GPU, and beside an engine elsewhere, the reader begins at once; on a CPU with the answer's first word, which it would
    make later.
    """

    def __init__(self, question: str, shown: Shown, ticket: Ticket, activation: Activation):
        self._question, self._shown, self._ticket = question, shown, ticket
        self._patience = activation.settings["verify_timeout"]
        self._print = PrintCheck(activation.reader, question, shown.frames)
        ticket.on_cancel(self._print.cancel)
        self._early = activation.engine.status.gpu_offload or activation.is_remote

    def zoomed(self, image_tokens: int, time_left: float) -> tuple[Frame, ...]:
        """What to show to the model in place of the frames; waits for the reader where that may be less than all."""
        return self._print.zoomed(image_tokens, self._at_most(time_left))

    def hinted(self, language: str, time_left: float) -> str:
        """The question with the lines that were read; goes after ``zoomed``, and waits likewise."""
        return self._print.hinted(language, self._at_most(time_left))

    @property
    def gave_hints(self) -> bool:
        return self._print.hint_lines > 0

    def needs(self, answer: str) -> bool:
        """Whether the answer quotes print that was asked for."""
        return bool(self._shown.frames) and needs_check(self._question, answer)

    def listening(self, hear: Hear) -> Hear:
        """``hear``, with an ear for the first word; the reader is wanted from now on."""
        if self._early:
            self._print.begin()

        def listen(delta: Delta) -> None:
            if delta.text and not self._ticket.canceled:
                self._print.begin()
            hear(delta)

        return listen

    def cancel(self) -> None:
        """There is no answer to check."""
        self._print.cancel()

    @property
    def looked(self) -> Checked:
        """What was looked at, of an answer that is not compared with it."""
        zoom = self._print.zoom
        where = ((zoom.image, self._shown.placement(zoom.image).stored(zoom.region)),) if zoom else ()
        return Checked(zoom=where, delay=self._print.zoom_seconds, hint_lines=self._print.hint_lines)

    def result(self, answer: str, time_left: float, hear: Hear, unhinted: str | None = None) -> Checked:
        """Waits for the reader where the answer quotes print, but not for ever.

        ``unhinted`` is the answer that the model gives without hints.
        """
        if not self._shown.frames:
            return Checked(_NO_PICTURE)
        waits, looked = self.needs(answer), self.looked
        if waits:
            hear(Delta(self._ticket.request_id, Stage.CHECKING))
        found = self._print.verification(answer, self._at_most(time_left), unhinted)
        found = replace(found, evidence=tuple(map(self._stored, found.evidence)))
        return replace(looked, verification=found, delay=looked.delay + (self._print.seconds if waits else 0.0))

    def _at_most(self, time_left: float) -> float:
        return max(0.0, min(time_left, self._patience))

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

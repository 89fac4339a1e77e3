"""Has an answer spoken, if its question asks for it."""

from __future__ import annotations

from glm4v_ros.asking.ports import Listener
from glm4v_ros.asking.reply import Reply
from glm4v_ros.asking.request import Request
from glm4v_ros.asking.ticket import Ticket
from glm4v_ros.engine.answer import Delta
from glm4v_ros.nodes.voice import Speech, Voice


class Spoken(Listener):
    """Gives the answer to the voice, sentence by sentence."""

    def __init__(self, voice: Voice, ticket: Ticket):
        self._voice = voice
        self._ticket = ticket
        self._speech: Speech | None = None

    def begin(self, request: Request) -> None:
        if request.speak:
            self._speech = self._voice.claim(
                self._ticket.request_id, request.question.priority, request.spoken_whole, self._ticket.cancel
            )

    def hear(self, delta: Delta) -> None:
        if self._speech:
            self._speech(delta)

    def end(self, reply: Reply) -> None:
        if self._speech:
            self._speech.close(reply.says, reply.error)

"""What the client is to hear, until it is sent."""

from __future__ import annotations

import time
from collections.abc import Callable

from glm4v_ros.engine.answer import Delta, Stage
from glm4v_ros.engine.answer_text import AnswerText
from glm4v_ros.engine.request import Request
from glm4v_ros.llama.language_model import LanguageModel

_TEXT_EVERY = 0.02  # seconds: a message wakes the client, which takes a core from a CPU that decodes


class Outbox:
    """Messages in order, and answers that have tokens whose text is still to be made: both can wait until a GPU is busy with the
    next tokens."""

    def __init__(self, model: LanguageModel, send: Callable[[list], None]):
        """``send`` takes messages for the client, in order."""
        self._model = model
        self._send = send
        self._messages: list[object] = []
        self._written: dict[str, Request] = {}
        #: Somebody's first token is among them and should not wait.
        self.urgent = False
        self._flushed_at = 0.0
        self._more_than_text = False

    @property
    def has_news(self) -> bool:
        """There is more in it than text of running answers."""
        return self._more_than_text

    @property
    def due(self) -> bool:
        """There is more in it than a few milliseconds' text."""
        return self._more_than_text or time.monotonic() - self._flushed_at >= _TEXT_EVERY

    def put(self, message: object) -> None:
        self._messages.append(message)
        self._more_than_text = True

    def wrote(self, request: Request) -> None:
        """Its answer went on."""
        self.urgent |= request.stage < Stage.ANSWERING
        self._written[request.id] = request

    def enter(self, request: Request, stage: Stage) -> None:
        """Tells that the request is in this stage, once."""
        if stage > request.stage:
            request.stage = stage
            self.put(Delta(request.id, stage))

    def show(self) -> None:
        """Turns chosen tokens into text."""
        for request in self._written.values():
            self._put_text(request, request.answer.show(map(self._visible_piece, [*request.answer.fresh])))
        self._written.clear()
        self.urgent = False

    def finish(self, request: Request) -> None:
        """Shows the rest of a text behind which no token comes."""
        self.show()
        self._put_text(request, request.answer.finish())

    def flush(self) -> None:
        self.show()
        if self._messages:
            self._send(self._messages)
            self._messages = []
        self._more_than_text = False
        self._flushed_at = time.monotonic()

    def _put_text(self, request: Request, text: str) -> None:
        if text:
            request.stage = Stage.ANSWERING
            self._messages.append(Delta(request.id, Stage.ANSWERING, text, request.answer.take_logprobs()))
        else:
            self.enter(request, Stage.ANSWERING)

    def _visible_piece(self, token: int) -> bytes:
        piece = self._model.piece(token)
        return b"" if self._model.is_control(token) and not AnswerText.is_tag(piece) else piece

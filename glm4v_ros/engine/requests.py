"""All requests in the worker, and how they end."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

from glm4v_ros.engine.answer import FinishReason
from glm4v_ros.engine.frame_store import FrameStore
from glm4v_ros.engine.kv_cache import KVCache
from glm4v_ros.engine.messages import Done, Failed
from glm4v_ros.engine.outbox import Outbox
from glm4v_ros.engine.request import Phase, Request
from glm4v_ros.engine.session import Sessions
from glm4v_ros.engine.violation import violation
from glm4v_ros.engine.waiting import Waiting
from glm4v_ros.errors import Canceled, DeadlineExceeded, EngineFailed, Unsupported, VqaError

_log = logging.getLogger(__name__)


class Requests:
    """Those that wait and those that run. One that ends is taken out of everything it is in."""

    def __init__(self, kv: KVCache, frames: FrameStore, sessions: Sessions, outbox: Outbox):
        self._kv = kv
        self._frames = frames
        self._sessions = sessions
        self._outbox = outbox
        self.waiting = Waiting()
        self.running: list[Request] = []

    def __iter__(self) -> Iterator[Request]:
        return iter([*self.running, *self.waiting])

    @property
    def next_deadline(self) -> float:
        return min((request.deadline for request in self), default=float("inf"))

    def add(self, request: Request) -> None:
        self.waiting.add(request)
        self._sessions.join(request)

    def run(self, request: Request) -> None:
        """It was admitted."""
        self.waiting.admit(request)
        self.running.append(request)
        request.phase = Phase.READING
        if request.session is not None:
            request.session.busy, request.epoch = True, request.session.epoch

    @contextlib.contextmanager
    def blame(self, request: Request) -> Iterator[None]:
        """An error is the request's own, and ends it alone."""
        try:
            yield
        except VqaError as error:
            self.fail(request, error)
        except Exception as error:
            _log.exception("a question failed")
            self.fail(request, EngineFailed(f"the question could not be worked on: {type(error).__name__}: {error}"))

    def cancel(self, request_id: str) -> None:
        for request in self:
            if request.id == request_id:
                self._stop(request, Canceled, "the question was cancelled", FinishReason.CANCELED)

    def expire(self, now: float) -> None:
        """Those whose deadline has passed."""
        for request in self:
            if now >= request.deadline:
                stage, seconds = request.stage.name.lower(), request.question.timeout
                text = f"no answer within {seconds:g} s (stage: {stage}); allow more time"
                self._stop(request, DeadlineExceeded, text, FinishReason.TIMEOUT)

    def finish(self, request: Request) -> None:
        """With its whole answer."""
        with self.blame(request):
            self._outbox.finish(request)
            answer, schema = request.result(request.answer.finished), request.question.json_schema
            if schema and answer.finish_reason == FinishReason.STOP and (wrong := violation(answer.text, schema)):
                raise Unsupported(
                    f"json_schema asks for what cannot be held to while answering: {wrong}. Ask for it in another way, or check "
                    f"it yourself"
                )
            self._sessions.remember(request, answer.text)
            self._leave(request)
            self._outbox.put(Done(answer))

    def fail(self, request: Request, error: VqaError) -> None:
        if request.phase is not Phase.ENDED:
            self._leave(request)
            self._outbox.put(Failed(request.id, error))

    def _stop(self, request: Request, kind: type[VqaError], text: str, reason: FinishReason) -> None:
        """With what was written so far."""
        self._outbox.show()
        self.fail(request, kind(text, answer=request.result(reason)))

    def _leave(self, request: Request) -> None:
        self._outbox.show()
        self.waiting.remove(request)
        if request in self.running:
            self.running.remove(request)
        self._frames.drop(request)
        if request.answer is not None:
            request.answer.free()
        if request.sequence is not None:
            self._kv.release(request.sequence)
        self._sessions.leave(request)
        request.phase = Phase.ENDED

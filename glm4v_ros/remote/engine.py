"""An engine elsewhere, and the one here that may take over."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace

from glm4v_ros.engine.answer import Answer, Delta, Stage
from glm4v_ros.engine.client import EngineClient
from glm4v_ros.engine.guard import check
from glm4v_ros.engine.question import Question
from glm4v_ros.engine.status import EngineStatus
from glm4v_ros.errors import (
    BadRequest,
    Busy,
    Canceled,
    DeadlineExceeded,
    EngineFailed,
    ServerFailed,
    Unsupported,
    VqaError,
)
from glm4v_ros.remote.breaker import Breaker
from glm4v_ros.remote.config import RemoteConfig
from glm4v_ros.remote.conversations import Conversations
from glm4v_ros.vision.frame import Frame

_log = logging.getLogger(__name__)


class RemoteEngine:
    """EngineClient's methods, over a server. Every method may be called from any thread.

    ``local``, if there is one, answers what may not leave this machine, and takes over before a first word has come, when
    the server fails or is busy. Answers say in ``model`` who spoke. ``local`` is started and closed with this engine.
    """

    def __init__(self, config: RemoteConfig, local: EngineClient | None = None):
        self.config = config
        self.local = local
        self.breaker = Breaker()
        self.sent = 0  # questions that went to the server
        self.taken_over = 0  # questions of those that the local model answered
        self._client = EngineClient(config)
        self._conversations = Conversations(config.session_idle_s)
        self._lock = threading.Lock()
        self._asked: dict[str, _Asked] = {}

    def start(self, on_progress: Callable[[float], None] | None = None) -> None:
        """As EngineClient's. The server need not be there yet."""
        self._client.start()
        if self.local is not None:
            self.local.start(on_progress)

    def ask(
        self, question: Question, frames: Sequence[Frame], on_delta: Callable[[Delta], None] | None = None
    ) -> Future:
        """As EngineClient's. Raises Unsupported where pictures that may not leave this machine have nobody here to see them,
        and ServerFailed while the breaker is open and there is no local model."""
        check(question, frames)
        brought, together = self._conversations.bring(question, frames)
        if brought.local_only and self.local is None:
            raise Unsupported(
                f"a picture of this question may not leave the robot (local_only), but {self.config.name} would answer: "
                "ask another camera, or set remote_fallback to local"
            )
        asked = _Asked(question, brought, together, time.monotonic(), Future(), on_delta)
        asked.future.set_running_or_notify_cancel()
        with self._lock:
            if question.request_id in self._asked:
                raise BadRequest(f"request_id {question.request_id!r} is already being answered")
            self._asked[question.request_id] = asked
        try:
            self._begin(asked)
        except BaseException:
            self._forget(asked)
            raise
        return asked.future

    def cancel(self, request_id: str) -> None:
        """As EngineClient's."""
        with self._lock:
            asked = self._asked.get(request_id)
        if asked is not None:
            asked.canceled = True
            self._client.cancel(request_id)
            if self.local is not None:
                self.local.cancel(request_id)

    def reset_session(self, session_id: str) -> None:
        """Forgets a conversation; all of them for an empty id. Raises BadRequest."""
        if not isinstance(session_id, str):
            raise BadRequest("session_id is a string")
        self._conversations.forget(session_id)

    def is_encoded(self, frame_key: str) -> bool:
        """False: nobody here knows."""
        return False

    def warm(self, frame: Frame, *, system_prompt: str = "", max_image_tokens: int = 0) -> None:
        """Nothing: a picture leaves this machine with a question alone."""

    @property
    def retry_after(self) -> float:
        """Seconds."""
        return max(self._client.retry_after, self.breaker.rest_left)

    def limit_memory(self, mib: int) -> None:
        """Of the local engine."""
        if self.local is not None:
            self.local.limit_memory(mib)

    @property
    def status(self) -> EngineStatus:
        """Of the local engine where there is one, for it has the model; else of the process that talks to the server."""
        return self._client.status if self.local is None else self.local.status

    @property
    def connection(self) -> EngineStatus:
        """Of the process that talks to the server."""
        return self._client.status

    def close(self) -> None:
        self._client.close()
        if self.local is not None:
            self.local.close()

    def __enter__(self) -> RemoteEngine:
        return self

    def __exit__(self, *_exception) -> None:
        self.close()

    # ---- the way of a question

    def _begin(self, asked: _Asked) -> None:
        if asked.brought.local_only:
            self._ask_local(asked)
        elif self.breaker.admit():
            self._ask_remote(asked)
        elif self.local is not None:
            self.taken_over += 1
            self._ask_local(asked)
        else:
            raise ServerFailed(
                f"{self.config.name} failed {self.breaker.failures} times in a row and is left alone for another "
                f"{self.breaker.rest_left:.0f} s: {self.breaker.last_error}"
            )

    def _ask_remote(self, asked: _Asked) -> None:
        try:
            future = self._client.ask(asked.brought, asked.frames, asked.hear)
        except VqaError:
            self.breaker.unclear()
            raise
        self.sent += 1
        future.add_done_callback(lambda done: self._after_remote(asked, done))

    def _ask_local(self, asked: _Asked) -> None:
        future = self.local.ask(replace(asked.brought, timeout=asked.time_left), asked.frames, asked.hear)
        future.add_done_callback(lambda done: self._after_local(asked, done))
        if asked.canceled:  # before the local engine knew of it
            self.local.cancel(asked.question.request_id)

    def _after_remote(self, asked: _Asked, done: Future) -> None:
        error = done.exception()
        self._judge(error)
        if error is None:
            self._end(asked, replace(done.result(), model=self.config.name))
        elif self._may_take_over(asked, error):
            _log.warning("%s; the local model takes over", error)
            self.taken_over += 1
            try:
                self._ask_local(asked)
            except Exception as refused:
                self._end(asked, refused if isinstance(refused, VqaError) else EngineFailed(f"the local model failed: {refused}"))
        else:
            self._end(asked, error)

    def _after_local(self, asked: _Asked, done: Future) -> None:
        error = done.exception()
        self._end(asked, error if error else replace(done.result(), model=self.local.status.model))

    def _may_take_over(self, asked: _Asked, error: BaseException) -> bool:
        fails = isinstance(error, (EngineFailed, Busy))
        return fails and self.local is not None and not (asked.heard or asked.canceled) and asked.time_left >= 0

    def _judge(self, error: BaseException | None) -> None:
        """What the end of a question says of the server."""
        if isinstance(error, (EngineFailed, DeadlineExceeded)):
            # A deadline that passed amid an answer was too short; one before the first word may be a server that hangs.
            if isinstance(error, DeadlineExceeded) and error.answer is not None and error.answer.text:
                self.breaker.succeeded()
            else:
                self.breaker.failed(str(error))
        elif isinstance(error, Canceled):
            self.breaker.unclear()
        else:
            self.breaker.succeeded()

    def _end(self, asked: _Asked, result: Answer | BaseException) -> None:
        self._forget(asked)
        if isinstance(result, Answer):
            self._conversations.keep(asked.question, asked.brought, asked.frames, result)
            asked.future.set_result(result)
        else:
            asked.future.set_exception(result)

    def _forget(self, asked: _Asked) -> None:
        with self._lock:
            self._asked.pop(asked.question.request_id, None)


@dataclass(eq=False)
class _Asked:
    """A question on its way."""

    question: Question
    brought: Question  # with its past in place of its session
    frames: tuple[Frame, ...]
    taken_at: float  # time.monotonic()
    future: Future
    on_delta: Callable[[Delta], None] | None
    stage: Stage = Stage.QUEUED
    heard: bool = False  # a word of the answer went out
    canceled: bool = False

    @property
    def time_left(self) -> float:
        """Seconds; 0: any, negative: none."""
        if not self.question.timeout:
            return 0.0
        return self.taken_at + self.question.timeout - time.monotonic() or -1.0

    def hear(self, delta: Delta) -> None:
        self.heard |= bool(delta.text)
        if self.on_delta is not None and (delta.text or delta.stage >= self.stage):  # a local model begins anew
            self.stage = delta.stage
            self.on_delta(delta)

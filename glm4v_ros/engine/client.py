"""The engine as seen from outside its process."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace

from glm4v_ros.engine.answer import Delta, FinishReason, Stage
from glm4v_ros.engine.config import WorkerConfig
from glm4v_ros.engine.guard import check
from glm4v_ros.engine.messages import Cancel, ResetSession, Warm
from glm4v_ros.engine.pending import Pending
from glm4v_ros.engine.question import Question
from glm4v_ros.engine.status import EngineStatus
from glm4v_ros.engine.supervisor import Supervisor
from glm4v_ros.errors import BadRequest, Busy, EngineFailed
from glm4v_ros.vision.frame import Frame
from glm4v_ros.vision.shared_frame import FrameHeader

_log = logging.getLogger(__name__)


class EngineClient:
    """Asks a worker process questions, and keeps one running. Every method may be called from any thread.

    ``on_status`` is called from the client's own thread whenever the worker says something new about itself. What a question may
    ask is policy.question_check's to say: here it is only seen to that it can be worked on.
    """

    def __init__(self, config: WorkerConfig, *, on_status: Callable[[EngineStatus], None] | None = None):
        self._config = config
        self._on_status = on_status
        self._lock = threading.Lock()
        self._supervisor: Supervisor | None = None
        self._closed = False
        self._memory_limit_mib = config.memory_limit_mib

    def start(self, on_progress: Callable[[float], None] | None = None) -> None:
        """Loads the model; ``on_progress`` gets 0 to 1. Blocks until questions are answered.

        Raises a VqaError that says why the model cannot be run. Starting again after that, or after the engine gave up,
        is allowed; starting a running engine does nothing.
        """
        with self._lock:
            if self._closed:
                raise EngineFailed("the engine was closed")
            supervisor = self._supervisor
            if supervisor is None or supervisor.stopped:
                supervisor = self._supervisor = Supervisor(
                    self._config, self.status, on_progress, self._tell_status, self._memory_limit_mib
                )
        supervisor.started.result()

    def ask(self, question: Question, frames: Sequence[Frame], on_delta: Callable[[Delta], None] | None = None) -> Future:
        """A future that ends with an Answer or a VqaError; Canceled and DeadlineExceeded carry what was written.

        Raises BadRequest, Busy (with ``retry_after``) and EngineFailed at once. Never waits for inference. No frames
        means the session's own picture; a frame's pixels must not change while it lives. ``on_delta`` is called from the
        client's thread, before the future is completed.
        """
        check(question, frames)
        pending = Pending(question, tuple(frames), time.monotonic(), Future(), on_delta)
        pending.future.set_running_or_notify_cancel()  # it is cancelled by its request_id alone
        for frame in frames:
            frame.key  # noqa: B018  computed here, where nobody waits for the lock
        supervisor = self._supervisor
        if supervisor is None:
            raise EngineFailed("the engine was not started")
        with supervisor.lock:
            if supervisor.stopped:
                raise EngineFailed(supervisor.status.failed or "the engine was closed")
            if pending.id in supervisor.pending:
                raise BadRequest(f"request_id {pending.id!r} is already being answered")
            if (count := len(supervisor.pending)) >= self._config.max_parallel + self._config.max_queue:
                raise Busy(f"{count} questions are being answered or wait; ask again later", retry_after=self.retry_after)
            supervisor.pending[pending.id] = pending
            supervisor.submit(pending)
        return pending.future

    def cancel(self, request_id: str) -> None:
        """Ends a question with Canceled, soon; unknown ids and ended questions are ignored."""
        supervisor = self._supervisor
        if supervisor is None:
            return
        with supervisor.lock:
            pending = supervisor.pending.get(request_id)
            if pending is None:
                return
            if supervisor.send(Cancel(request_id)):
                pending.canceled = True
                return
            del supervisor.pending[request_id]
        pending.stop(FinishReason.CANCELED)  # no worker has it

    def reset_session(self, session_id: str) -> None:
        """Forgets a conversation; all of them for an empty id. Raises BadRequest."""
        if not isinstance(session_id, str):
            raise BadRequest("session_id is a string")
        if self._supervisor is not None:
            self._supervisor.send(ResetSession(session_id))

    def is_encoded(self, frame_key: str) -> bool:
        """Whether a question about this frame pays only for its own words."""
        return self._supervisor is not None and frame_key in self._supervisor.encoded

    def warm(self, frame: Frame, *, system_prompt: str = "", max_image_tokens: int = 0) -> None:
        """Has this frame encoded when nothing else is to be done; it replaces one that was not begun. Raises BadRequest."""
        check(Question("warm", "warm", system_prompt=system_prompt, max_image_tokens=max_image_tokens), [frame])
        supervisor = self._supervisor
        if supervisor is not None and not supervisor.pending and not self.is_encoded(frame.key):
            header = FrameHeader(frame.key, frame.width, frame.height)
            supervisor.send(Warm(header, system_prompt, max_image_tokens), frame)

    @property
    def retry_after(self) -> float:
        """Seconds until what is under way now will have been answered, at the pace of late."""
        supervisor = self._supervisor
        if supervisor is None:
            return 1.0
        with supervisor.lock:
            return supervisor.load_left + max(1, len(supervisor.pending)) * supervisor.service_time.seconds

    def limit_memory(self, mib: int) -> None:
        """From now on the worker is replaced when it uses more than ``mib`` MiB; 0: whatever it uses."""
        self._memory_limit_mib = mib
        if self._supervisor is not None:
            self._supervisor.watchdog.memory_limit_mib = mib

    @property
    def status(self) -> EngineStatus:
        supervisor = self._supervisor
        if supervisor is None:
            return EngineStatus(model=self._config.model.name)
        with supervisor.lock:
            beat_at = supervisor.watchdog.beat_at
            age = time.monotonic() - beat_at if beat_at else 0.0
            queued = sum(pending.stage == Stage.QUEUED for pending in supervisor.pending.values())
            running = len(supervisor.pending) - queued
            return replace(supervisor.status, heartbeat_age=age, queue_length=queued, running=running)

    def close(self) -> None:
        """Ends the worker. Questions without an answer end with EngineFailed. Closing twice does nothing."""
        with self._lock:
            self._closed = True
            supervisor = self._supervisor
        if supervisor is not None:
            supervisor.close()

    def __enter__(self) -> EngineClient:
        return self

    def __exit__(self, *_exception) -> None:
        self.close()

    def _tell_status(self) -> None:
        if self._on_status is not None:
            try:
                self._on_status(self.status)
            except Exception:
                _log.exception("on_status raised")

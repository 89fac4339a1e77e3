"""Asks a worker process questions, and keeps one running."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace

from glm4v_ros.engine.answer import Answer, Delta, FinishReason, Stage
from glm4v_ros.engine.config import EngineConfig
from glm4v_ros.engine.messages import (
    Ask,
    Beat,
    Cancel,
    Done,
    Encoded,
    Evicted,
    Failed,
    Loading,
    Ready,
    ResetSession,
    Warm,
)
from glm4v_ros.engine.question import Question
from glm4v_ros.engine.service_time import ServiceTime
from glm4v_ros.engine.shared_frame import FrameHeader
from glm4v_ros.engine.status import EngineStatus
from glm4v_ros.engine.worker_process import WorkerProcess
from glm4v_ros.errors import BadRequest, Busy, Canceled, DeadlineExceeded, EngineFailed, OutOfMemory, VqaError
from glm4v_ros.policy import question_check
from glm4v_ros.vision.frame import Frame

_log = logging.getLogger(__name__)

_LOOK_EVERY = 0.25  # seconds between looks at the watchdog
_BACK_OFF = (0.0, 0.5, 1.0, 2.0, 5.0)  # seconds before each further try to get a worker that answers
_STABLE = 60.0  # seconds with the model in memory after which a worker counts as one that works
_MOST_LOST = 3  # workers that may be lost with a question in their queue until the question is suspected to be the reason
_MOST_FAILED = 3  # questions in a row that a worker may fail to answer
_GRACE = 1.0  # seconds that a worker may be late with a deadline before the client ends the question itself


@dataclass(eq=False)
class _Pending:
    """A question without an answer yet. Its frames are kept for a worker that has to be told again."""

    question: Question
    frames: tuple[Frame, ...]
    taken_at: float
    future: Future
    on_delta: Callable[[Delta], None] | None
    stage: Stage = Stage.QUEUED
    crashes: int = 0  # of workers that were at work on it
    losses: int = 0  # of workers that had it
    canceled: bool = False

    @property
    def deadline(self) -> float:
        return self.taken_at + self.question.timeout if self.question.timeout > 0 else float("inf")


class EngineClient:
    """The engine as seen from outside its process. Every method may be called from any thread.

    ``on_status`` is called from the client's own thread whenever the worker says something new about itself.
    """

    def __init__(self, config: EngineConfig, *, on_status: Callable[[EngineStatus], None] | None = None):
        self._config = config
        self._on_status = on_status
        self._lock = threading.RLock()
        self._worker: WorkerProcess | None = None
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._started: Future = Future()
        self._on_progress: Callable[[float], None] | None = None
        self._pending: dict[str, _Pending] = {}
        self._encoded: set[str] = set()
        self._status = EngineStatus(model=config.model.name)
        self._beat_at = self._progress_at = 0.0
        self._progress: object = None
        self._service_time = ServiceTime()
        self._load_seconds = 1.0  # that the last worker took until it was ready
        self._memory_limit_mib = config.memory_limit_mib
        self._ready = False
        self._ready_at = float("inf")  # when the worker of now had the model in memory
        self._failed = 0  # questions in a row that it did not answer for a reason of its own
        self._answered = False  # it has answered a question

    # What callers use.

    def start(self, on_progress: Callable[[float], None] | None = None) -> None:
        """Loads the model; ``on_progress`` gets 0 to 1. Blocks until questions are answered.

        Raises a VqaError that says why the model cannot be run. Starting again after that, or after the engine gave up,
        is allowed; starting a running engine does nothing.
        """
        with self._lock:
            if self._closing.is_set():
                raise EngineFailed("the engine was closed")
            if self._thread is None:
                self._on_progress = on_progress
                self._started = Future()
                self._status = replace(self._status, failed="")
                self._thread = threading.Thread(target=self._run, name="glm4v-engine", daemon=True)
                self._thread.start()
            started = self._started
        started.result()

    def ask(
        self, question: Question, frames: Sequence[Frame], on_delta: Callable[[Delta], None] | None = None
    ) -> Future:
        """A future that ends with an Answer or a VqaError; Canceled and DeadlineExceeded carry what was written.

        Raises BadRequest, BadImage, Busy (with ``retry_after``) and EngineFailed at once. Never waits for inference. No frames
        means the session's own picture; a frame's pixels must not change while it lives. ``on_delta`` is called from the
        client's thread, before the future is completed.
        """
        question_check.check(question, frames)
        pending = _Pending(question, tuple(frames), time.monotonic(), Future(), on_delta)
        pending.future.set_running_or_notify_cancel()  # it is cancelled by its request_id alone
        for frame in frames:
            frame.key  # noqa: B018  computed here, where nobody waits for the lock
        with self._lock:
            if self._thread is None:
                raise EngineFailed(self._status.failed or "the engine was not started, or was closed")
            if question.request_id in self._pending:
                raise BadRequest(f"request_id {question.request_id!r} is already being answered")
            if len(self._pending) >= self._config.max_parallel + self._config.max_queue:
                raise Busy(
                    f"{len(self._pending)} questions are being answered or wait; ask again later",
                    retry_after=self.retry_after,
                )
            self._service_time.began(len(self._pending))
            self._pending[question.request_id] = pending
            if self._ready:
                self._send(pending)
        return pending.future

    def cancel(self, request_id: str) -> None:
        """Ends a question with Canceled, soon; unknown ids and ended questions are ignored."""
        with self._lock:
            if request_id in self._pending and self._ready:
                self._pending[request_id].canceled = True
                self._worker.send(Cancel(request_id))
                return
            pending = self._pending.pop(request_id, None)
        if pending is not None:  # no worker has it
            self._complete(pending, _stopped(pending, FinishReason.CANCELED))

    def reset_session(self, session_id: str) -> None:
        """Forgets a conversation; all of them for an empty id. Raises BadRequest."""
        question_check.check_session_id(session_id)
        with self._lock:
            if self._ready:
                self._worker.send(ResetSession(session_id))

    def is_encoded(self, frame_key: str) -> bool:
        """Whether a question about this frame pays only for its own words."""
        return frame_key in self._encoded

    def warm(self, frame: Frame, *, system_prompt: str = "", max_image_tokens: int = 0) -> None:
        """Has this frame encoded when nothing else is to be done; it replaces one that was not begun. Raises BadRequest
        and BadImage."""
        question_check.check_warm(frame, system_prompt, max_image_tokens)
        with self._lock:
            if self._ready and not self._pending and not self.is_encoded(frame.key):
                self._worker.send(Warm(_header(frame), system_prompt, max_image_tokens), [frame])

    @property
    def retry_after(self) -> float:
        """Seconds until what is under way now will have been answered, at the pace of late."""
        with self._lock:
            load = 0.0 if self._ready or self._worker is None else self._load_seconds - self._worker.age
            return max(0.0, load) + max(1, len(self._pending)) * self._service_time.seconds

    def limit_memory(self, mib: int) -> None:
        """From now on the worker is replaced when it uses more than ``mib`` MiB; 0: whatever it uses."""
        self._memory_limit_mib = mib

    @property
    def status(self) -> EngineStatus:
        with self._lock:
            age = time.monotonic() - self._beat_at if self._beat_at else 0.0
            queued = sum(pending.stage == Stage.QUEUED for pending in self._pending.values())
            return replace(self._status, heartbeat_age=age, queue_length=queued, running=len(self._pending) - queued)

    def close(self) -> None:
        """Ends the worker. Questions without an answer end with EngineFailed. Closing twice does nothing."""
        self._closing.set()
        with self._lock:
            thread = self._thread
            if self._worker is not None:
                self._worker.hang_up()
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def __enter__(self) -> EngineClient:
        return self

    def __exit__(self, *_exception) -> None:
        self.close()

    # The client's own thread: keeps a worker running.

    def _run(self) -> None:
        failures = 0
        error: VqaError = EngineFailed("the engine was closed")
        while not self._closing.is_set():
            self._answered, self._failed, self._ready_at = False, 0, float("inf")
            try:
                self._serve_one_worker()
            except VqaError as reason:
                error = reason
            except Exception as reason:  # such as no memory for another process
                _log.exception("the engine's worker could not be kept running")
                error = EngineFailed(f"the worker could not be kept running: {reason}")
            worked = self._answered or time.monotonic() - self._ready_at > _STABLE
            told = self._ready_off()
            if self._closing.is_set():
                break
            if not self._started.done():
                break  # the caller of start hears of it
            failures = 0 if worked else failures + 1
            self._after_crash(error, told)
            if failures > len(_BACK_OFF):
                error = type(error)(
                    f"{failures} workers in a row failed before they answered anything, and no other is "
                    f"started. The last one: {error}"
                )
                break
            _log.warning("%s", error)
            self._wait(_BACK_OFF[max(0, failures - 1)])
        self._stop(error)

    def _serve_one_worker(self) -> None:
        """Starts a worker and handles what it says until it ends; raises the reason as a VqaError."""
        worker = WorkerProcess(self._config)
        with self._lock:
            self._worker = worker
            now = time.monotonic()
            self._beat_at = self._progress_at = now
            self._status = replace(
                self._status, alive=True, loaded=False, worker_pid=worker.pid, stage="load", resident_mib=0.0
            )
        reason: VqaError | None = None
        try:
            while not self._closing.is_set():
                try:
                    self._handle(worker.receive(_LOOK_EVERY))
                except TimeoutError:
                    pass
                self._end_overdue()
                reason = self._check_watchdog()
                if reason is not None:
                    worker.kill()
                    raise reason
        except EOFError:
            pass
        finally:
            code = worker.close(patiently=reason is None)
        if not self._closing.is_set():
            if self._ready:
                raise EngineFailed(f"the worker process ended ({_exit_reason(code)}); ask again")
            raise EngineFailed(
                f"the worker process ended while it loaded the model ({_exit_reason(code)}); check the files with "
                "`glm4v models verify`"
            )

    def _handle(self, message: object) -> None:
        if isinstance(message, list):
            for one in message:
                self._handle(one)
        elif isinstance(message, Delta):
            self._on_delta(message)
        elif isinstance(message, Done):
            self._end(message.answer.request_id, message.answer)
            self._failed = 0
        elif isinstance(message, Failed):
            if not message.request_id:
                raise message.error
            self._end(message.request_id, message.error)
            self._failed = self._failed + 1 if isinstance(message.error, EngineFailed) else 0
            if self._failed >= _MOST_FAILED:  # such as a GPU that came into a state that it cannot leave
                raise EngineFailed(f"the worker failed {self._failed} times in a row and was ended: {message.error}")
        elif isinstance(message, Beat):
            self._on_beat(message)
        elif isinstance(message, Encoded):
            self._encoded.add(message.frame_key)
        elif isinstance(message, Evicted):
            self._encoded.discard(message.frame_key)
        elif isinstance(message, Loading):
            if self._on_progress is not None:
                self._on_progress(message.fraction)
        elif isinstance(message, Ready):
            self._on_ready(message)

    def _on_ready(self, message: Ready) -> None:
        if self._config.gpu_layers > 0 and not message.gpu_offload:
            _log.error(
                "gpu_layers is %d but the model runs on the CPU: llama-cpp-python was built without GPU support, or no "
                "GPU was found",
                self._config.gpu_layers,
            )
        with self._lock:
            self._ready, self._ready_at = True, time.monotonic()
            self._load_seconds = self._worker.age
            self._status = replace(
                self._status,
                loaded=True,
                device=message.device,
                gpu_offload=message.gpu_offload,
                context_tokens=message.context_tokens,
                stage="idle",
            )
            for pending in self._pending.values():
                self._send(pending)
        if not self._started.done():
            self._started.set_result(None)
        self._tell_status()

    def _on_beat(self, beat: Beat) -> None:
        now = time.monotonic()
        with self._lock:
            self._beat_at = now
            if beat.progress != self._progress or not beat.busy:
                self._progress, self._progress_at = beat.progress, now
            self._status = replace(
                self._status,
                stage=beat.stage,
                tokens_per_second=beat.tokens_per_second,
                used_tokens=beat.used_tokens,
                prefix_tokens=beat.prefix_tokens,
                embedding_mib=beat.embedding_bytes / 2**20,
                resident_mib=beat.resident_mib,
            )
        self._tell_status()

    def _check_watchdog(self) -> VqaError | None:
        now, limit = time.monotonic(), self._config.watchdog_timeout
        if limit > 0 and now - self._beat_at > limit:
            return EngineFailed(f"the worker gave no sign of life for {limit:g} s and was ended")
        if limit > 0 and self._beat_at - self._progress_at > limit:
            return EngineFailed(
                f"the worker made no progress for {limit:g} s (stage: {self._status.stage}) and was ended"
            )
        most = self._memory_limit_mib
        if most and self._status.resident_mib > most:
            return OutOfMemory(
                f"the worker used {self._status.resident_mib:.0f} MiB, more than memory_limit_mib ({most})"
            )
        return None

    def _end_overdue(self) -> None:
        """A deadline holds even when the worker does not answer, or is not there."""
        now = time.monotonic()
        with self._lock:
            grace = _GRACE if self._ready else 0.0
            overdue = [pending for pending in self._pending.values() if now > pending.deadline + grace]
            for pending in overdue:
                del self._pending[pending.question.request_id]
                if self._ready:
                    self._worker.send(Cancel(pending.question.request_id))
        for pending in overdue:
            self._complete(pending, _stopped(pending, FinishReason.TIMEOUT))

    def _after_crash(self, error: VqaError, told: bool) -> None:
        """What was queued waits for the next worker; what was running failed, unless it may be tried once more.

        ``told``: the worker had the questions. One that kills each worker before that can say that it is at work on it
        does not wait for ever.
        """
        lost, canceled = [], []
        with self._lock:
            self._status = replace(self._status, worker_restarts=self._status.worker_restarts + 1)
            for pending in list(self._pending.values()):
                pending.losses += told
                if pending.canceled:
                    canceled.append(pending)
                elif pending.stage > Stage.QUEUED:
                    pending.crashes += 1
                    if pending.crashes > 1 or not pending.question.retry_on_crash:
                        lost.append(pending)
                elif pending.losses > _MOST_LOST:
                    lost.append(pending)
                pending.stage = Stage.QUEUED
            for pending in (*lost, *canceled):
                del self._pending[pending.question.request_id]
        for pending in lost:
            self._complete(pending, type(error)(str(error)))
        for pending in canceled:
            self._complete(pending, _stopped(pending, FinishReason.CANCELED))
        self._tell_status()

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self._closing.wait(min(0.05, max(0.0, end - time.monotonic()))) and time.monotonic() < end:
            self._end_overdue()

    def _ready_off(self) -> bool:
        """Whether the worker was ready until now."""
        with self._lock:
            was, self._ready = self._ready, False
            self._worker = None
            self._encoded = set()
            self._status = replace(self._status, alive=False, loaded=False, worker_pid=0, stage="")
        return was

    def _stop(self, error: VqaError) -> None:
        """No further worker is started."""
        with self._lock:
            self._thread = None
            self._status = replace(self._status, failed="" if self._closing.is_set() else str(error))
            left, self._pending = list(self._pending.values()), {}
        for pending in left:
            self._complete(pending, type(error)(str(error)))
        if not self._started.done():
            self._started.set_exception(error)
        self._tell_status()

    # Questions.

    def _send(self, pending: _Pending) -> None:
        headers = tuple(map(_header, pending.frames))
        self._worker.send(Ask(pending.question, headers, pending.taken_at), pending.frames)

    def _on_delta(self, delta: Delta) -> None:
        with self._lock:
            pending = self._pending.get(delta.request_id)
            if pending is None:
                return
            pending.stage = delta.stage
        if pending.on_delta is not None:
            try:
                pending.on_delta(delta)
            except Exception:
                _log.exception("on_delta raised")

    def _end(self, request_id: str, result: Answer | VqaError) -> None:
        with self._lock:
            pending = self._pending.pop(request_id, None)
        if pending is not None:
            if isinstance(result, Answer):
                self._answered = True
                with self._lock:
                    self._service_time.ended()
            self._complete(pending, result)

    def _complete(self, pending: _Pending, result: Answer | VqaError) -> None:
        if isinstance(result, VqaError):
            pending.future.set_exception(result)
        else:
            pending.future.set_result(result)

    def _tell_status(self) -> None:
        if self._on_status is not None:
            try:
                self._on_status(self.status)
            except Exception:
                _log.exception("on_status raised")


def _header(frame: Frame) -> FrameHeader:
    return FrameHeader(frame.key, frame.width, frame.height)


def _stopped(pending: _Pending, reason: FinishReason) -> VqaError:
    """A question that ends without the worker's word on it."""
    answer = Answer(pending.question.request_id, "", reason, latency=time.monotonic() - pending.taken_at)
    if reason == FinishReason.CANCELED:
        return Canceled("the question was cancelled", answer=answer)
    return DeadlineExceeded(f"no answer within {pending.question.timeout:g} s; allow more time", answer=answer)


def _exit_reason(code: int) -> str:
    if code == -9:
        return "SIGKILL: the kernel may have run out of memory"
    if code == -signal.SIGBUS:
        return "SIGBUS: a model file was cut short, or its disk failed, while it was in use"
    return f"signal {-code}" if code < 0 else f"exit code {code}"

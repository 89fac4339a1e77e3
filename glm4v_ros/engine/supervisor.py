"""Keeps a worker process running and hands on what it says."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace

from glm4v_ros.engine.answer import Answer, Delta, FinishReason
from glm4v_ros.engine.config import WorkerConfig
from glm4v_ros.engine.messages import Ask, Beat, Cancel, Done, Encoded, Evicted, Failed, Loading, Ready
from glm4v_ros.engine.pending import Pending
from glm4v_ros.engine.service_time import ServiceTime
from glm4v_ros.engine.status import EngineStatus
from glm4v_ros.engine.watchdog import Watchdog
from glm4v_ros.engine.worker_process import WorkerProcess
from glm4v_ros.errors import EngineFailed, HostOutOfMemory, VqaError
from glm4v_ros.machine.module_process import exit_reason
from glm4v_ros.vision.frame import Frame
from glm4v_ros.vision.shared_frame import FrameHeader

_log = logging.getLogger(__name__)

_LOOK_EVERY = 0.25  # seconds between looks at the watchdog
BACK_OFF = (0.0, 0.5, 1.0, 2.0, 5.0)  # seconds before each further try to get a worker that answers
_STABLE = 60.0  # seconds with the model in memory after which a worker counts as one that works
_MOST_FAILED = 3  # questions in a row that a worker may fail to answer
_GRACE = 1.0  # seconds that a worker may be late with a deadline before the client ends the question itself


class Supervisor:
    """From a start to a stop: one thread, and one worker after the other. ``lock`` guards ``pending`` and what tells of the
    worker; whoever adds a question does so under it and then calls ``submit``."""

    def __init__(
        self, config: WorkerConfig, status: EngineStatus, on_progress: Callable[[float], None] | None,
        on_status: Callable[[], None], memory_limit_mib: int,
    ):
        self.lock = threading.RLock()
        self.pending: dict[str, Pending] = {}
        self.encoded: set[str] = set()
        self.status = replace(status, failed="")
        #: Ends when questions are answered, or with the reason why they will not be.
        self.started: Future = Future()
        #: No further worker will be started.
        self.stopped = False
        self.service_time = ServiceTime()
        self.watchdog = Watchdog(config.watchdog_timeout, memory_limit_mib)
        self._config = config
        self._on_progress = on_progress or (lambda _: None)
        self._on_status = on_status
        self._closing = threading.Event()
        self._worker: WorkerProcess | None = None
        self._ready = False
        self._ready_at = float("inf")  # when the worker of now had the model in memory
        self._load_seconds = 1.0  # that the last worker took until it was ready
        self._failed = 0  # questions in a row that it did not answer for a reason of its own
        self._answered = False  # it has answered a question
        self._handlers: dict[type, Callable] = {
            Beat: self._on_beat, Delta: self._on_delta, Done: self._on_done, Failed: self._on_failed, Ready: self._on_ready,
            Encoded: lambda message: self.encoded.add(message.frame_key),
            Evicted: lambda message: self.encoded.discard(message.frame_key),
            Loading: lambda message: self._on_progress(message.fraction),
        }  # fmt: skip
        self._thread = threading.Thread(target=self._run, name="glm4v-engine", daemon=True)
        self._thread.start()

    # For callers' threads.

    def send(self, message: object, *frames: Frame) -> bool:
        """To the worker; False when none is ready."""
        with self.lock:
            if self._ready:
                self._worker.send(message, frames)
            return self._ready

    def submit(self, question: Pending) -> None:
        """One of ``pending``: to the worker of now, or to the next."""
        with self.lock:
            self.service_time.began(len(self.pending) - 1)
            if self._ready:
                self._ask(question)

    @property
    def load_left(self) -> float:
        """Seconds until the worker of now can answer, as far as one can say."""
        with self.lock:
            return 0.0 if self._ready or self._worker is None else max(0.0, self._load_seconds - self._worker.age)

    def close(self) -> None:
        self._closing.set()
        with self.lock:
            if self._worker is not None:
                self._worker.hang_up()
        if self._thread is not threading.current_thread():
            self._thread.join()

    # The thread.

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
            if self._closing.is_set() or not self.started.done():  # else the caller of start hears of it
                break
            failures = 0 if worked else failures + 1
            if isinstance(error, HostOutOfMemory):  # another program has the memory now: no reason to give up for good
                failures = min(failures, len(BACK_OFF))
            self._after_crash(error, told)
            if failures > len(BACK_OFF):
                error = type(error)(
                    f"{failures} workers in a row failed before they answered anything, and no other is started. The last one: {error}"
                )
                break
            _log.warning("%s", error)
            self._wait(BACK_OFF[max(0, failures - 1)])
        self._stop(error)

    def _serve_one_worker(self) -> None:
        """Starts a worker and handles what it says until it ends; raises the reason as a VqaError."""
        worker = WorkerProcess(self._config)
        with self.lock:
            self._worker = worker
            self.watchdog.begin()
            self.status = replace(self.status, alive=True, loaded=False, worker_pid=worker.pid, stage="load", resident_mib=0.0)
        patiently = True
        try:
            while not self._closing.is_set():
                with contextlib.suppress(TimeoutError):
                    self._handle(worker.receive(_LOOK_EVERY))
                self._end_overdue()
                self.watchdog.check()
        except EOFError:
            pass
        except VqaError:
            patiently = False
            worker.kill()
            raise
        finally:
            code = worker.close(patiently)
        if self._closing.is_set():
            return
        if self._ready:
            raise EngineFailed(f"the worker process ended {exit_reason(code, 'ask again')}")
        advice = "check the files with `glm4v models verify`"
        raise EngineFailed(f"the worker process ended while it loaded the model {exit_reason(code, advice)}")

    def _handle(self, message: object) -> None:
        for one in message if isinstance(message, list) else [message]:
            self._handlers[type(one)](one)

    def _on_ready(self, message: Ready) -> None:
        if self._config.gpu_layers > 0 and not message.gpu_offload:
            _log.error("gpu_layers is %d but the model runs on the CPU: llama-cpp-python was built without GPU support, or no GPU "
                       "was found", self._config.gpu_layers)  # fmt: skip
        with self.lock:
            self._ready, self._ready_at = True, time.monotonic()
            self._load_seconds = self._worker.age
            self.status = replace(
                self.status, loaded=True, device=message.device, gpu_offload=message.gpu_offload,
                context_tokens=message.context_tokens, stage="idle",
            )  # fmt: skip
            for question in self.pending.values():
                self._ask(question)
        if not self.started.done():
            self.started.set_result(None)
        self._on_status()

    def _on_beat(self, beat: Beat) -> None:
        with self.lock:
            self.watchdog.take(beat)
            self.status = replace(
                self.status, stage=beat.stage, tokens_per_second=beat.tokens_per_second, used_tokens=beat.used_tokens,
                prefix_tokens=beat.prefix_tokens, embedding_mib=beat.embedding_bytes / 2**20, resident_mib=beat.resident_mib,
            )  # fmt: skip
        self._on_status()

    def _end_overdue(self) -> None:
        """A deadline holds even when the worker does not answer, or is not there."""
        now = time.monotonic()
        with self.lock:
            grace = _GRACE if self._ready else 0.0
            overdue = [question for question in self.pending.values() if now > question.deadline + grace]
            for question in overdue:
                del self.pending[question.id]
                self.send(Cancel(question.id))
        for question in overdue:
            question.stop(FinishReason.TIMEOUT)

    def _after_crash(self, error: VqaError, told: bool) -> None:
        """What was queued waits for the next worker; what was running failed, unless it may be tried once more.

        ``told``: the worker had the questions. One that kills each worker before that can say that it is at work on it does not
        wait for ever.
        """
        with self.lock:
            self.status = replace(self.status, worker_restarts=self.status.worker_restarts + 1)
            questions, self.pending = self.pending, {}
        left = {question.id: question for question in questions.values() if question.lose(error, told)}
        with self.lock:
            self.pending = {**left, **self.pending}
        self._on_status()

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self._closing.wait(min(0.05, max(0.0, end - time.monotonic()))) and time.monotonic() < end:
            self._end_overdue()

    def _ready_off(self) -> bool:
        """Whether the worker was ready until now."""
        with self.lock:
            was, self._ready = self._ready, False
            self._worker = None
            self.encoded = set()
            self.status = replace(self.status, alive=False, loaded=False, worker_pid=0, stage="")
        return was

    def _stop(self, error: VqaError) -> None:
        """No further worker is started."""
        with self.lock:
            self.stopped = True
            self.status = replace(self.status, failed="" if self._closing.is_set() else str(error))
            left, self.pending = list(self.pending.values()), {}
        for question in left:
            question.complete(type(error)(str(error)))
        if not self.started.done():
            self.started.set_exception(error)
        self._on_status()

    # Questions.

    def _ask(self, question: Pending) -> None:
        headers = tuple(FrameHeader(frame.key, frame.width, frame.height) for frame in question.frames)

        def fail(error: OSError) -> None:
            self._end(question.id, EngineFailed(f"the pictures cannot be handed to the worker ({error.strerror}); ask again"))

        self._worker.send(Ask(question.question, headers, question.taken_at), question.frames, fail)

    def _on_delta(self, delta: Delta) -> None:
        with self.lock:
            question = self.pending.get(delta.request_id)
        if question is not None and not question.hear(delta):
            self._diverged(delta.request_id)

    def _on_done(self, message: Done) -> None:
        self._failed, answer = 0, message.answer
        with self.lock:
            question = self.pending.get(answer.request_id)
            if question is None:
                return
            self._answered = True
            self.service_time.ended()
        if question.repeated < len(question.heard):
            self._diverged(answer.request_id)
        else:
            self._end(answer.request_id, answer)

    def _on_failed(self, message: Failed) -> None:
        if not message.request_id:
            raise message.error
        self._end(message.request_id, message.error)
        self._failed = self._failed + 1 if type(message.error) is EngineFailed else 0
        if self._failed >= _MOST_FAILED:  # such as a GPU that came into a state that it cannot leave
            raise EngineFailed(f"the worker failed {self._failed} times in a row and was ended: {message.error}")

    def _diverged(self, request_id: str) -> None:
        """A caller cannot take back what it heard."""
        self.send(Cancel(request_id))
        self._end(request_id, EngineFailed("the worker ended while it answered, and the next one began another answer; ask again"))

    def _end(self, request_id: str, result: Answer | VqaError) -> None:
        with self.lock:
            question = self.pending.pop(request_id, None)
        if question is not None:
            question.complete(result)

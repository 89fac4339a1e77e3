"""Moves every question on: inbox, admit, plan, decode, commit, flush. The only user of the llama.cpp context."""

from __future__ import annotations

import contextlib
import itertools
import logging
import queue
import time
from collections.abc import Callable, Iterator

from glm4v_ros.engine.admission import Admission
from glm4v_ros.engine.answer import Delta, FinishReason, Stage
from glm4v_ros.engine.chat_template import ChatTemplate
from glm4v_ros.engine.config import EngineConfig
from glm4v_ros.engine.encoder import EncodeJob, Encoder
from glm4v_ros.engine.frame_store import FrameStore
from glm4v_ros.engine.grammar import violation
from glm4v_ros.engine.kv_cache import KVCache
from glm4v_ros.engine.language_model import Interrupted, LanguageModel
from glm4v_ros.engine.messages import Ask, Cancel, Done, Failed, ResetSession, Warm
from glm4v_ros.engine.outbox import Outbox
from glm4v_ros.engine.plan import Plan
from glm4v_ros.engine.request import Phase, Request
from glm4v_ros.engine.session import Sessions
from glm4v_ros.engine.shared_frame import SharedFrame
from glm4v_ros.engine.waiting import Waiting
from glm4v_ros.engine.warm_frame import WarmFrame
from glm4v_ros.errors import (
    Canceled,
    DeadlineExceeded,
    EngineFailed,
    Unsupported,
    VqaError,
)
from glm4v_ros.vision.tower import VisionTower

_log = logging.getLogger(__name__)

_LOOK_EVERY = 0.01  # seconds between two looks at the deadlines


class Scheduler:
    """One loop in one thread. ``post``, ``interrupt`` and ``interrupt_overdue`` are for other threads."""

    def __init__(
        self,
        config: EngineConfig,
        model: LanguageModel,
        tower: VisionTower,
        template: ChatTemplate,
        send: Callable[[list], None],
    ):
        """``send`` takes messages for the client, in order."""
        self._model = model
        self._outbox = Outbox(model, send)
        self._inbox: queue.SimpleQueue = queue.SimpleQueue()
        self.kv = KVCache(model, config.prefix_tokens or model.context_tokens // 2)
        self.frames = FrameStore(config.embedding_bytes, Encoder(tower, config.vision_resident, self.post))
        self._sessions = Sessions(config.session_idle_s, self.kv, self.frames)
        self._warm = WarmFrame(template, self.kv, self.frames)
        self._admission = Admission(config, model, template, self.kv, self.frames)
        self._plan = Plan(model, self.kv)
        self._waiting = Waiting()
        self._running: list[Request] = []
        self._numbers = itertools.count()
        self._look_at = 0.0  # when deadlines are to be looked at again
        self._kv_changes = 0
        self.stage = "idle"

    # What other threads may use.

    def post(self, event: object) -> None:
        """A message of the client with its frames, or an encode job that started or ended."""
        self._inbox.put(event)

    def interrupt(self, request_id: str) -> None:
        """Stops the decode under way if it is mostly this question's."""
        if self._plan.mostly(request_id):
            self._model.interrupt.trip()

    def interrupt_overdue(self) -> None:
        """Likewise for every question whose deadline has passed."""
        now = time.monotonic()
        for request in [*self._running]:
            if request.deadline <= now:
                self.interrupt(request.id)

    @property
    def figures(self) -> dict:
        """What a Beat says of this scheduler."""
        idle = self.stage == "idle"
        return dict(
            stage="encode" if idle and self.frames.busy else self.stage,
            busy=not idle or self.frames.busy,
            tokens_per_second=self._plan.tokens_per_second,
            prefix_tokens=self.kv.kept,
            used_tokens=self.kv.used,
            embedding_bytes=self.frames.nbytes,
        )

    # The loop.

    def run(self) -> None:
        while True:
            self.step()

    def step(self) -> None:
        """One look at the inbox and at most one decode; waits when there is nothing to do."""
        self._model.interrupt.arm()
        calm = self._calm()
        if not calm:
            self._read_inbox()
            self._expire()
            self._admit()
            if not self._running and not len(self._waiting):
                self._warm.build()
        if self._plan.fill(self._running, self._warm.sequence, self.frames.busy):
            self._decode()
        else:
            self.stage = "idle"
            self.frames.pause(False)
        if self.stage == "idle" or not calm:
            self._tidy()
        if self.stage == "idle" or self._outbox.urgent or (self._outbox.due and not self._model.gpu_offload):
            self._flush()

    def _calm(self) -> bool:
        """Nothing can have changed but the running answers, so that the next token need not wait for a look around."""
        now = time.monotonic()
        quiet = self._inbox.empty() and not len(self._waiting) and not self._warm.wanted
        if now < self._look_at and self.stage != "idle" and quiet:
            return True
        self._look_at = now + _LOOK_EVERY
        return False

    def _read_inbox(self) -> None:
        idle = self.stage == "idle"
        while True:
            try:
                event = self._inbox.get(timeout=self._patience()) if idle else self._inbox.get_nowait()
            except queue.Empty:
                return
            idle, self.stage = False, "schedule"
            if isinstance(event, EncodeJob):
                self._on_encode(event)
                continue
            message, frames = event
            if isinstance(message, Ask):
                self._on_ask(message, frames)
            elif isinstance(message, Cancel):
                for request in self._requests():
                    if request.id == message.request_id:
                        self._stop(request, Canceled, "the question was cancelled", FinishReason.CANCELED)
            elif isinstance(message, Warm):
                self._warm.want(message, frames[0])
            elif isinstance(message, ResetSession):
                self._sessions.reset(message.session_id)

    def _patience(self) -> float:
        """How long an idle loop may sleep."""
        deadline = min((request.deadline for request in self._requests()), default=float("inf"))
        return max(0.0, min(1.0, deadline - time.monotonic()))

    def _on_ask(self, message: Ask, frames: list[SharedFrame]) -> None:
        request = Request(message, frames, next(self._numbers))
        self._waiting.add(request)
        self._sessions.join(request)
        self._outbox.put(Delta(request.id, Stage.QUEUED))
        with self._blame(request):
            self._admission.check(request)
            for index, identity in enumerate(request.identities):
                request.images[index] = self.frames.hold(identity, request, request.rank, frames[index])
            self._warm.leave({frame.key for frame in frames})

    def _on_encode(self, job: EncodeJob) -> None:
        if job.started:
            for owner in self.frames.owners(job.identity):
                if isinstance(owner, Request):
                    self._outbox.enter(owner, Stage.ENCODING)
            return
        for owner in self.frames.ended(job):
            if job.error is not None:
                owner.give_up(job.error) if owner is self._warm else self._fail(owner, job.error)
            elif isinstance(owner, Request):
                owner.images = [job.image if identity == job.identity else image
                                for identity, image in zip(owner.identities, owner.images)]  # fmt: skip

    def _expire(self) -> None:
        now = time.monotonic()
        for request in self._requests():
            if now >= request.deadline:
                text = f"no answer within {request.question.timeout:g} s (stage: {request.stage.name.lower()}); allow more time"
                self._stop(request, DeadlineExceeded, text, FinishReason.TIMEOUT)
        self._sessions.expire(now)

    def _admit(self) -> None:
        while len(self._running) < self._model.parallel:
            request = self._waiting.next(self._running)
            if request is None:
                return
            with self._blame(request):
                if not self._admission.start(request, self._requests(), not self._running):
                    return
                self._waiting.admit(request)
                self._running.append(request)
                request.phase = Phase.READING
                if request.session is not None:
                    request.session.busy, request.epoch = True, request.session.epoch
                self._outbox.enter(request, Stage.PREFILL)

    def _decode(self) -> None:
        plan = self._plan
        self.stage = "prefill" if plan.has_images else "decode"
        if self._model.gpu_offload and self._outbox.has_news:
            self._flush()  # planning and launching a piece of an image takes the host a while
        started = time.monotonic()
        try:
            self._model.decode(*plan.batches)
        except Interrupted:
            plan.rollback()
            return
        except EngineFailed as error:
            self._on_failed_decode(error)
            return
        if self._model.gpu_offload:
            self._flush()  # while it works
        plan.commit()
        # Frames are encoded one ahead of the prefill: more would only take from it what the first of several questions waits for.
        # The next one begins while a GPU still works on the last piece of the one before, and keeps it busy until the host has
        # planned what follows.
        self.frames.pause(plan.images_left(self._running, self._warm.sequence) > 1)
        written = 0
        for request in plan.answering:
            if request.phase is Phase.ENDED:
                continue
            with self._blame(request):
                written += plan.take(request)
                self._outbox.wrote(request)
                if request.answer.finished is not None:
                    self._finish(request)
        plan.took(time.monotonic() - started, written)

    def _on_failed_decode(self, error: EngineFailed) -> None:
        _log.error("%s", error)
        touched = set(map(id, self._plan.rollback()))
        for request in [*self._running]:
            if id(request.sequence) in touched or id(request.sequence.base) in touched:
                self._fail(request, error)
        if self._warm.sequence is not None and id(self._warm.sequence) in touched:
            self._warm.give_up(error)

    def _tidy(self) -> None:
        self.kv.trim()
        if self.kv.changes != self._kv_changes or self.frames.changed:
            self._kv_changes = self.kv.changes
            self.frames.tell(self.kv.frame_keys, self._outbox.put)

    def _flush(self) -> None:
        self._outbox.flush()
        for request in [request for request in self._running if request.answer.finished is not None]:
            with self._blame(request):  # its text came to a stop
                self._finish(request)

    # Ends.

    def _requests(self) -> list[Request]:
        return [*self._running, *self._waiting]

    @contextlib.contextmanager
    def _blame(self, request: Request) -> Iterator[None]:
        """An error is the request's own, and ends it alone."""
        try:
            yield
        except VqaError as error:
            self._fail(request, error)
        except Exception as error:
            _log.exception("a question failed")
            self._fail(request, EngineFailed(f"the question could not be worked on: {type(error).__name__}: {error}"))

    def _finish(self, request: Request) -> None:
        self._outbox.finish(request)
        answer, schema = request.result(request.answer.finished), request.question.json_schema
        if schema and answer.finish_reason == FinishReason.STOP and (wrong := violation(answer.text, schema)):
            raise Unsupported(
                f"json_schema asks for what cannot be held to while answering: {wrong}. Ask for it in another way, or check it yourself"
            )
        self._sessions.remember(request, answer.text)
        self._leave(request)
        self._outbox.put(Done(answer))

    def _stop(self, request: Request, kind: type[VqaError], text: str, reason: FinishReason) -> None:
        """With all that was written so far."""
        self._outbox.show()
        self._fail(request, kind(text, answer=request.result(reason)))

    def _fail(self, request: Request, error: VqaError) -> None:
        if request.phase is not Phase.ENDED:
            self._leave(request)
            self._outbox.put(Failed(request.id, error))

    def _leave(self, request: Request) -> None:
        """Takes the request out of everything it is in."""
        self._outbox.show()
        self._waiting.remove(request)
        if request in self._running:
            self._running.remove(request)
        self.frames.drop(request)
        if request.answer is not None:
            request.answer.free()
        if request.sequence is not None:
            self.kv.release(request.sequence)
        self._sessions.leave(request)
        request.phase = Phase.ENDED

"""Moves every question on: inbox, admit, plan, decode, commit, flush. The only user of the llama.cpp context."""

from __future__ import annotations

import itertools
import logging
import queue
import time
from collections.abc import Callable

from glm4v_ros.engine.admission import Admission
from glm4v_ros.engine.answer import Delta, Stage
from glm4v_ros.engine.chat_template import ChatTemplate
from glm4v_ros.engine.config import EngineConfig
from glm4v_ros.engine.encoder import EncodeJob, Encoder
from glm4v_ros.engine.frame_store import FrameStore
from glm4v_ros.engine.kv_cache import KVCache
from glm4v_ros.engine.messages import Ask, Cancel, ResetSession, Warm
from glm4v_ros.engine.outbox import Outbox
from glm4v_ros.engine.plan import Plan
from glm4v_ros.engine.request import Phase, Request
from glm4v_ros.engine.requests import Requests
from glm4v_ros.engine.session import Sessions
from glm4v_ros.engine.warm_frame import WarmFrame
from glm4v_ros.errors import EngineFailed, HostOutOfMemory
from glm4v_ros.llama.language_model import Interrupted, LanguageModel
from glm4v_ros.vision.shared_frame import SharedFrame
from glm4v_ros.vision.tower import VisionTower

_log = logging.getLogger(__name__)

_LOOK_EVERY = 0.01  # seconds between two looks at the deadlines
_MOST_STARVED = 3  # frames in a row without memory: one may be too large for it, so many are the worker's own trouble


class Scheduler:
    """One loop in one thread. ``post``, ``interrupt`` and ``interrupt_overdue`` are for other threads."""

    def __init__(
        self, config: EngineConfig, model: LanguageModel, tower: VisionTower, template: ChatTemplate,
        send: Callable[[list], None],
    ):
        """``send`` takes messages for the client, in order."""
        self._model = model
        self._outbox = Outbox(model, send)
        self._inbox: queue.SimpleQueue = queue.SimpleQueue()
        self.kv = KVCache(model, config.prefix_tokens or model.context_tokens // 2)
        self._encoder = Encoder(tower, config.vision_resident, self.post)
        self.frames = FrameStore(config.embedding_bytes, self._encoder)
        self._sessions = Sessions(config.session_idle_s, self.kv, self.frames)
        self._warm = WarmFrame(template, self.kv, self.frames)
        self._admission = Admission(config, model, template, self.kv, self.frames)
        self._plan = Plan(model, self.kv)
        self._requests = Requests(self.kv, self.frames, self._sessions, self._outbox)
        self._numbers = itertools.count()
        self._look_at = 0.0  # when deadlines are to be looked at again
        self._kv_changes = 0
        self._starved: set[str] = set()  # keys of such frames, none encoded since
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
        for request in [*self._requests.running]:
            if request.deadline <= now:
                self.interrupt(request.id)

    @property
    def figures(self) -> dict:
        """What a Beat says of this scheduler."""
        idle = self.stage == "idle"
        return dict(
            stage="encode" if idle and self._encoder.busy else self.stage,
            busy=not idle or self._encoder.busy,
            tokens_per_second=self._plan.pace.tokens_per_second,
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
            self._requests.expire(time.monotonic())
            self._sessions.expire(time.monotonic())
            self._admit()
            if not any(self._requests):
                self._warm.build()
        if self._plan.fill(self._requests.running, self._warm.sequence, self._encoder.busy):
            self._decode()
        else:
            self.stage = "idle"
            self._encoder.pause(False)
        if self.stage == "idle" or not calm:
            self._tidy()
        if self.stage == "idle" or self._outbox.urgent or (self._outbox.due and not self._model.gpu_offload):
            self._flush()

    def _calm(self) -> bool:
        """Nothing can have changed but the running answers, so that the next token need not wait for a look around."""
        now = time.monotonic()
        quiet = self._inbox.empty() and not len(self._requests.waiting) and not self._warm.wanted
        if now < self._look_at and self.stage != "idle" and quiet:
            return True
        self._look_at = now + _LOOK_EVERY
        return False

    def _read_inbox(self) -> None:
        idle = self.stage == "idle"
        patience = max(0.0, min(1.0, self._requests.next_deadline - time.monotonic()))
        while True:
            try:
                event = self._inbox.get(timeout=patience) if idle else self._inbox.get_nowait()
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
                self._requests.cancel(message.request_id)
            elif isinstance(message, Warm):
                self._warm.want(message, frames[0])
            elif isinstance(message, ResetSession):
                self._sessions.reset(message.session_id)

    def _on_ask(self, message: Ask, frames: list[SharedFrame]) -> None:
        request = Request(message, frames, next(self._numbers))
        self._requests.add(request)
        self._outbox.put(Delta(request.id, Stage.QUEUED))
        with self._requests.blame(request):
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
                owner.give_up(job.error) if owner is self._warm else self._requests.fail(owner, job.error)
            elif isinstance(owner, Request):
                owner.images = [job.image if identity == job.identity else image
                                for identity, image in zip(owner.identities, owner.images)]  # fmt: skip
        if job.image is not None:
            self._starved.clear()
        elif isinstance(job.error, HostOutOfMemory):
            self._starved.add(job.shared.key)
            if len(self._starved) >= _MOST_STARVED:
                self._flush()  # whose questions ended is told
                raise HostOutOfMemory("the worker got no more memory from the system for pictures; ask again")

    def _admit(self) -> None:
        requests = self._requests
        while len(requests.running) < self._model.parallel:
            request = requests.waiting.next(requests.running)
            if request is None:
                return
            with requests.blame(request):
                if not self._admission.start(request, requests, not requests.running):
                    return
                requests.run(request)
                self._outbox.enter(request, Stage.PREFILL)

    def _decode(self) -> None:
        plan = self._plan
        self.stage = "prefill" if plan.has_images else "decode"
        if self._model.gpu_offload:
            if self._outbox.has_news:
                self._flush()  # planning and launching a piece of an image takes the host a while
        else:
            self._model.share_cores(self._encoder.busy, plan.fixed)
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
        self._encoder.pause(plan.images_left(self._requests.running, self._warm.sequence) > 1)
        written = 0
        for request in plan.answering:
            if request.phase is Phase.ENDED:
                continue
            with self._requests.blame(request):
                written += request.answer.take()
                request.phase = Phase.ANSWERING
                self._outbox.wrote(request)
                if request.answer.finished is not None:
                    self._requests.finish(request)
        plan.took(time.monotonic() - started, written)

    def _on_failed_decode(self, error: EngineFailed) -> None:
        _log.error("%s", error)
        touched = set(map(id, self._plan.rollback()))
        for request in [*self._requests.running]:
            if id(request.sequence) in touched or id(request.sequence.base) in touched:
                self._requests.fail(request, error)
        if self._warm.sequence is not None and id(self._warm.sequence) in touched:
            self._warm.give_up(error)

    def _tidy(self) -> None:
        self.kv.trim()
        if self.kv.changes != self._kv_changes or self.frames.changed:
            self._kv_changes = self.kv.changes
            self.frames.tell(self.kv.frame_keys, self._outbox.put)

    def _flush(self) -> None:
        self._outbox.flush()
        for request in [request for request in self._requests.running if request.answer.finished is not None]:
            self._requests.finish(request)  # its text came to a stop

"""Moves every question on: schedule, decode, sample, emit. The only user of the llama.cpp context."""

from __future__ import annotations

import itertools
import logging
import queue
import time
from collections import defaultdict, deque
from collections.abc import Callable

from glm4v_ros.engine.answer import Answer, Delta, FinishReason, Stage
from glm4v_ros.engine.answer_text import AnswerText
from glm4v_ros.engine.chat_template import ChatTemplate
from glm4v_ros.engine.choice_scores import ChoiceScores
from glm4v_ros.engine.config import EngineConfig
from glm4v_ros.engine.decode_planner import DecodePlanner, Part
from glm4v_ros.engine.draft import Draft
from glm4v_ros.engine.embedding_store import EmbeddingStore
from glm4v_ros.engine.encoder import EncodeJob, Encoder
from glm4v_ros.engine.grammar import Grammar, violation
from glm4v_ros.engine.kv_cache import KVCache
from glm4v_ros.engine.language_model import Interrupted, LanguageModel
from glm4v_ros.engine.layout import Layout
from glm4v_ros.engine.messages import Ask, Cancel, Done, Encoded, Evicted, Failed, ResetSession, Warm
from glm4v_ros.engine.outbox import Outbox
from glm4v_ros.engine.prompt import PromptComposer
from glm4v_ros.engine.request import Request
from glm4v_ros.engine.sequence import Sequence
from glm4v_ros.engine.session import History, Session, Sessions, Turn
from glm4v_ros.engine.shared_frame import SharedFrame
from glm4v_ros.engine.token_sampler import TokenSampler, probability
from glm4v_ros.engine.warm_frame import WarmFrame
from glm4v_ros.errors import Canceled, ContextFull, DeadlineExceeded, EngineFailed, OutOfMemory, Unsupported, VqaError
from glm4v_ros.vision.tower import VisionTower

_log = logging.getLogger(__name__)

_LOOK_EVERY = 0.01  # seconds between two looks at the deadlines
_RUSH = 4  # new frames at once from which on it does not pay to keep old ones
_LAST = (float("inf"),)  # the encoder's order for a warm frame


class Scheduler:
    """One loop in one thread. ``post`` and ``interrupt`` are for other threads."""

    def __init__(
        self,
        config: EngineConfig,
        model: LanguageModel,
        tower: VisionTower,
        template: ChatTemplate,
        send: Callable[[list], None],
    ):
        """``send`` takes messages for the client, in order."""
        self._config = config
        self._model = model
        self._template = template
        self._outbox = Outbox(model, send)
        self._inbox: queue.SimpleQueue = queue.SimpleQueue()
        self._kv = KVCache(model, config.prefix_tokens or model.context_tokens // 2)
        self._sessions = Sessions(config.session_idle_s)
        self._embeddings = EmbeddingStore(config.embedding_bytes, self._embedding_is_pinned)
        self._encoder = Encoder(tower, config.vision_resident, self.post)
        self._jobs: dict[tuple[str, int], EncodeJob] = {}
        self._batch = model.new_batch()
        self._longest = min(
            self._kv.capacity, model.trained_context or self._kv.capacity
        )  # of one question with its answer
        self._planner = DecodePlanner(self._batch, self._kv)
        self._composer = PromptComposer(template, self._longest, config.model.images_per_conversation)
        self._ends = frozenset(model.end_tokens.tolist())
        self._waiting: list[Request] = []
        self._active: list[Request] = []
        self._served: defaultdict[str, int] = defaultdict(int)
        self._order = itertools.count()
        self._kinds = deque((self._decode_prompts, self._decode_choices))
        self._look_at = 0.0  # when deadlines are to be looked at again
        self._warm = WarmFrame(template, self._kv)
        self._encoded: set[str] = set()
        self._told = 0
        self._tokens_per_second = 0.0
        self._token_seconds = 0.0  # that one token of one answer takes
        self.stage = "idle"

    # What other threads may use.

    def post(self, event: object) -> None:
        """A message of the client with its frames, or an encode job that started or ended."""
        self._inbox.put(event)

    def interrupt(self, request_id: str) -> None:
        """Stops the decode under way if this question takes part in it. Work of others in the same decode is done
        again."""
        if any(request.id == request_id for request in [*self._active]):
            self._model.interrupt.trip()

    def interrupt_overdue(self) -> None:
        """Likewise for every question whose deadline has passed."""
        now = time.monotonic()
        if any(request.deadline <= now for request in [*self._active]):
            self._model.interrupt.trip()

    @property
    def figures(self) -> dict:
        """What a Beat says of this scheduler."""
        idle = self.stage == "idle"
        return dict(
            stage="encode" if idle and self._encoder.busy else self.stage,
            busy=not idle or self._encoder.busy,
            queued=len(self._waiting),
            running=len(self._active),
            tokens_per_second=self._tokens_per_second,
            prefix_tokens=self._kv.kept,
            used_tokens=self._kv.used,
            embedding_bytes=self._embeddings.nbytes,
        )

    # The loop.

    def run(self) -> None:
        while True:
            self.step()

    def step(self) -> None:
        """One look at the inbox and at most one decode; waits when there is nothing to do."""
        self._model.interrupt.arm()
        undisturbed = self._undisturbed()
        if not undisturbed:
            self._read_inbox()
            self._expire()
            self._admit()
            self._build_warm()
        if not self._decode_next():
            self.stage = "idle"
        if self.stage == "idle" or not undisturbed:
            self._kv.trim()
            self._tell_frames()
        if self.stage == "idle" or self._outbox.urgent or (self._outbox.due and not self._model.gpu_offload):
            self._outbox.flush()

    def _undisturbed(self) -> bool:
        """Nothing can have changed but the running answers, so that the next token need not wait for a look around."""
        now = time.monotonic()
        if now < self._look_at and self.stage != "idle" and self._inbox.empty() and not self._waiting and not self._warm.wanted:
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
            idle = False
            self.stage = "schedule"
            if isinstance(event, EncodeJob):
                self._on_encode(event)
                continue
            message, frames = event
            if isinstance(message, Ask):
                self._on_ask(message, frames)
            elif isinstance(message, Cancel):
                self._on_cancel(message)
            elif isinstance(message, Warm):
                self._warm.wanted = (message, frames[0])
            elif isinstance(message, ResetSession):
                for session in self._sessions.take_out(message.session_id):
                    self._forget(session)

    def _patience(self) -> float:
        """How long an idle loop may sleep."""
        deadline = min((request.deadline for request in self._requests()), default=float("inf"))
        return max(0.0, min(1.0, deadline - time.monotonic()))

    # Messages.

    def _on_ask(self, message: Ask, frames: list[SharedFrame]) -> None:
        request = Request(message, frames, next(self._order))
        self._waiting.append(request)
        try:
            self._composer.check_image_count(len(frames))
        except Unsupported as error:
            self._fail(request, error)
            return
        budget = request.question.max_image_tokens
        wanted = {(frame.key, budget) for frame in frames}
        self._leave_warm(wanted)
        for index, frame in enumerate(frames):
            identity = (frame.key, budget)
            request.images[index] = self._embeddings.get(identity)
            if request.images[index] is None:
                request.jobs[index] = self._encode(frame, budget, (-request.question.priority, request.order))
        self._outbox.put(Delta(request.id, Stage.QUEUED))

    def _on_cancel(self, message: Cancel) -> None:
        for request in self._requests():
            if request.id == message.request_id:
                self._fail(
                    request, Canceled("the question was cancelled", answer=self._answer(request, FinishReason.CANCELED))
                )

    def _expire(self) -> None:
        now = time.monotonic()
        for request in self._requests():
            if now >= request.deadline:
                self._fail(
                    request,
                    DeadlineExceeded(
                        f"no answer within {request.question.timeout:g} s (stage: {request.stage.name.lower()}); "
                        f"allow more time",
                        answer=self._answer(request, FinishReason.TIMEOUT),
                    ),
                )
        for session in self._sessions.take_expired(now):
            self._forget(session)

    def _requests(self) -> list[Request]:
        return [*self._active, *self._waiting]

    # Encoding.

    def _encode(self, frame: SharedFrame, budget: int, priority: tuple) -> EncodeJob:
        job = self._jobs.get((frame.key, budget))
        if job is None or job.unwanted:
            job = self._jobs[frame.key, budget] = EncodeJob(frame, budget, priority)
            self._encoder.submit(job)
        job.priority = min(job.priority, priority)
        return job

    def _on_encode(self, job: EncodeJob) -> None:
        waiting = [request for request in self._requests() if job in request.jobs.values()]
        if job.started:
            for request in waiting:
                self._outbox.enter(request, Stage.ENCODING)
            return
        if self._jobs.get(job.identity) is job:
            del self._jobs[job.identity]
        if job.image is not None:
            for request in waiting:
                for index in [index for index, wanted in request.jobs.items() if wanted is job]:
                    request.images[index] = job.image
                    del request.jobs[index]
            self._embeddings.put(job.identity, job.image)
        elif isinstance(job.error, OutOfMemory):
            raise job.error  # a fresh worker may have enough
        elif job.error is not None:
            for request in waiting:
                self._fail(request, job.error)
            if job.identity == self._warm.identity:
                self._warm.give_up(job.error)

    def _embedding_is_pinned(self, identity: tuple[str, int]) -> bool:
        return identity in self._sessions.images or any(
            (frame.key, request.question.max_image_tokens) == identity
            for request in self._requests()
            for frame in request.frames
        )

    def _shrink_embeddings(self) -> None:
        """Sessions pin their pictures; when these alone pass the limit, the one unused for longest is forgotten."""
        while self._embeddings.nbytes_of(self._sessions.images) > self._config.embedding_bytes:
            session = self._sessions.take_oldest_idle()
            if session is None:
                break
            self._forget(session)
        self._embeddings.shrink()

    def _tell_frames(self) -> None:
        changes = self._embeddings.changes + self._kv.changes
        if changes == self._told:
            return
        self._told = changes
        encoded = self._embeddings.frame_keys | self._kv.frame_keys
        for key in encoded - self._encoded:
            self._outbox.put(Encoded(key))
        for key in self._encoded - encoded:
            self._outbox.put(Evicted(key))
        self._encoded = encoded

    # Admission.

    def _admit(self) -> None:
        """Priority first, then the session that was served least lately, then the order of arrival."""
        while self._waiting and len(self._active) < self._config.max_parallel:
            if any(request.question.deterministic for request in self._active):
                return
            ready = [
                request for request in self._waiting if request.encoded and not self._sessions.busy(request.session_id)
            ]
            if not ready:
                return
            request = min(ready, key=lambda r: (-r.question.priority, self._served[r.session_id], r.order))
            if request.question.deterministic and self._active:
                return
            try:
                if not self._start(request):
                    return
            except VqaError as error:
                self._fail(request, error)

    def _start(self, request: Request) -> bool:
        """Gives the request its cells; False when it must wait for some."""
        if request.question.deterministic:
            self._kv.clear()
        question = request.question
        history = request.past if question.past else self._sessions.history(request.session_id)
        if request.prompt is None or request.prompt_of is not history:
            request.prompt = self._composer.compose(question, request.own_pictures, history)
            request.prompt_of = history
        layout = request.prompt.layout
        if question.choices:
            choices = [self._model.tokenize(choice, False) for choice in question.choices]
            extra = min(sum(map(len, choices)), self._batch.output_capacity + max(map(len, choices)))
            if layout.cells + extra > self._longest:
                raise ContextFull(
                    f"the prompt takes {layout.cells} of {self._longest} context tokens, which leaves no room "
                    f"for the choices"
                )
        else:
            extra = min(question.max_tokens, self._longest - layout.cells)
        self._make_way()
        sequence = self._allocate(layout, extra, request)
        if sequence is None and not self._active:  # what it would share may itself be in the way
            sequence = self._kv.allocate(layout, extra, None, 0, greedy=request.greedy)
        if sequence is None:
            if self._active:
                return False
            raise ContextFull(
                f"the prompt takes {layout.cells} of {self._kv.capacity} context tokens and leaves no room"
            )
        request.sequence = sequence
        request.prompt_cells = layout.cells
        try:
            self._prepare_answer(request)
        except VqaError:
            request.sequence = None
            self._kv.release(sequence)
            raise
        self._waiting.remove(request)
        self._active.append(request)
        self._served[request.session_id] = next(self._order)
        if request.session_id:
            request.session = self._sessions.open(request.session_id, time.monotonic())
            request.session.busy = True
        self._outbox.enter(request, Stage.PREFILL)
        return True

    def _make_way(self) -> None:
        """In a rush of new frames lets those go that nobody asks about: attention takes time for every cell up to the highest
        in use, whoever's it is. Their embeddings stay in RAM."""
        wanted = {
            frame.key
            for request in self._requests()
            if not request.begun
            for frame in request.frames
        }
        if len(wanted - self._kv.frame_keys) >= _RUSH:
            self._kv.let_go(wanted | {key for key, _ in self._sessions.images})

    def _allocate(self, layout: Layout, extra: int, request: Request) -> Sequence | None:
        base, shared = self._kv.match(layout)
        if request.prompt.history.turns or shared >= layout.frame_cells:
            return self._kv.allocate(layout, extra, base, shared, greedy=request.greedy)
        head = layout.head(layout.frame_cells)
        prefix = self._kv.building(head) or self._kv.allocate(head, 0, base, shared, kept=True)
        if prefix is None:
            return None
        sequence = self._kv.allocate(layout, extra, prefix, layout.frame_cells, greedy=request.greedy)
        if sequence is None and not prefix.users:
            self._kv.release(prefix)
        return sequence

    def _prepare_answer(self, request: Request) -> None:
        question = request.question
        if question.choices:
            return
        grammar = None
        if question.json_schema:
            grammar = Grammar(question.json_schema, self._model.vocabulary_pointer, self._model.vocabulary)
        request.sampler = TokenSampler(
            question.sampling, self._model.vocabulary, grammar, self._model.end_tokens if question.ignore_eos else None
        )
        request.output = AnswerText(thinking=self._template.opens_thought)
        if self._config.speculation and request.greedy and not question.deterministic:
            request.draft = Draft(request.sequence.layout.text)

    # Warm frames.

    def _build_warm(self) -> None:
        """With nobody waiting, takes the newest warm frame one step on."""
        if not self._warm.wanted or self._requests():
            return
        image = self._embeddings.get(self._warm.identity)
        if image is None:
            message, frame = self._warm.wanted
            self._encode(frame, message.max_image_tokens, _LAST)
        else:
            self._warm.allocate(image)

    def _leave_warm(self, wanted: set[tuple[str, int]]) -> None:
        """A question came: drops work on a warm frame that it is not about."""
        job = self._jobs.get(self._warm.identity)
        if job is not None and job.identity not in wanted:
            job.unwanted = True
        self._warm.leave(wanted)

    # Decoding.

    def _decode_next(self) -> bool:
        """Prompts with the running answers, and choices take turns."""
        for _ in range(len(self._kinds)):
            decoded = self._kinds[0]()
            self._kinds.rotate(-1)
            if decoded:
                return True
        return False

    def _decode_prompts(self) -> bool:
        """Of the prompts, text and images, as much as the batch has room for, and a token for every running answer."""
        batch, warm = self._batch, self._warm.sequence
        plan = self._planner.plan(self._active, warm, self._answers_may_wait)
        if not plan:
            self._encoder.pause(False)
            return False
        self.stage = "prefill" if batch.has_images else "decode"
        started = time.monotonic()
        if not self._decode(plan):
            return True
        if self._jobs:
            # Frames are encoded one ahead of the prefill: more would only take from it what the first of several questions
            # waits for. The next one begins while a GPU still works on the last piece of the one before, and keeps it busy
            # until the host has planned what follows.
            self._encoder.pause(self._planner.images_left(self._active, warm, plan) > 1)
        written = 0
        for part in plan:
            part.sequence.attached = True
            part.sequence.cells += part.count
            if part.request is not None:
                right = self._take(part.request, part.entry, part.guess)
                written += 1 + right
                if part.guess and not batch.has_images:
                    part.request.draft.learn((1 + right) * self._token_seconds > time.monotonic() - started)
        seconds = time.monotonic() - started
        if batch.size == 1:
            self._token_seconds = _smooth(self._token_seconds, seconds)
        if written:
            self._tokens_per_second = _smooth(self._tokens_per_second, written / seconds)
        return True

    def _answers_may_wait(self) -> bool:
        """Several questions that wait for their first token are worth it, unless the encoder fills the pause."""
        if not self._model.gpu_offload or self._encoder.busy:
            return False
        return sum(not request.begun for request in self._requests()) > 1

    def _decode_choices(self) -> bool:
        """Scores some tokens of the choices of one question."""
        request = next((request for request in self._active if request.scoring), None)
        if request is None:
            return False
        scores, ids, batch = request.scores, request.score_ids, self._batch
        batch.clear()
        new = scores.next(min(batch.room, batch.output_room), self._model.sequences)
        for index, seq_id in zip(
            [i for i, _, _ in new if i not in ids], self._kv.take_ids(sum(i not in ids for i, _, _ in new))
        ):
            ids[index] = seq_id
            self._model.copy(request.sequence.seq_id, seq_id, request.sequence.position)
        plan = []
        for index, fed, tokens in new:
            if index not in ids:
                continue  # no sequence was free for it; the next round has one
            start = batch.add_tokens(tokens, request.sequence.position + fed, ids[index], len(tokens))
            plan.append((index, range(start, start + len(tokens))))
        self.stage = "decode"
        if not self._decode([Part(request.sequence)]):
            if request in self._active:
                self._kv.give_ids(list(ids.values()))
                ids.clear()
                scores.rewind()
            return True
        for index, entries in plan:
            if scores.feed(index, map(self._model.logits, entries)):
                self._kv.give_ids([ids.pop(index)])
        if scores.done:
            self._finish(request, FinishReason.STOP)
        return True

    def _decode(self, plan: list[Part]) -> bool:
        """Decodes the batch for the sequences of its parts. False when nothing came of it: it was
        stopped, or failed and its requests were told so."""
        if not self._model.gpu_offload:
            # The same threads each time for an answer that is to be the same each time.
            fixed = any(request.question.deterministic for request in self._active)
            self._model.share_cores(self._encoder.busy and not fixed)
        try:
            self._model.decode(self._batch)
            if self._model.gpu_offload:
                self._outbox.flush()  # while it works
            return True
        except Interrupted:
            for part in plan:
                self._kv.rewind(part.sequence)
        except EngineFailed as error:
            _log.error("%s", error)
            for part in plan:
                self._kv.rewind(part.sequence)
            touched = {id(part.sequence) for part in plan}
            for request in [*self._active]:
                if id(request.sequence) in touched or id(request.sequence.base) in touched:
                    self._fail(request, error)
        return False

    # Answers.

    def _take(self, request: Request, index: int, guess: list[int]) -> int:
        """Goes on behind a request's last token, which was batch entry ``index``, and behind as many of the guessed
        ones as were right. Returns how many these are."""
        if request.question.choices:
            request.scores = ChoiceScores(
                [self._model.tokenize(choice, False) for choice in request.question.choices], self._model.end_tokens
            )
            request.scores.start(self._model.logits(index))
            self._outbox.enter(request, Stage.ANSWERING)
            return 0
        right = 0
        while self._write(request, index + right) and right < len(guess) and guess[right] == request.tokens[-1]:
            right += 1
        if guess and request.sequence is not None and request.sequence.alive:
            request.sequence.cells += right
            self._model.remove(request.sequence.seq_id, request.sequence.position)
        return right

    def _write(self, request: Request, index: int) -> bool:
        """Chooses the token behind batch entry ``index``; whether the answer goes on."""
        ignore_end = request.question.ignore_eos
        if request.sequence.seq_id in self._model.greedy_sequences:
            token, likelihood = self._model.likeliest(index, ignore_end)
        else:
            logits = self._model.logits(index)
            token = request.sampler.choose(logits)
            likelihood = probability(logits, token) if token is not None else 0.0
        if token is None or (token in self._ends and not ignore_end):
            self._finish(request, FinishReason.STOP)
            return False
        self._outbox.put_token(request, token)
        request.wrote(token, likelihood)
        if request.full or (not ignore_end and request.repetition.add(token)):
            self._finish(request, FinishReason.LENGTH)
            return False
        return True

    def _answer(self, request: Request, reason: FinishReason) -> Answer:
        """With all that was written so far."""
        self._outbox.show()
        return request.answer(reason)

    def _finish(self, request: Request, reason: FinishReason) -> None:
        self._outbox.finish(request)
        answer = request.answer(reason)
        question = request.question
        if (
            question.json_schema
            and reason == FinishReason.STOP
            and (wrong := violation(answer.text, question.json_schema))
        ):
            self._fail(
                request,
                Unsupported(
                    f"json_schema asks for what cannot be held to while answering: {wrong}. Ask for it in "
                    f"another way, or check it yourself"
                ),
            )
            return
        if request.session is not None:
            self._remember(request, answer.text)
        self._leave(request)
        self._outbox.put(Done(answer))

    def _remember(self, request: Request, text: str) -> None:
        """Adds the turn to its session and leaves it in the KV cache."""
        session, sequence = request.session, request.sequence
        thought = request.output is not None and request.output.thought
        tokens = None if thought or request.scores is not None else tuple(request.tokens)
        session.history = request.prompt.history.with_turn(
            Turn(request.question.text, request.prompt.pictures, text, tokens)
        )
        session.last_used = time.monotonic()
        if not session.forgotten:
            sequence.layout = sequence.layout.head(sequence.cells)  # the last token is in no cell
            self._kv.keep(sequence)
            self._kv.supersede(session.sequence, sequence)
            session.sequence, request.sequence = sequence, None

    def _fail(self, request: Request, error: VqaError) -> None:
        self._leave(request)
        self._outbox.put(Failed(request.id, error))

    def _leave(self, request: Request) -> None:
        """Takes the request out of everything it is in."""
        self._outbox.show()
        for requests in (self._active, self._waiting):
            if request in requests:
                requests.remove(request)
        for job in request.jobs.values():
            if not any(job in other.jobs.values() for other in self._requests()):
                job.unwanted = True
        self._encoder.look()
        if request.score_ids:
            self._kv.give_ids(list(request.score_ids.values()))
            request.score_ids.clear()
        if request.sequence is not None:
            self._kv.release(request.sequence)
        if request.sampler is not None:
            request.sampler.free()
        if request.session is not None:
            request.session.busy = False
            request.session.last_used = time.monotonic()
        if not any(other.session_id == request.session_id for other in self._requests()):
            self._served.pop(request.session_id, None)
        self._shrink_embeddings()

    def _forget(self, session: Session) -> None:
        session.forgotten = True
        if session.sequence is not None and session.sequence.alive and not session.sequence.users:
            self._kv.release(session.sequence)
        session.history, session.sequence = History(), None


def _smooth(old: float, new: float) -> float:
    return 0.9 * old + 0.1 * new if old else new

"""What goes into one decode: made, decoded, and then committed or rolled back as a whole."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence as Sequences
from typing import NamedTuple

from glm4v_ros.engine.kv_cache import KVCache
from glm4v_ros.engine.pace import TILE, Pace
from glm4v_ros.engine.request import Request
from glm4v_ros.engine.sequence import Sequence
from glm4v_ros.llama.batch import Batch
from glm4v_ros.llama.language_model import LanguageModel

_MOST_DRAFTING = 2  # running requests up to which tokens are guessed: a wide batch has no time to spare
TOKEN_EVERY = 0.25  # seconds that running answers may stand still on a GPU for the frames of others


class _Part(NamedTuple):
    """So many cells of a sequence."""

    sequence: Sequence
    count: int
    scratch: int | None = None  # under which a piece of an image is decoded


class Plan:
    """A token for every running answer, then text of prompts, then choices, then pieces of images; prompts by priority, and of those
    with as high a one the text of the shortest first."""

    def __init__(self, model: LanguageModel, kv: KVCache):
        self._model = model
        self._kv = kv
        self._text = model.new_batch()
        self._images = self._text if model.mixes else model.new_batch()
        self.pace = Pace(model.gpu_offload, self._text.capacity)
        self._parts: list[_Part] = []
        self._answers_at = 0.0  # when the running answers last got a token
        self._images_waited = False  # for a prompt of words alone
        self._owner = ""
        self.fixed = False  # it is to be computed in the same way each time
        #: Whose answers go on behind this decode.
        self.answering: list[Request] = []

    @property
    def batches(self) -> list[Batch]:
        """In the order in which they are to be decoded."""
        return [batch for batch in dict.fromkeys((self._images, self._text)) if batch.size]

    @property
    def has_images(self) -> bool:
        return self._images.images > 0

    def mostly(self, request_id: str) -> bool:
        """Whether more than half of it is of one request and of nobody else, so that it may be stopped for that one's sake. For
        any thread."""
        return self._owner == request_id

    def fill(self, running: Sequences[Request], warm: Sequence | None, encoding: bool) -> bool:
        """Chooses what to decode next; False for nothing. ``warm`` is prefilled while nobody asks. ``encoding``: the GPU has other
        work while the host plans."""
        for batch in (self._text, self._images):
            batch.clear()
        self._parts, self.answering = [], []
        shares: Counter[str] = Counter()
        feeds = self._feeds(running, warm)
        images = any(sequence.next_is_image for _, sequence, _ in feeds)
        self.fixed = any(request.question.deterministic for request in running)
        most = self.pace.entries(len(running) <= 1, self.fixed)
        drafting = len(running) <= _MOST_DRAFTING
        answers = [request for request in running if request.answering]
        later = images and self._answers_may_wait(running, encoding)
        if not later:
            self._feed(answers, False, drafting, shares)
        for _, sequence, request in sorted(feeds, key=lambda feed: (feed[0][0], feed[1].layout.cells - feed[1].cells)):
            if not sequence.next_is_image and self._text.room > 0 and self._text.output_room > 0:
                self._add_text(sequence, request, shares, max(TILE, most - self._text.size))
        if not later:
            self._feed(answers, True, drafting, shares)
        words = any(request.reading for request in self.answering)
        self._images_waited = words and images and not self._images_waited
        if not self._images_waited:
            self._add_images(feeds, running, most - self._text.size, len(answers) if later else 0, shares)
        if later and self._text.outputs:  # somebody is waited for all the same
            self._feed(answers, False, drafting, shares)
        self._owner, share = shares.most_common(1)[0] if shares else ("", 0)
        if 2 * share <= sum(batch.size for batch in self.batches):
            self._owner = ""
        if self._text.outputs:
            self._answers_at = time.monotonic()
        return bool(self.batches)

    def commit(self) -> None:
        """It was decoded."""
        for sequence, count, scratch in self._parts:
            if scratch is not None:
                self._kv.end_piece(sequence, scratch, True)
            sequence.attached = True
            sequence.cells += count

    def rollback(self) -> list[Sequence]:
        """Nothing came of it: takes back what may be in the KV cache. The sequences that were in it."""
        for request in self.answering:
            request.answer.rewind()
        for sequence, _, scratch in self._parts:
            if scratch is not None:
                self._kv.end_piece(sequence, scratch, False)
            else:
                self._kv.remove_tail(sequence)
        return [part.sequence for part in self._parts] + [request.sequence for request in self.answering]

    def took(self, seconds: float, written: int) -> None:
        """What was decoded and taken, and how long it took."""
        self.pace.decoded(sum(batch.size for batch in self.batches), self.has_images, written, seconds)
        for request in self.answering:
            if request.answer.drafts and not self.has_images:
                request.answer.learn(self.pace.pays(request.answer.advanced, seconds))

    def images_left(self, running: Sequences[Request], warm: Sequence | None) -> int:
        """How many images lack cells."""
        return sum(sequence.next_is_image for _, sequence, _ in self._feeds(running, warm))

    def _feeds(
        self, running: Sequences[Request], warm: Sequence | None
    ) -> list[tuple[tuple[int, int], Sequence, Request | None]]:
        """Sequences whose prompts lack cells, by rank: the questions' and those of the frames that they wait for."""
        feeds = {}
        for request in sorted((request for request in running if request.reading), key=lambda request: request.rank):
            sequence, whose = request.sequence, request
            while sequence.waiting:
                sequence, whose = sequence.base, None
            feeds.setdefault(sequence.seq_id, (request.rank, sequence, whose))
        if warm is not None and not running:
            feeds[warm.seq_id] = ((0, 0), warm, None)
        return list(feeds.values())

    def _answers_may_wait(self, running: Sequences[Request], encoding: bool) -> bool:
        """As long as nobody needs to know what comes out of them, a GPU works through pieces of images without a pause for the
        host to plan the next one. Several questions that wait for their first token are worth it, unless the encoder fills the
        pause."""
        if not self._model.gpu_offload or encoding or time.monotonic() - self._answers_at > TOKEN_EVERY:
            return False
        return sum(request.reading for request in running) > 1

    def _feed(self, answers: list[Request], choices: bool, drafting: bool, shares: Counter[str]) -> None:
        """Answers in words, or choices."""
        for request in answers:
            if bool(request.question.choices) == choices and (fed := request.answer.feed(self._text, drafting)):
                self.answering.append(request)
                shares[request.id] += fed
                if not request.question.choices:
                    self._parts.append(_Part(request.sequence, 1))

    def _add_text(
        self, sequence: Sequence, request: Request | None, shares: Counter[str], most: int, early: bool = False
    ) -> None:
        """The next tokens of a prompt. ``request`` is whose it is, None for a frame's."""
        if not sequence.attached and not early:
            self._kv.attach(sequence)
            sequence.attached = True
        batch = self._text
        tokens = sequence.next_tokens(batch.room)
        if len(tokens) - most >= TILE:  # what would be left is worth a decode of its own
            tokens = tokens[:most]
        last = request is not None and sequence.cells + len(tokens) == sequence.layout.cells
        start = batch.add_tokens(tokens, sequence.position, sequence.seq_id, int(last))
        self._parts.append(_Part(sequence, len(tokens)))
        if request is not None:
            shares[request.id] += len(tokens)
        if last:
            request.answer.expect(start + len(tokens) - 1)
            self.answering.append(request)

    def _add_images(
        self, feeds: list, running: Sequences[Request], most: int, spare: int, shares: Counter[str]
    ) -> None:
        """``spare`` entries are left free."""
        for _, sequence, request in feeds:
            room = min(self._images.room - spare, most)
            if not sequence.next_is_image or room <= 0:
                continue
            if sequence.image_cells_left - room < TILE:  # what would be left is not worth a decode of its own
                room = min(self._images.room - spare, sequence.image_cells_left)
            scratch = self._kv.begin_piece(sequence)
            if scratch is None:
                break
            most -= self._add_image(sequence, request, running, scratch, room, shares)

    def _add_image(
        self, sequence: Sequence, request: Request | None, running: Sequences[Request], scratch: int, room: int,
        shares: Counter[str],
    ) -> int:
        """A piece of an image. Behind the last one of a frame the words of all questions that wait for it follow at once."""
        embeddings, positions = sequence.next_embeddings(room)
        count = len(embeddings)
        waiting = [r for r in running if r.reading and (r is request or r.sequence.base is sequence)]
        followers = [] if sequence.cells + count < sequence.layout.cells else [r for r in waiting if r is not request]
        followers = [r for r in followers if not r.sequence.attached]
        for follower in followers:
            self._kv.attach_early(follower.sequence)
        ids = [scratch, *(follower.sequence.seq_id for follower in followers)]
        self._images.add_embeddings(embeddings, positions, ids)
        self._parts.append(_Part(sequence, count, scratch))
        if len(waiting) == 1:
            shares[waiting[0].id] += count
        for follower in followers:
            if self._text.room > 0 and self._text.output_room > 0:
                self._add_text(follower.sequence, follower, shares, self._text.room, early=True)
            else:
                self._parts.append(_Part(follower.sequence, 0))
        return count

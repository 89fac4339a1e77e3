"""Chooses what goes into the next decode: pieces of prompts, text and images, and a token for every running answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from glm4v_ros.engine.batch import Batch
from glm4v_ros.engine.kv_cache import KVCache
from glm4v_ros.engine.request import Request
from glm4v_ros.engine.sequence import Sequence

_MOST_DRAFTING = 2  # running requests up to which tokens are guessed: a wide batch has no time to spare
_TOKEN_EVERY = 0.25  # seconds that a running answer may stand still for the frames of others


class Part(NamedTuple):
    """What goes into a batch of one sequence: so many of its next tokens or image embeddings."""

    sequence: Sequence
    count: int = 0
    #: Whose next token is chosen behind them, behind which batch entry, and what was guessed to follow them.
    request: Request | None = None
    entry: int = 0
    guess: Iterable[int] = ()


class DecodePlanner:
    """Fills the batch, in the order in which the requests were admitted."""

    def __init__(self, batch: Batch, kv: KVCache):
        self._batch = batch
        self._kv = kv
        self._images_next = False  # where a batch takes one kind only
        self._answers_at = 0.0  # when the running answers last got a token

    def plan(self, active: list[Request], warm: Sequence | None, answers_may_wait: Callable[[], bool]) -> list[Part]:
        """Of the prompts as much as the batch has room for. ``warm`` is prefilled while nobody asks.

        ``answers_may_wait``: as long as nobody needs to know what comes out of them, a GPU works through pieces of images
        without a pause for the host to plan the next one, and running answers stand still for _TOKEN_EVERY at the most.
        """
        batch, parts = self._batch, []
        answering = [request for request in active if request.answering][: batch.capacity]
        batch.clear(reserved=len(answering))
        drafting = len(active) <= _MOST_DRAFTING
        feeds = self._feeds(active, warm)
        for sequence, request in feeds if batch.mixes else self._of_one_kind(feeds, bool(answering)):
            if batch.room <= 0 or not batch.output_room:
                break
            if sequence.next_is_image:
                parts += self._add_image(sequence, active)
            else:
                parts.append(self._add_text(sequence, request, drafting))
        if batch.has_images:
            if not batch.mixes:
                return parts
            if not batch.outputs and time.monotonic() - self._answers_at < _TOKEN_EVERY and answers_may_wait():
                return parts
        for request in answering:
            batch.reserved -= 1
            parts.append(self._add_text(request.sequence, request, drafting))
        self._answers_at = time.monotonic()
        return parts

    def images_left(self, active: list[Request], warm: Sequence | None, parts: list[Part]) -> int:
        """How many images still lack cells once these parts are decoded."""
        taken = {part.sequence.seq_id: part.count for part in parts}
        return sum(
            sequence.image_cells_left > taken.get(sequence.seq_id, 0) for sequence, _ in self._feeds(active, warm)
        )

    def _feeds(self, active: list[Request], warm: Sequence | None) -> Iterator[tuple[Sequence, Request | None]]:
        """Sequences whose prompts lack cells, each once: the questions' and those of the frames that they wait for."""
        seen = set()
        for request in active:
            sequence = request.sequence
            if request.begun:
                continue
            while sequence.waiting:
                sequence, request = sequence.base, None
            if sequence.seq_id in seen:
                continue
            seen.add(sequence.seq_id)
            if not sequence.attached:
                self._kv.attach(sequence)
            if not sequence.ready:
                yield sequence, request
        if warm is not None and not active:
            yield warm, None

    def _of_one_kind(
        self, feeds: Iterator[tuple[Sequence, Request | None]], answering: bool
    ) -> list[tuple[Sequence, Request | None]]:
        """Where a batch takes text or images, in turns."""
        feeds = list(feeds)
        kinds = {sequence.next_is_image for sequence, _ in feeds}
        if answering:
            kinds.add(False)
        if len(kinds) == 2:
            self._images_next = not self._images_next
            feeds = [feed for feed in feeds if feed[0].next_is_image == self._images_next]
        return feeds

    def _add_text(self, sequence: Sequence, request: Request | None, drafting: bool) -> Part:
        """Puts the sequence's next tokens into the batch; ``request`` is whose prompt or answer they are."""
        batch = self._batch
        tokens, guess = sequence.next_tokens(batch.room), []
        if request is not None and sequence.cells + len(tokens) < sequence.layout.cells:
            request = None
        if drafting and request is not None and request.answering:
            guess = request.guess[: min(batch.room, batch.output_room) - 1]
        outputs = len(guess) + (request is not None)
        start = batch.add_tokens(tokens + guess, sequence.position, sequence.seq_id, outputs)
        return Part(sequence, len(tokens), request, start + len(tokens) - 1, guess)

    def _add_image(self, sequence: Sequence, active: list[Request]) -> list[Part]:
        """Likewise with a piece of an image. Behind the last one of a frame the words of all questions that wait for it follow
        at once."""
        batch = self._batch
        embeddings, positions = sequence.next_embeddings(batch.room)
        count, followers = len(embeddings), []
        if batch.mixes and sequence.cells + count == sequence.layout.cells:
            followers = [
                request for request in active if request.sequence.base is sequence and not request.sequence.attached
            ]
        for request in followers:
            self._kv.attach_early(request.sequence)
        batch.add_embeddings(
            embeddings, positions, [sequence.seq_id, *(request.sequence.seq_id for request in followers)]
        )
        parts = [Part(sequence, count)]
        for request in followers:
            fits = batch.room and batch.output_room
            parts.append(self._add_text(request.sequence, request, False) if fits else Part(request.sequence))
        return parts

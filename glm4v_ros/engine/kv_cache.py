"""Who has which cells: running requests, and frames and sessions that are kept for the next question."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection

from glm4v_ros.engine.layout import Layout
from glm4v_ros.engine.sequence import Sequence
from glm4v_ros.llama.language_model import SCRATCH, LanguageModel

_RUSH = 4  # new frames at once from which on it does not pay to keep old ones


class KVCache:
    """Gives out sequences and cells. Least recently used idle sequences make room, never one in use."""

    def __init__(self, model: LanguageModel, most_idle: int):
        """``most_idle``: cells that idle sequences may keep."""
        self._model = model
        self._most_idle = most_idle
        self._free_ids, self._greedy_ids, self._scratch_ids = _all_ids(model)
        self._sequences: list[Sequence] = []
        self._clock = itertools.count(1)
        #: Grows whenever ``frame_keys`` may have changed.
        self.changes = 0

    @property
    def capacity(self) -> int:
        return self._model.context_tokens

    @property
    def used(self) -> int:
        return sum(sequence.reserved for sequence in self._sequences)

    @property
    def kept(self) -> int:
        """Cells of frames and sessions."""
        return sum(sequence.reserved for sequence in self._sequences if sequence.kept)

    @property
    def idle(self) -> int:
        """Cells of frames and sessions that nothing but other such ones uses now."""
        needed, behind = set(), Counter(id(sequence.base) for sequence in self._sequences if sequence.kept)
        for sequence in self._sequences:
            if not sequence.kept or sequence.users > behind[id(sequence)]:
                while sequence is not None and id(sequence) not in needed:
                    needed.add(id(sequence))
                    sequence = sequence.base
        return sum(sequence.reserved for sequence in self._sequences if id(sequence) not in needed)

    @property
    def frame_keys(self) -> set[str]:
        """The frames whose image tokens are in cells."""
        kept = [sequence.layout for sequence in self._sequences if sequence.kept and sequence.ready]
        return {key for layout in kept for key in layout.frame_keys}

    def match(self, layout: Layout, words: bool = True) -> tuple[Sequence | None, int]:
        """The kept sequence that begins as ``layout`` does for the most cells, and how many: no ``words`` behind its frames unless
        they are wanted, and never all, since an answer needs the logits of a last token."""
        best, shared, most = None, 0, layout.cells - 1 if words else min(layout.cells - 1, layout.frame_cells)
        for sequence in self._sequences:
            if sequence.kept and sequence.ready:
                common = min(sequence.layout.common(layout), most)
                if common > shared:
                    best, shared = sequence, common
        return best, shared

    def building(self, layout: Layout) -> Sequence | None:
        """A sequence in the making that will hold all of ``layout``."""
        for sequence in self._sequences:
            if sequence.kept and not sequence.ready and sequence.layout.cells == layout.cells == layout.common(sequence.layout):
                return sequence
        return None

    def allocate(
        self, layout: Layout, extra: int, source: Sequence | None, common: int, *, kept: bool = False, greedy: bool = False
    ) -> Sequence | None:
        """A sequence for ``layout`` and ``extra`` cells more, of which ``source`` has or will have the first
        ``common``.

        ``kept``: it is for others to begin with. ``greedy`` asks for one that is sampled on the device, where there are
        such. None when even without idle sequences there is no room now.
        """
        common = _outside_images(layout, common)
        base = source
        while base is not None and base.layout.cells > common:
            base = base.base  # a few equal words are copied too, but are no reason to hold on to a whole frame
        for holder in (source, base):
            if holder is not None:
                holder.users += 1
        if base is not None:
            self._touch(base)
        shared = base.layout.cells if base is not None else 0
        sequence = None
        if self._make_room(layout.cells - shared + extra, 1):
            if kept:
                self.trim(layout.cells - shared)
            on_device = greedy and bool(self._greedy_ids)
            seq_id = (self._greedy_ids if on_device else self._free_ids).pop()
            sequence = Sequence(seq_id, layout, base, shared, layout.cells - shared + extra, on_device)
            sequence.kept = kept
            self._sequences.append(sequence)
            self._touch(sequence)
            if source is not None and source.ready:
                self._model.copy(source.seq_id, sequence.seq_id, layout.position(common))
                sequence.cells = common
            sequence.attached = source is None or source.ready
        if source is not None:
            source.users -= 1
        if base is not None and sequence is None:
            base.users -= 1
        return sequence

    def attach(self, sequence: Sequence) -> None:
        """Shares the cells of the sequence's base, which became ready."""
        self._model.copy(sequence.base.seq_id, sequence.seq_id, sequence.layout.position(sequence.shared))
        sequence.attached = True

    def attach_early(self, sequence: Sequence) -> None:
        """Shares what its base has so far; the rest of it comes in the next decode, for both. Should that fail, ``remove_tail``
        takes it back."""
        self._model.copy(sequence.base.seq_id, sequence.seq_id)

    def begin_piece(self, sequence: Sequence) -> int | None:
        """The id under which the next piece of an image is to be decoded; None when all such ids are in use. The cells of an
        image share one position, by which llama.cpp could only remove them all together: under an id of its own, a piece whose
        decode fails leaves those before it alone. ``end_piece`` must follow."""
        if not self._scratch_ids:
            return None
        scratch = self._scratch_ids.pop()
        self._model.copy(sequence.seq_id, scratch)
        return scratch

    def end_piece(self, sequence: Sequence, scratch: int, decoded: bool) -> None:
        if decoded:
            self._model.copy(scratch, sequence.seq_id)
        self._model.remove(scratch)
        self._scratch_ids.append(scratch)

    def remove_tail(self, sequence: Sequence) -> None:
        """What lies behind its cells, after a decode that failed."""
        self._model.remove(sequence.seq_id, sequence.position if sequence.attached else 0)

    def take_ids(self, count: int) -> list[int]:
        """Up to ``count`` sequence ids for a moment; ``give_ids`` returns them emptied."""
        self._make_room(0, count)
        taken, self._free_ids = self._free_ids[:count], self._free_ids[count:]
        return taken

    def give_ids(self, ids: list[int]) -> None:
        for seq_id in ids:
            self._model.remove(seq_id)
        self._free_ids += ids

    def keep(self, sequence: Sequence, cells: int) -> None:
        """Leaves the first ``cells`` cells, which are filled, of a finished sequence for whoever begins the same way."""
        sequence.layout, sequence.cells = sequence.layout.head(cells), cells
        self.remove_tail(sequence)
        if sequence.on_device and self._make_room(0, 1):
            greedy, sequence.seq_id = sequence.seq_id, self._free_ids.pop()
            self._model.copy(greedy, sequence.seq_id, sequence.layout.positions)
            self._free(greedy)
            sequence.on_device = False
        sequence.kept = True
        sequence.reserved = sequence.layout.cells - sequence.shared
        self.changes += 1
        self._touch(sequence)

    def supersede(self, old: Sequence | None, new: Sequence) -> None:
        """``new`` goes on from ``old``, which nobody needs any more."""
        if old is None or not old.alive:
            return
        if new.base is old:  # what both share is now the newer one's own
            new.base, new.shared = old.base, min(old.shared, new.shared)
            new.reserved = new.layout.cells - new.shared
            old.users -= 1
            if new.base is not None:
                new.base.users += 1
        if not old.users:
            self.release(old)

    def release(self, sequence: Sequence) -> None:
        """Takes the sequence out of its cells."""
        if not sequence.alive:
            return
        assert not sequence.users
        self.changes += sequence.kept
        sequence.alive = sequence.kept = False
        self._free(sequence.seq_id)
        self._sequences.remove(sequence)
        base = sequence.base
        if base is not None:
            base.users -= 1
            if not base.ready and not base.users:  # nobody waits for it any more
                self.release(base)

    def trim(self, coming: int = 0) -> None:
        """Lets idle sequences go until they keep no more than they may, with so many cells more that are to be kept: those then
        lie where the old ones lay, and attention takes time for every cell up to the highest in use."""
        while self.idle + coming > self._most_idle and self._evict():
            pass

    def make_way(self, asked: Collection[str], spared: Collection[str]) -> None:
        """In a rush of new frames lets those go that nobody asks about and that are not ``spared``: attention takes time for every
        cell up to the highest in use, whoever's it is. Their embeddings stay in RAM."""
        if len(set(asked) - self.frame_keys) < _RUSH:
            return
        for sequence in self._sequences[::-1]:  # words before the frame that they follow
            if sequence.idle and not sequence.layout.frame_keys.intersection((*asked, *spared)):
                self.release(sequence)

    def clear(self) -> None:
        """Only with nothing running: lets everything go, so that what follows lies as in a fresh context."""
        while self._evict():
            pass
        assert not self._sequences
        self._free_ids, self._greedy_ids, self._scratch_ids = _all_ids(self._model)
        self._model.clear()

    def _touch(self, sequence: Sequence) -> None:
        sequence.last_used = next(self._clock)

    def _free(self, seq_id: int) -> None:
        self._model.remove(seq_id)
        (self._greedy_ids if seq_id in self._model.greedy_sequences else self._free_ids).append(seq_id)

    def _make_room(self, cells: int, ids: int) -> bool:
        """Evicts what it must, and nothing at all when that would not be enough."""
        if self.used - self.idle + cells > self.capacity:
            return False
        while (self.used + cells > self.capacity or len(self._free_ids) < ids) and self._evict():
            pass
        return self.used + cells <= self.capacity and len(self._free_ids) >= min(ids, 1)

    def _evict(self) -> bool:
        idle = [sequence for sequence in self._sequences if sequence.idle]
        if idle:
            self.release(min(idle, key=lambda sequence: sequence.last_used))
        return bool(idle)


def _all_ids(model: LanguageModel) -> tuple[list[int], list[int], list[int]]:
    """Of sequences that are sampled on the host, of those on the device, and of pieces of images."""
    greedy, scratch = model.greedy_sequences, range(model.sequences - SCRATCH, model.sequences)
    return [seq_id for seq_id in range(scratch.start) if seq_id not in greedy], list(greedy), list(scratch)


def _outside_images(layout: Layout, cells: int) -> int:
    """The last border at or before ``cells`` that does not cut an image."""
    if cells >= layout.cells:
        return cells
    segment, start = layout.segment_at(cells)
    return cells if hasattr(segment, "tokens") else cells - start

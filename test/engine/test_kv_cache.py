"""The bookkeeping of cells, against a model that only remembers who is in which cell."""

import random

import pytest
from asking import image_run

from glm4v_ros.engine.kv_cache import KVCache
from glm4v_ros.engine.layout import Layout
from glm4v_ros.llama.language_model import SCRATCH
from glm4v_ros.vision.tower import ImageTokens


class Cells:
    """llama.cpp's KV cache as far as it matters here: a set of (content, position) per sequence."""

    context_tokens, sequences, greedy_sequences = 200, 12 + SCRATCH, range(2)

    def __init__(self):
        self.held = {}

    def fill(self, sequence):
        """What a decode would do for all that is missing."""
        held = self.held.setdefault(sequence.seq_id, {})
        for cell in range(sequence.cells, sequence.layout.cells):
            held[cell] = (id(object()), sequence.layout.position(cell))
        sequence.cells = sequence.layout.cells

    def copy(self, source, target, end=10**9):
        copied = {cell: held for cell, held in self.held.get(source, {}).items() if held[1] < end}
        self.held.setdefault(target, {}).update(copied)

    def remove(self, seq_id, start=0):
        self.held[seq_id] = {cell: held for cell, held in self.held.get(seq_id, {}).items() if held[1] < start}

    def clear(self):
        self.held = {}

    @property
    def used(self):
        return len({(cell, held) for sequence in self.held.values() for cell, held in sequence.items()})


def layout(key, words=(), head=(1, 2, 3), cells=20):
    result = Layout()
    result.add_tokens(head)
    result.add_image(key, 0, ImageTokens((image_run(cells, 5),)))
    result.add_tokens(words)
    return result


def kept(kv, cells, what):
    sequence = kv.allocate(what, 0, *kv.match(what))
    cells.fill(sequence)
    kv.keep(sequence, sequence.cells)
    return sequence


def test_a_question_shares_its_frame():
    cells = Cells()
    kv = KVCache(cells, 100)
    frame = kept(kv, cells, layout("a"))
    one = layout("a", (7, 8))
    assert kv.match(one) == (frame, 23)
    sequence = kv.allocate(one, 10, frame, 23)
    assert sequence.cells == 23 and sequence.reserved == 12 and frame.users == 1
    assert sequence.position == 3 + 5 and sequence.next_tokens(10) == [7, 8]
    cells.fill(sequence)
    assert cells.used == 25 and kv.used == 35
    kv.release(sequence)
    assert frame.idle and cells.used == 23 == kv.used


def test_equal_words_are_no_reason_to_hold_on_to_a_frame():
    cells = Cells()
    kv = KVCache(cells, 200)
    first = kept(kv, cells, layout("a"))
    second = kept(kv, cells, layout("b"))
    assert first.idle and second.idle and second.base is None
    assert second.reserved == 23


def test_the_least_recently_used_goes_first_and_never_one_in_use():
    cells = Cells()
    kv = KVCache(cells, 200)
    frames = [kept(kv, cells, layout(key, cells=50)) for key in "abc"]
    again = layout("a", (9,), cells=50)
    kv.release(kv.allocate(again, 0, *kv.match(again)))
    user = layout("b", (9,), cells=50)
    running = kv.allocate(user, 4, *kv.match(user))
    assert kv.allocate(layout("d", cells=50), 0, None, 0) is not None
    assert [frame.alive for frame in frames] == [True, True, False]
    assert kv.allocate(layout("e", cells=140), 0, None, 0) is None
    kv.release(running)


def test_idle_cells_have_a_limit():
    cells = Cells()
    kv = KVCache(cells, 50)
    frames = [kept(kv, cells, layout(key)) for key in "abc"]
    kv.trim()
    assert [frame.alive for frame in frames] == [False, True, True]


def test_a_frame_with_words_behind_it_is_as_idle_as_they_are():
    cells = Cells()
    kv = KVCache(cells, 50)
    frames = []
    for key in "abc":
        frames.append(kept(kv, cells, layout(key)))
        kept(kv, cells, layout(key, (7, 8)))
    question = layout("c", (7, 9))
    running = kv.allocate(question, 4, *kv.match(question))
    assert kv.idle == 2 * 25 + 2  # all but the frame in use, whose words are not
    kv.release(running)
    assert kv.idle == 3 * 25
    kv.trim()
    assert [frame.alive for frame in frames] == [False, True, True] and kv.idle == kv.used == 50


def test_what_would_pass_the_limit_leaves_before_a_new_frame_is_placed():
    cells = Cells()
    kv = KVCache(cells, 50)
    frames = [kept(kv, cells, layout(key)) for key in "ab"]
    question = layout("a", (9,))
    running = kv.allocate(question, 4, *kv.match(question))
    assert kv.allocate(layout("c", cells=200), 0, None, 0, kept=True) is None
    assert [frame.alive for frame in frames] == [True, True]  # nothing leaves for what cannot come
    new = kv.allocate(layout("c"), 0, None, 0, kept=True)
    assert [frame.alive for frame in frames] == [True, True] and new.idle  # 46 cells, of which 23 are in use
    new = kv.allocate(layout("d"), 0, None, 0, kept=True)
    assert [frame.alive for frame in frames] == [True, False]
    kv.release(running)
    assert kv.idle > 50
    kv.trim()
    assert kv.idle <= 50 and new.alive


def test_in_a_rush_those_that_nobody_asks_about_leave_and_never_one_in_use():
    cells = Cells()
    kv = KVCache(cells, 200)
    frames = [kept(kv, cells, layout(key)) for key in "abc"]
    user = layout("b", (9,))
    kv.allocate(user, 4, *kv.match(user))
    kv.make_way("cdef", ())  # three new ones
    assert all(frame.alive for frame in frames)
    kv.make_way("defg", "c")
    assert [frame.alive for frame in frames] == [False, True, True]


def test_in_a_rush_words_leave_together_with_the_frame_that_they_follow():
    cells = Cells()
    kv = KVCache(cells, 200)
    frame, words = kept(kv, cells, layout("a")), kept(kv, cells, layout("a", (7, 8)))
    kv.make_way("bcde", ())
    assert not frame.alive and not words.alive and cells.used == kv.used == 0


def test_what_is_kept_may_be_less_than_what_was_filled():
    cells = Cells()
    kv = KVCache(cells, 200)
    whole = kv.allocate(layout("a", (7, 8, 9)), 5, None, 0)
    cells.fill(whole)
    kv.keep(whole, 24)
    assert cells.used == kv.used == 24 and kv.match(layout("a", (7, 8, 9))) == (whole, 24)


def test_a_conversation_moves_on_without_its_older_self():
    cells = Cells()
    kv = KVCache(cells, 200)
    frame = kept(kv, cells, layout("a"))
    first = kept(kv, cells, layout("a", (7, 8)))
    longer = layout("a", (7, 8, 9))
    second = kv.allocate(longer, 0, *kv.match(longer))
    assert second.base is first and second.reserved == 1
    cells.fill(second)
    kv.keep(second, second.cells)
    kv.supersede(first, second)
    assert not first.alive and second.base is frame and second.reserved == 3 and frame.users == 1
    assert cells.used == kv.used == 26


def test_a_frame_that_nobody_waits_for_any_more_is_given_up():
    cells = Cells()
    kv = KVCache(cells, 200)
    head = layout("a")
    prefix = kv.allocate(head, 0, None, 0)
    prefix.kept = True
    waiting = [kv.allocate(layout("a", (word,)), 0, prefix, 23) for word in (7, 8)]
    assert kv.building(layout("a")) is prefix and all(sequence.waiting for sequence in waiting)
    kv.release(waiting[0])
    assert prefix.alive
    kv.release(waiting[1])
    assert not prefix.alive and kv.used == 0


@pytest.mark.parametrize("decoded", [True, False])
def test_a_piece_of_an_image_comes_as_a_whole_or_not_at_all_and_leaves_those_before_it_alone(decoded):
    cells = Cells()
    kv = KVCache(cells, 200)
    sequence = kv.allocate(layout("a"), 0, None, 0)
    cells.held[sequence.seq_id] = {cell: (f"old {cell}", 3) for cell in range(10)}
    scratch = kv.begin_piece(sequence)
    cells.held[scratch].update({cell: (f"new {cell}", 3) for cell in range(10, 14)})
    kv.end_piece(sequence, scratch, decoded)
    assert len(cells.held[sequence.seq_id]) == (14 if decoded else 10) and not cells.held[scratch]
    taken = [kv.begin_piece(sequence) for _ in range(SCRATCH)]
    assert None not in taken and kv.begin_piece(sequence) is None


def test_never_more_cells_than_there_are():
    """What is counted is never less than what is held, whatever happens in whatever order."""
    drawn, cells = random.Random(0), Cells()
    kv = KVCache(cells, 120)
    running = []
    for _ in range(3000):
        if running and drawn.random() < 0.5:
            sequence = running.pop(drawn.randrange(len(running)))
            if not sequence.waiting and drawn.random() < 0.5:
                if not sequence.attached:
                    kv.attach(sequence)
                cells.fill(sequence)
                kv.keep(sequence, drawn.randint(sequence.shared, sequence.cells))
            else:
                kv.release(sequence)
        else:
            words = tuple(drawn.randrange(2) for _ in range(drawn.randrange(1, 12)))
            key = drawn.choice("abcdef")
            what = layout(key, words, cells=20 + ord(key) % 11)
            sequence = kv.allocate(what, drawn.randrange(10), *kv.match(what))
            if sequence is not None:
                running.append(sequence)
        kv.trim()
        assert cells.used <= kv.used <= kv.capacity
    for sequence in running:
        kv.release(sequence)
    kv.clear()
    assert cells.used == kv.used == 0

"""Who holds which frame, with an encoder that does what it is told."""

import pytest

from glm4v_ros.engine.frame_store import MOST, FrameStore
from glm4v_ros.engine.messages import Encoded, Evicted
from glm4v_ros.errors import BadImage


class Image:
    def __init__(self, nbytes=1024):
        self.nbytes = nbytes


class Shared:
    def __init__(self, key):
        self.key = key


class Encoder:
    busy = False

    def __init__(self):
        self.jobs = []

    def submit(self, job):
        self.jobs.append(job)

    def look(self):
        pass


@pytest.fixture
def encoder():
    return Encoder()


def hold(store, key, owner, order=(0, 0)):
    return store.hold((key, 0), owner, order, Shared(key))


def encode(store, encoder, job=None):
    job = job or encoder.jobs.pop(0)
    job.image = Image()
    return store.ended(job)


def test_a_frame_is_encoded_once_for_all_who_want_it(encoder):
    store = FrameStore(1 << 20, encoder)
    assert hold(store, "a", "first", (0, 1)) is None and hold(store, "a", "second", (-5, 2)) is None
    assert len(encoder.jobs) == 1 and encoder.jobs[0].priority == (-5, 2)
    store.drop("second")
    assert encoder.jobs[0].priority == (0, 1) and not encoder.jobs[0].unwanted
    assert encode(store, encoder) == ["first"]
    assert hold(store, "a", "third") is not None and not encoder.jobs


def test_work_that_nobody_waits_for_ends_and_begins_anew_when_somebody_does(encoder):
    store = FrameStore(1 << 20, encoder)
    hold(store, "a", "first")
    store.drop("first")
    left = encoder.jobs.pop()
    assert left.unwanted
    hold(store, "a", "second")
    assert len(encoder.jobs) == 1
    assert store.ended(left) == []  # stopped
    assert encode(store, encoder) == ["second"]


def test_an_error_is_told_to_its_owners(encoder):
    store = FrameStore(1 << 20, encoder)
    hold(store, "a", "first")
    job = encoder.jobs.pop()
    job.error = BadImage("?")
    assert store.ended(job) == ["first"] and not store.keys


def test_the_one_unused_for_longest_goes_when_the_bytes_are_passed(encoder):
    store = FrameStore(4 * 1024, encoder)
    for key in "abcd":
        hold(store, key, key)
        encode(store, encoder)
        store.drop(key)
    store.get(("a", 0))
    hold(store, "e", "e")
    encode(store, encoder)
    assert store.keys == set("acde") and store.nbytes == 4 * 1024


def test_small_images_do_not_fill_a_large_limit(encoder):
    store = FrameStore(1 << 30, encoder)
    for number in range(MOST + 7):
        hold(store, str(number), number)
        encode(store, encoder)
        store.drop(number)
    assert store.keys == {str(number) for number in range(7, MOST + 7)}


def test_what_has_an_owner_stays(encoder):
    store = FrameStore(0, encoder)
    hold(store, "a", "request")
    encode(store, encoder)
    store.keep(("a", 0), "session", store.get(("a", 0)))
    store.drop("request")
    assert store.keys == {"a"} == store.kept_keys and store.too_much_kept
    store.drop("session")
    assert not store.keys and not store.too_much_kept and store.nbytes == 0


def test_what_is_new_is_told_once(encoder):
    store, told = FrameStore(1 << 20, encoder), []
    hold(store, "a", "request")
    encode(store, encoder)
    assert store.changed
    store.tell({"b"}, told.append)
    assert sorted(told, key=str) == sorted([Encoded("a"), Encoded("b")], key=str) and not store.changed
    store.tell({"a"}, told.append)
    assert told[2:] == [Evicted("b")]

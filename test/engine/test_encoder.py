import queue
import threading

import pytest

from glm4v_ros.engine.encoder import EncodeJob, Encoder
from glm4v_ros.errors import ErrorCode, OutOfMemory

PATIENCE = 30


class Tower:
    """Encodes when it is told to."""

    def __init__(self):
        self.loaded = False
        self.encoded = []
        self.threads = set()
        self.go_on = threading.Semaphore(0)
        self.error = None

    def load(self):
        self.loaded = True

    def free(self):
        self.loaded = False

    def encode(self, frame, budget, should_stop):
        self.threads.add(threading.current_thread())
        assert self.go_on.acquire(timeout=PATIENCE)
        if self.error:
            raise self.error
        self.encoded.append(frame)
        return f"tokens of {frame}"


class Shared:
    def __init__(self, key):
        self.key = key

    def frame(self):
        return self.key


@pytest.fixture
def tower():
    return Tower()


@pytest.fixture
def changes():
    return queue.SimpleQueue()


def make(tower, changes, resident=True) -> Encoder:
    return Encoder(tower, resident, lambda job: changes.put((job, job.started)))


def ended(changes) -> EncodeJob:
    while True:
        job, started = changes.get(timeout=PATIENCE)
        if not started:
            return job


def test_jobs_go_by_priority_and_the_unwanted_are_discarded(tower, changes):
    encoder = make(tower, changes)
    jobs = {name: EncodeJob(Shared(name), 0, (priority,)) for name, priority in (("first", 9), ("late", 3), ("soon", 1), ("never", 0))}
    encoder.submit(jobs["first"])
    assert changes.get(timeout=PATIENCE) == (jobs["first"], True)
    for name in ("late", "soon", "never"):
        encoder.submit(jobs[name])
    jobs["never"].unwanted = True
    encoder.look()
    assert changes.get(timeout=PATIENCE) == (jobs["never"], False) and jobs["never"].image is None
    tower.go_on.release(3)
    assert [ended(changes) for _ in range(3)] == [jobs["first"], jobs["soon"], jobs["late"]]
    assert tower.encoded == ["first", "soon", "late"] and jobs["late"].image == "tokens of late"


@pytest.mark.parametrize("resident", [True, False])
def test_the_thread_ends_with_the_last_job(tower, changes, resident):
    """With it its OpenMP threads, in whose company those of the decode would sleep at every node."""
    encoder = make(tower, changes, resident)
    for name in ("one", "two"):
        encoder.submit(EncodeJob(Shared(name), 0, (0,)))
        tower.go_on.release()
        assert ended(changes).image
        for thread in tower.threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()
        assert not encoder.busy and tower.loaded == resident
    assert len(tower.threads) == 2


@pytest.mark.parametrize(
    "error, code",
    [(OutOfMemory("no room"), ErrorCode.OUT_OF_MEMORY), (MemoryError(), ErrorCode.OUT_OF_MEMORY), (ValueError("?"), ErrorCode.ENGINE_FAILED)],
)
def test_an_error_ends_a_job_and_not_the_encoder(tower, changes, error, code):
    encoder = make(tower, changes)
    tower.error = error
    encoder.submit(EncodeJob(Shared("bad"), 0, (0,)))
    tower.go_on.release()
    assert ended(changes).error.code == code
    tower.error = None
    encoder.submit(EncodeJob(Shared("good"), 0, (0,)))
    tower.go_on.release()
    assert ended(changes).image == "tokens of good"

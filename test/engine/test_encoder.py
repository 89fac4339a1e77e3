import queue
import threading

import cv2
import pytest
from asking import PATIENCE

from glm4v_ros.engine.encoder import EncodeJob, Encoder
from glm4v_ros.errors import EngineFailed, HostOutOfMemory, OutOfMemory


class Tower:
    """Encodes when it is told to."""

    def __init__(self):
        self.loaded = False
        self.encoded = []
        self.go_on = threading.Semaphore(0)
        self.error = None

    def load(self):
        self.loaded = True

    def free(self):
        self.loaded = False

    def encode(self, frame, budget, should_stop):
        assert self.go_on.acquire(timeout=PATIENCE)
        if self.error:
            raise self.error
        self.encoded.append(frame)
        return f"tokens of {frame}"


def opencv_error(code: int) -> cv2.error:
    error = cv2.error("as OpenCV raises it")
    error.code = code
    return error


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
    tower.go_on.release(3)
    assert [ended(changes) for _ in range(4)] == [jobs[name] for name in ("first", "never", "soon", "late")]
    assert jobs["never"].image is None and jobs["never"].error is None
    assert tower.encoded == ["first", "soon", "late"] and jobs["late"].image == "tokens of late"


@pytest.mark.parametrize("resident", [True, False])
def test_without_work_the_tower_is_freed_if_asked_for_and_threads_end(tower, changes, resident, monkeypatch):
    rested = threading.Semaphore(0)
    monkeypatch.setattr("glm4v_ros.engine.encoder.openmp.end_threads", rested.release)
    encoder = make(tower, changes, resident)
    assert rested.acquire(timeout=PATIENCE)
    for name in ("one", "two"):
        encoder.submit(EncodeJob(Shared(name), 0, (0,)))
        tower.go_on.release()
        assert ended(changes).image
        assert rested.acquire(timeout=PATIENCE)
        assert not encoder.busy and tower.loaded == resident


@pytest.mark.parametrize(
    "error, kind",
    [
        (OutOfMemory("no room"), OutOfMemory),
        (MemoryError(), HostOutOfMemory),
        (opencv_error(cv2.Error.StsNoMem), HostOutOfMemory),
        (opencv_error(cv2.Error.StsBadArg), EngineFailed),
        (ValueError("?"), EngineFailed),
    ],
)
def test_an_error_ends_a_job_and_not_the_encoder(tower, changes, error, kind):
    encoder = make(tower, changes)
    tower.error = error
    encoder.submit(EncodeJob(Shared("bad"), 0, (0,)))
    tower.go_on.release()
    assert type(ended(changes).error) is kind
    tower.error = None
    encoder.submit(EncodeJob(Shared("good"), 0, (0,)))
    tower.go_on.release()
    assert ended(changes).image == "tokens of good"


def test_an_unwanted_job_is_not_encoded(tower, changes):
    encoder = make(tower, changes)
    job = EncodeJob(Shared("left"), 0, (0,))
    job.unwanted = True
    encoder.submit(job)
    assert ended(changes) is job and not tower.encoded


def test_a_pause_holds_back_the_next_job_and_keeps_the_tower(tower, changes):
    encoder = make(tower, changes, resident=False)
    jobs = [EncodeJob(Shared(name), 0, (0,)) for name in ("one", "two")]
    for job in jobs:
        encoder.submit(job)
    assert changes.get(timeout=PATIENCE) == (jobs[0], True)
    encoder.pause(True)
    tower.go_on.release(2)
    assert ended(changes) is jobs[0]
    jobs.append(EncodeJob(Shared("left"), 0, (0,)))
    jobs[2].unwanted = True
    encoder.submit(jobs[2])
    assert ended(changes) is jobs[2]  # so it has looked, and passed over the other one
    assert tower.encoded == ["one"] and tower.loaded
    encoder.pause(False)
    assert ended(changes) is jobs[1]

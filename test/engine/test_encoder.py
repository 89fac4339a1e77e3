import queue
import threading

import pytest

from glm4v_ros.engine import encoder as module
from glm4v_ros.engine.encoder import EncodeJob, Encoder, EncoderThread
from glm4v_ros.errors import ErrorCode, OutOfMemory
from glm4v_ros.vision.tower import EncodeStopped

PATIENCE = 30


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


def make(tower, changes, resident=True) -> EncoderThread:
    return EncoderThread(tower, resident, lambda job: changes.put((job, job.started)))


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
def test_without_work_the_tower_is_freed_if_asked_for(tower, changes, resident, monkeypatch):
    rested = threading.Semaphore(0)
    rest = EncoderThread._rest
    monkeypatch.setattr(EncoderThread, "_rest", lambda encoder: (rest(encoder), rested.release()))
    encoder = make(tower, changes, resident)
    assert rested.acquire(timeout=PATIENCE)
    for name in ("one", "two"):
        encoder.submit(EncodeJob(Shared(name), 0, (0,)))
        tower.go_on.release()
        assert ended(changes).image
        assert rested.acquire(timeout=PATIENCE)
        assert not encoder.busy and tower.loaded == resident


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


def test_an_unwanted_job_is_not_encoded(tower, changes):
    encoder = make(tower, changes)
    job = EncodeJob(Shared("left"), 0, (0,))
    job.unwanted = True
    encoder.submit(job)
    assert ended(changes) is job and not tower.encoded


# In the caller's thread.


class SteppingTower(Tower):
    """Asks whether to stop at each of its nodes."""

    nodes = 3

    def encode(self, frame, budget, should_stop):
        for _ in range(self.nodes):
            if should_stop():
                raise EncodeStopped
        self.encoded.append(frame)
        return f"tokens of {frame}"


class Caller:
    """Has an encoder, and counts how often it could do something else."""

    def __init__(self, resident=True):
        self.tower = SteppingTower()
        self.changes: list[tuple[EncodeJob, bool]] = []
        self.times = 0
        self.deed = lambda: None
        self.encoder = Encoder(self.tower, resident, lambda job: self.changes.append((job, job.started)), self.meanwhile)

    def meanwhile(self):
        self.times += 1
        assert self.encoder.working and self.encoder.busy
        self.encoder.work()  # does not begin another frame
        self.deed()

    def submit(self, name, priority=0) -> EncodeJob:
        job = EncodeJob(Shared(name), 0, (priority,))
        self.encoder.submit(job)
        return job


@pytest.fixture(autouse=True)
def always_look(monkeypatch):
    monkeypatch.setattr(module, "_LOOK_EVERY", 0.0)


@pytest.mark.parametrize("resident", [True, False])
def test_one_frame_at_a_time_and_other_things_meanwhile(resident):
    caller = Caller(resident)
    late, soon = caller.submit("late", 3), caller.submit("soon", 1)
    caller.encoder.work()
    assert caller.changes == [(soon, True), (soon, False)] and soon.image == "tokens of soon"
    assert caller.times == SteppingTower.nodes and not caller.encoder.busy and caller.tower.loaded
    caller.encoder.work()
    assert late.image == "tokens of late"
    caller.encoder.work()
    assert caller.tower.loaded == resident and len(caller.changes) == 4


def test_not_more_often_than_is_useful(monkeypatch):
    monkeypatch.setattr(module, "_LOOK_EVERY", 3600.0)
    caller = Caller()
    caller.encoder._looked_at = module.time.monotonic()
    job = caller.submit("one")
    caller.encoder.work()
    assert job.image and not caller.times


def test_a_frame_that_nobody_wants_any_more_is_left():
    caller = Caller()
    job, queued = caller.submit("left", 0), caller.submit("queued", 1)

    def leave():
        job.unwanted = queued.unwanted = True

    caller.deed = leave
    caller.encoder.work()
    caller.encoder.work()
    assert caller.times == 1 and not caller.tower.encoded
    assert caller.changes == [(job, True), (job, False), (queued, False)]


def test_what_goes_wrong_meanwhile_is_not_the_frames_error():
    caller = Caller()
    job = caller.submit("one")

    def fail():
        raise OutOfMemory("of another picture")

    caller.deed = fail
    with pytest.raises(OutOfMemory, match="another"):
        caller.encoder.work()
    assert caller.times == 1 and job.error is None and not caller.encoder.busy
    caller.deed = lambda: None
    next_one = caller.submit("two")
    caller.encoder.work()
    assert next_one.image == "tokens of two"

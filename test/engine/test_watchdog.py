import pytest

from glm4v_ros.engine import watchdog
from glm4v_ros.engine.messages import Beat
from glm4v_ros.engine.watchdog import Watchdog
from glm4v_ros.errors import EngineFailed, OutOfMemory


@pytest.fixture
def clock(clock_of):
    return clock_of(watchdog)


def beat(progress, busy=True, resident_mib=100.0):
    return Beat("decode", busy, progress, resident_mib=resident_mib)


def test_a_worker_that_works_or_has_nothing_to_do_is_left_alone(clock):
    dog = Watchdog(60.0, 0)
    dog.begin()
    for second in range(600):
        clock[0] += 1.0
        dog.take(beat(second) if second < 300 else beat(300, busy=False))
        dog.check()


def test_one_that_stands_still_or_is_silent_is_not(clock):
    dog = Watchdog(60.0, 0)
    dog.begin()
    for _ in range(60):
        clock[0] += 1.0
        dog.take(beat(7))
        dog.check()
    clock[0] += 2.0
    dog.take(beat(7))
    with pytest.raises(EngineFailed, match="no progress"):
        dog.check()
    dog.begin()
    clock[0] += 61.0
    with pytest.raises(EngineFailed, match="sign of life"):
        dog.check()


def test_one_that_takes_too_much_is_told_so(clock):
    dog = Watchdog(0.0, 200)
    dog.begin()
    dog.take(beat(1, resident_mib=201.0))
    with pytest.raises(OutOfMemory, match="memory_limit_mib"):
        dog.check()
    dog.memory_limit_mib = 0
    dog.check()

"""The reader's client with a recogniser that dies, hangs and grows on demand; test_rapid_recogniser.py has RapidOCR."""

import gc
import os
import select
import signal
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytest
import scripted_recogniser as script

from glm4v_ros.errors import NotRead
from glm4v_ros.reader.client import SecondReader
from glm4v_ros.reader.config import ReaderConfig
from glm4v_ros.vision.frame import Frame

PATIENCE = 60


def picture(what=script.READ, level=0):
    rgb = np.zeros((4, 6, 3), np.uint8)
    rgb[0, 0, :2] = what, level
    return Frame(rgb)


def texts(future):
    return [line.text for line in future.result(PATIENCE)]


def why(future):
    error = future.exception(PATIENCE)
    assert isinstance(error, NotRead)
    return str(error)


@pytest.fixture
def reader():
    """Made with the given fields of ReaderConfig."""
    made = []

    def make(**fields):
        made.append(SecondReader(ReaderConfig(recogniser="scripted_recogniser", **fields)))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_no_process_before_the_first_picture_and_each_picture_is_read_once(reader):
    second = reader(max_readings=2)
    assert second.pid == 0
    assert texts(second.read(picture(level=7))) == ["1 7"] and second.pid
    assert texts(second.read(picture(level=7))) == ["1 7"]
    assert texts(second.read(picture(level=8))) == ["2 8"]
    assert texts(second.read(picture(level=7))) == ["1 7"]  # which makes 8 the one that goes
    assert texts(second.read(picture(level=9))) == ["3 9"]
    assert texts(second.read(picture(level=7))) == ["1 7"] and texts(second.read(picture(level=8))) == ["4 8"]


@pytest.mark.parametrize(
    "what, reason",
    [
        (script.DIE, "SIGKILL"),
        (script.HANG, "not done after 1 s"),
        (script.STOP, "not done after 1 s"),
        (script.GROW, "MiB, more than 250"),
    ],
)
def test_a_process_at_fault_is_replaced_for_the_next_picture(reader, what, reason):
    second = reader(timeout=1.0 if what in (script.HANG, script.STOP) else 60, memory_limit_mib=250)
    assert texts(second.read(picture())) == ["1 0"]
    first = second.pid
    assert reason in why(second.read(picture(what)))
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
    assert texts(second.read(picture(level=1))) == ["1 1"] and second.pid != first


@pytest.mark.parametrize("what, reason", [(script.FAIL, "too dark"), (script.RAISE, "a fault")])
def test_a_picture_that_cannot_be_read_costs_no_process(reader, what, reason):
    second = reader()
    assert reason in why(second.read(picture(what)))
    first = second.pid
    assert texts(second.read(picture())) == ["2 0"] and second.pid == first


def test_killed_while_idle(reader):
    second = reader()
    texts(second.read(picture()))
    os.kill(second.pid, signal.SIGKILL)
    os.waitid(os.P_PID, second.pid, os.WEXITED | os.WNOWAIT)
    assert texts(second.read(picture(level=1))) == ["1 1"]


def signal_of(name, tmp_path, monkeypatch):
    """A function that waits until the recogniser comes to the place of this name."""
    fifo = tmp_path / name
    os.mkfifo(fifo)
    monkeypatch.setenv(name, str(fifo))

    def wait():
        with open(fifo):
            pass

    return wait


@pytest.fixture
def begun(tmp_path, monkeypatch):
    """Waits until a picture that hangs or waits is being read."""
    return signal_of("GLM4V_TEST_BEGUN", tmp_path, monkeypatch)


@pytest.fixture
def interrupted(tmp_path, monkeypatch):
    """Waits until a picture that waits was interrupted."""
    return signal_of("GLM4V_TEST_INTERRUPTED", tmp_path, monkeypatch)


def test_cancelled_while_it_is_read(reader, begun):
    second = reader()
    texts(second.read(picture()))
    first = second.pid
    running = second.read(picture(script.WAIT))
    begun()
    assert running.cancel()
    assert texts(second.read(picture(level=1))) == ["3 1"] and second.pid == first


def test_asked_for_again_while_it_is_being_cancelled(reader, begun, interrupted):
    second = reader()
    running = second.read(picture(script.WAIT, 5))
    begun()
    running.cancel()
    interrupted()
    assert texts(second.read(picture(script.WAIT, 5))) == ["2 5"]


def test_one_that_does_not_let_go_is_ended(reader, begun):
    second = reader()
    running = second.read(picture(script.HANG))
    begun()
    assert running.cancel()
    assert texts(second.read(picture(level=1))) == ["1 1"]


def test_two_who_ask_about_one_picture(reader, begun):
    second = reader()
    gate = second.read(picture(script.WAIT))
    begun()
    one, other = second.read(picture(level=3)), second.read(picture(level=3))
    assert one.cancel() and gate.cancel()
    assert texts(other) == ["2 3"]
    assert texts(second.read(picture(level=3))) == ["2 3"]


def test_the_queue_is_bounded(reader, begun):
    second = reader(max_queue=2)
    gate = second.read(picture(script.WAIT))
    begun()
    waiting = [second.read(picture(level=level)) for level in (1, 2)]
    assert "busy" in why(second.read(picture(level=3)))
    gate.cancel()
    assert [texts(future) for future in waiting] == [["2 1"], ["3 2"]]


def test_a_reader_that_cannot_start_says_why(reader, monkeypatch):
    monkeypatch.setenv("GLM4V_TEST_READER", "broken")
    second = reader()
    assert "its model is broken" in why(second.read(picture())) and second.pid == 0
    monkeypatch.delenv("GLM4V_TEST_READER")
    assert texts(second.read(picture())) == ["1 0"]


def test_without_its_packages_it_says_what_to_install(reader, monkeypatch):
    monkeypatch.setattr(script, "missing", lambda: "not installed: pip install it")
    second = reader()
    assert "pip install it" in why(second.read(picture())) and second.pid == 0
    assert not [thread for thread in threading.enumerate() if thread.name == "glm4v-second-reader"]


def test_many_pictures_leave_nothing_behind(reader):
    """Neither their pixels nor a descriptor, in the client and in its process."""
    second = reader(max_readings=4)

    def read(level):
        frame = picture(level=level % 256)
        texts(second.read(frame))
        return weakref.ref(frame)

    def descriptors():
        return [len(os.listdir(f"/proc/{pid}/fd")) for pid in (os.getpid(), second.pid)]

    read(0)
    before = descriptors()
    frames = [read(level) for level in range(1, 201)]
    texts(second.read(picture(level=0)))  # so that the last one is let go of as well
    gc.collect()
    assert not any(frame() for frame in frames)
    assert all(after <= earlier + 2 for after, earlier in zip(descriptors(), before))  # what is on its way


def test_close_ends_what_waits(reader):
    second = reader()
    texts(second.read(picture()))
    running, waiting = second.read(picture(script.WAIT)), second.read(picture(level=1))
    pid = second.pid
    second.close()
    assert {why(running), why(waiting)} <= {"the reading was cancelled", "the second reader was closed"}
    assert "closed" in why(second.read(picture(level=2)))
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


PARENT = """
import sys, time
import numpy as np
import scripted_recogniser as script
from glm4v_ros.reader.client import SecondReader
from glm4v_ros.reader.config import ReaderConfig
from glm4v_ros.vision.frame import Frame

reader = SecondReader(ReaderConfig(recogniser="scripted_recogniser"))
rgb = np.zeros((4, 6, 3), np.uint8)
reader.read(Frame(rgb)).result()
print(reader.pid, flush=True)
rgb[0, 0, 0] = script.STOP
reader.read(Frame(rgb.copy()))
time.sleep(600)
"""


def test_it_ends_with_its_parent_even_when_stopped():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, env=environment) as parent:
        handle = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
    assert select.select([handle], [], [], PATIENCE)[0], "it goes on without its parent"
    os.close(handle)

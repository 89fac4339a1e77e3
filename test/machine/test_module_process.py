"""A module in a process of its own: what comes through, and what happens when one of both ends."""

import os
import signal
import threading

import pytest

from glm4v_ros.machine.module_process import ModuleProcess

ECHO = """
import os, socket, sys, time
from glm4v_ros.machine.channel import Channel

channel = Channel(socket.socket(fileno=int(sys.argv[1])))
while True:
    try:
        message, fds = channel.receive()
    except EOFError:
        sys.exit(7)
    if message == "ignore the end":
        channel.send("as you wish")
        while True:
            time.sleep(60)
    channel.send((message, [os.read(fd, 100) for fd in fds]))
"""


@pytest.fixture
def process(tmp_path, monkeypatch):
    (tmp_path / "echo_of_a_process.py").write_text(ECHO)
    monkeypatch.syspath_prepend(tmp_path)
    process = ModuleProcess("echo_of_a_process", os.environ)
    yield process
    process.kill()
    process.close(patiently=False)


def file_with(content: bytes) -> int:
    fd = os.memfd_create("test")
    os.write(fd, content)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def test_messages_and_descriptors_come_through(process):
    fd = file_with(b"pixels")
    process.send({"number": 1}, [fd])
    process.send("second")
    assert process.receive(60) == ({"number": 1}, [b"pixels"])
    assert process.receive(60) == ("second", [])
    assert not is_open(fd)


def test_nothing_comes(process):
    with pytest.raises(TimeoutError):
        process.receive(0.01)
    process.send("still there")
    assert process.receive(60) == ("still there", [])


def test_descriptors_that_cannot_be_had(process):
    """What was had already is closed, its message is not sent, and the next one is."""
    fd, told, done = file_with(b""), [], threading.Event()

    def descriptors():
        yield fd
        raise OSError("too many open files")

    process.send("lost", descriptors(), lambda error: (told.append(str(error)), done.set()))
    process.send("next")
    assert process.receive(60) == ("next", [])
    assert done.wait(60) and told == ["too many open files"]
    assert not is_open(fd)


def test_it_ends_by_itself_when_nobody_is_there_any_more(process):
    process.hang_up()
    with pytest.raises(EOFError):
        process.receive(60)
    assert process.close() == 7


def test_one_that_does_not_end_is_killed(process):
    process.send("ignore the end")
    assert process.receive(60) == "as you wish"
    assert process.close(patiently=False) == -signal.SIGKILL


def test_a_killed_one(process):
    """Its end is seen; what is sent to it is lost, and no descriptor stays open."""
    made = []

    def descriptors():
        made.append(file_with(b""))
        yield made[-1]

    process.kill()
    with pytest.raises(EOFError):
        process.receive(60)
    for _ in range(3):
        process.send("is anybody there?", descriptors())
    assert process.close() == -signal.SIGKILL
    assert made and not any(map(is_open, made))


def test_a_module_that_does_not_exist():
    process = ModuleProcess("glm4v_ros.no_such_module", os.environ)
    with pytest.raises(EOFError):
        process.receive(60)
    assert process.close() == 1

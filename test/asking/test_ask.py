"""The way of a question where there is no rclpy: an import of it fails."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from asking_double import Asked, Camera, Engine, Picture, activation

from glm4v_ros.asking.ask import ask
from glm4v_ros.asking.ports import Listener
from glm4v_ros.asking.ticket import Ticket
from glm4v_ros.engine.answer import FinishReason
from glm4v_ros.errors import ErrorCode

HERE = Path(__file__)
LONG = 3600.0  # s


def test_all_of_this_runs_where_rclpy_cannot_be_imported():
    """In a process of its own: this one may have imported it for another test."""
    program = (
        "import sys\n"
        "class Blocker:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('rclpy', 'sensor_msgs', 'std_msgs', 'rcl_interfaces'):\n"
        "            raise ImportError(name + ' is blocked')\n"
        "sys.meta_path.insert(0, Blocker())\n"
        "try: import rclpy\n"
        "except ImportError: pass\n"
        "else: sys.exit('nothing is blocked')\n"
        f"import pytest; sys.exit(pytest.main([{str(HERE)!r}, '-q', '-p', 'no:cacheprovider', '-k', 'not all_of_this']))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, cwd=HERE.parents[2])
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " passed" in ran.stdout


@pytest.fixture
def desk():
    """An activation with one camera that has shown a picture."""
    made = activation(cameras={"front": Camera("front", Picture(7))})
    yield made
    made.desk.close()


def start(asked, ticket, made, *listeners):
    """What ask returns in a thread of the desk."""
    return made.desk.submit(ask, asked, ticket, made, listeners)


class Heard(Listener):
    def __init__(self):
        self.told, self.text = [], ""
        self.begun = threading.Event()

    def begin(self, request):
        self.told.append("begin")

    def hear(self, delta):
        self.text += delta.text
        if delta.text:
            self.begun.set()

    def end(self, reply):
        self.told.append("end")


def test_an_answer(desk):
    heard = Heard()
    reply = ask(Asked("what?"), Ticket(), desk, [heard])
    assert reply.error is None and reply.says == "7" and reply.finish_reason is FinishReason.STOP
    assert reply.pictures == (desk.cameras["front"].newest,) and reply.request.question.request_id == reply.request_id
    assert heard.told == ["begin", "end"] and heard.text == "7" and len(desk.desk) == 0


def test_one_that_is_refused_when_it_is_read(desk):
    heard = Heard()
    reply = ask(Asked(""), Ticket(), desk, [heard])
    assert reply.error.code is ErrorCode.BAD_REQUEST and reply.request is None and reply.says == "" and not heard.told


@pytest.mark.parametrize("moment", ["before", "while it waits for a picture", "while it is answered"])
def test_cancel(desk, moment):
    ticket, heard = Ticket(), Heard()
    if moment == "before":
        ticket.cancel()
        reply = ask(Asked("slow"), ticket, desk, [heard])
    else:
        waits = moment == "while it waits for a picture"
        running = start(Asked("slow", not_before=10 if waits else 0), ticket, desk, heard)
        (desk.cameras["front"].asked if waits else heard.begun).wait(60)
        ticket.cancel()
        reply = running.result(60)
    assert reply.error.code is ErrorCode.CANCELED and reply.finish_reason is FinishReason.CANCELED
    assert bool(reply.says) == (moment == "while it is answered")
    assert ask(Asked("what?"), Ticket(), desk).says == "7"


def test_a_picture_is_waited_for(desk):
    camera = desk.cameras["front"]
    running = start(Asked("what?", not_before=8), Ticket(), desk)
    camera.asked.wait(60)
    assert not running.done()
    camera.show(Picture(9))
    assert running.result(60).says == "9" and not camera.listeners


@pytest.mark.parametrize("camera, code", [(Camera("front"), ErrorCode.NO_IMAGE), (Camera("front", Picture(1)), ErrorCode.STALE_IMAGE)])
def test_the_deadline_while_a_picture_is_waited_for(camera, code):
    made = activation(cameras={"front": camera})
    assert ask(Asked("what?", timeout=0.05, not_before=5), Ticket(), made).error.code is code


def test_busy_at_once_and_the_places_are_free_again(desk):
    tickets = [Ticket() for _ in range(desk.desk.limit)]
    heard = [Heard() for _ in tickets]
    running = [start(Asked("slow"), ticket, desk, one) for ticket, one in zip(tickets, heard, strict=True)]
    for one in heard:
        assert one.begun.wait(60)
    replies = [start(Asked("what?"), Ticket(), desk).result(60) for _ in range(50)]
    assert {reply.error.code for reply in replies} == {ErrorCode.BUSY} and replies[0].error.retry_after == Engine.retry_after
    for ticket in tickets:
        ticket.cancel()
    assert {future.result(60).error.code for future in running} == {ErrorCode.CANCELED}
    assert ask(Asked("what?"), Ticket(), desk).says == "7"


def test_closing_ends_what_is_on_its_way_as_not_active(desk):
    heard = Heard()
    running = [start(Asked("slow"), Ticket(), desk, heard), start(Asked("what?", not_before=99), Ticket(), desk)]
    assert heard.begun.wait(60) and desk.cameras["front"].asked.wait(60)
    desk.desk.close()
    for future in running:
        reply = future.result(60)
        assert reply.error.code is ErrorCode.NOT_ACTIVE and reply.says == ""
    assert ask(Asked("what?"), Ticket(), desk).error.code is ErrorCode.NOT_ACTIVE


def test_an_error_that_nobody_foresaw_is_unknown_and_frees_the_place(desk):
    reply = ask(Asked("what?", read=lambda: 1 / 0), Ticket(), desk)
    assert reply.error.code is ErrorCode.UNKNOWN and "ZeroDivisionError" in str(reply.error)
    assert len(desk.desk) == 0 and ask(Asked("what?"), Ticket(), desk).says == "7"


def test_no_memory_in_the_node_is_told_as_that(desk):
    def read():
        raise MemoryError

    assert ask(Asked("what?", read=read), Ticket(), desk).error.code is ErrorCode.OUT_OF_MEMORY


def test_a_session_keeps_what_it_was_shown(desk):
    assert ask(Asked("what?", session_id="s"), Ticket(), desk).says == "7"
    desk.cameras["front"].show(Picture(8))
    assert ask(Asked("and?", session_id="s"), Ticket(), desk).says == "7"
    assert ask(Asked("and?"), Ticket(), desk).says == "8"


def test_an_encoded_picture_is_asked_for(desk):
    ask(Asked("what?"), Ticket(), desk)
    camera = desk.cameras["front"]
    assert camera.is_encoded(camera.newest) is False
    desk.engine.encoded.add(camera.newest.frame(None, "none").key)
    ask(Asked("what?"), Ticket(), desk)
    assert camera.is_encoded(camera.newest) is True and np.array_equal(camera.newest.frame(None, "none").rgb[0, 0], [7, 7, 7])

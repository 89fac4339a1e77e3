"""What is recorded of a question, and a disk that hangs: nobody waits for it longer than the patience."""

import json
import threading
import time

import pytest
from asking_double import Asked, Camera, Picture, activation

from glm4v_ros.asking.ask import ask
from glm4v_ros.asking.ticket import Ticket
from glm4v_ros.asking.witness import Witness
from glm4v_ros.catalog.model import Model
from glm4v_ros.errors import ErrorCode
from glm4v_ros.evidence.log import EvidenceLog
from glm4v_ros.evidence.verify import verify

WHERE = {"robot": "ward 3", "host": "orin-7", "node": "/vqa"}
PATIENCE = 0.2  # s


class HungDisk:
    """statvfs does not return until ``freed`` is set; each caller's thread is noted."""

    def __init__(self, monkeypatch):
        self.freed = threading.Event()
        self.hung = threading.Event()
        self.threads: set[str] = set()
        monkeypatch.setattr(EvidenceLog, "disk_space", self._disk_space)

    def _disk_space(self, *_):
        self.threads.add(threading.current_thread().name)
        self.hung.set()
        self.freed.wait(60)
        return 1 << 40


@pytest.fixture
def witness(tmp_path, monkeypatch):
    for name in ("text", "vision"):
        (tmp_path / f"{name}.gguf").write_bytes(name.encode())
    model = Model("double", tmp_path / "text.gguf", tmp_path / "vision.gguf")
    monkeypatch.setattr("glm4v_ros.asking.witness.LOOK_EVERY", 0.05)
    witness = Witness(EvidenceLog(tmp_path / "evidence", 1 << 30), model, WHERE, patience=PATIENCE)
    yield witness
    witness.close()


@pytest.fixture
def made(witness):
    made = activation(cameras={"front": Camera("front", Picture(7))}, witness=witness)
    yield made
    made.desk.close()


def entries(witness):
    paths = sorted(witness.log.directory.glob("0*/records.jsonl"))
    return [json.loads(line) for path in paths for line in path.read_bytes().splitlines()]


def test_a_record_says_which_robot_host_and_node(made, witness):
    witness.patience = 30.0
    assert ask(Asked("what?"), Ticket(), made).says == "7"
    (entry,) = entries(witness)
    assert {name: entry[name] for name in WHERE} == WHERE and entry["answer"] == "7" and entry["device"] == "paper"


@pytest.mark.parametrize("text, code", [("fail", ErrorCode.ENGINE_FAILED), ("", ErrorCode.BAD_REQUEST), ("\ufffd", ErrorCode.BAD_REQUEST)])
def test_failures_are_recorded(made, witness, text, code):
    witness.patience = 30.0
    reply = ask(Asked(text), Ticket(), made)
    (entry,) = entries(witness)
    assert reply.error.code is code and entry["error"] == code.name and entry["error_msg"] == str(reply.error)
    assert entry["question"] == text and len(entry["pictures"]) == (text == "fail")
    assert verify(witness.log.directory).problems == []


def test_a_question_that_is_refused_as_busy_leaves_no_record(made, witness):
    """A flood of them would fill the log and hold up those that are answered."""
    made.desk.limit = 0
    assert ask(Asked("what?"), Ticket(), made).error.code is ErrorCode.BUSY and entries(witness) == []


def test_a_disk_that_hangs_holds_up_neither_questions_nor_diagnostics(made, witness, monkeypatch):
    disk = HungDisk(monkeypatch)
    assert disk.hung.wait(60)
    deadline = time.monotonic() + 10
    while not witness.trouble:  # never waits itself
        assert time.monotonic() < deadline
    assert "not answered" in witness.trouble
    reply = ask(Asked("what?"), Ticket(), made)
    assert reply.error.code is ErrorCode.ENGINE_FAILED and "disk" in str(reply.error) and not made.engine.questions
    assert disk.threads == {"evidence"}
    disk.freed.set()
    witness.patience = 30.0
    deadline = time.monotonic() + 10
    while witness.trouble:
        assert time.monotonic() < deadline
    assert ask(Asked("what?"), Ticket(), made).says == "7"


def test_what_ends_after_the_log_was_closed_is_no_answer(made, witness):
    witness.close()
    reply = ask(Asked("what?"), Ticket(), made)
    assert reply.says == "" and reply.error.code is ErrorCode.ENGINE_FAILED and "closed" in str(reply.error)

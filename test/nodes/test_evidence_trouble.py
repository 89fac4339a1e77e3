"""The evidence log without room, with a disk that fails or hangs, and off. Each test has a node of its own."""

import threading

import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from evidence_rig import entries, start
from robot import duration, eventually, image, plain
from std_msgs.msg import String
from test_vqa_scripted import RED, code

from glm4v_ros.asking.witness import Witness
from glm4v_ros.errors import ErrorCode
from glm4v_ros.evidence.verify import verify

MIB = 1 << 20


def test_full_and_refuse(tmp_path):
    """Each question ends with OUT_OF_MEMORY before the model sees it; with room again they are answered."""
    rig = start(tmp_path, **{"evidence.max_bytes": MIB})
    try:
        heard = rig.robot.listen(DiagnosticArray, "/diagnostics")
        texts = rig.robot.listen(String, "/vqa/answer_text")
        pictures = [image(plain((n, n, n), (320, 240)), Time()) for n in range(8)]
        responses = [rig.robot.ask("what?", images=[picture]) for picture in pictures]
        codes = [code(response) for response in responses]
        answered = codes.count(ErrorCode.NONE)
        assert codes == [ErrorCode.NONE] * answered + [ErrorCode.OUT_OF_MEMORY] * (8 - answered) and 0 < answered < 8
        refused = responses[-1]
        assert "evidence" in refused.error_msg and refused.answer.text == ""
        assert len(rig.engine.questions) == answered == len(entries(rig))
        eventually(lambda: len(texts) == answered)
        eventually(lambda: level_of(heard) == DiagnosticStatus.ERROR)
        rig.node.configuration.witness.log.max_bytes = 100 * MIB
        assert rig.robot.ask("what?", images=pictures[:1]).success
        eventually(lambda: level_of(heard) == DiagnosticStatus.OK)
    finally:
        rig.close()


def level_of(heard):
    levels = [status.level for status in heard[-1].status if status.name == "/vqa: evidence"] if heard else []
    return levels[0] if levels else None


def test_full_and_rotate(tmp_path):
    rig = start(tmp_path, **{"evidence.max_bytes": MIB, "evidence.on_full": "rotate"})
    try:
        for n in range(12):
            assert rig.robot.ask("what?", images=[image(plain((n, n, n), (320, 240)), Time())]).success
        report = verify(rig.node.configuration.witness.log.directory)
        assert report.problems == [] and report.removed and rig.node.configuration.witness.log.nbytes <= MIB
    finally:
        rig.close()


def test_an_answer_that_cannot_be_recorded_does_not_leave(tmp_path, monkeypatch):
    """The disk fills up while the model answers."""
    rig = start(tmp_path)
    try:
        texts = rig.robot.listen(String, "/vqa/answer_text")

        def full(fd, data):
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as context:
            context.setattr("glm4v_ros.evidence.log.write_all", full)
            response = rig.robot.ask("what?", images=[image(RED, Time())])
        assert code(response) is ErrorCode.OUT_OF_MEMORY and response.answer.text == "" and len(rig.engine.questions) == 1
        assert rig.robot.ask("and?", images=[image(RED, Time())]).success
        eventually(lambda: len(texts) == 1)
        assert len(entries(rig)) == 1 and verify(rig.node.configuration.witness.log.directory).problems == []
    finally:
        rig.close()


def test_a_disk_that_hangs(tmp_path, monkeypatch):
    """The answer waits for it no longer than the patience, the next question is refused at once, and then it goes on."""
    monkeypatch.setattr(
        "glm4v_ros.nodes.configuration.Witness", lambda log, model, where: Witness(log, model, where, patience=0.3)
    )
    rig = start(tmp_path)
    freed = threading.Event()
    try:
        append = rig.node.configuration.witness.log.append

        def hanging(*arguments):
            freed.wait(30)
            return append(*arguments)

        monkeypatch.setattr(rig.node.configuration.witness.log, "append", hanging)
        for expected in (1, 1):
            response = rig.robot.ask("what?", images=[image(RED, Time())])
            assert code(response) is ErrorCode.ENGINE_FAILED and "disk" in response.error_msg
            assert len(rig.engine.questions) == expected
        rig.node.configuration.witness.patience = 30.0  # from now on, the disk of a busy machine may be slow
        freed.set()
        eventually(lambda: not rig.node.configuration.witness.trouble)
        assert rig.robot.ask("what?", images=[image(RED, Time())]).success
    finally:
        freed.set()
        rig.close()


def test_a_slow_disk_does_not_outlast_the_deadline(tmp_path, monkeypatch):
    monkeypatch.setattr("glm4v_ros.asking.witness.GRACE", 0.1)
    rig = start(tmp_path)
    freed = threading.Event()
    try:
        monkeypatch.setattr(rig.node.configuration.witness.log, "append", lambda *arguments: freed.wait(30))
        response = rig.robot.ask("what?", images=[image(RED, Time())], options={"timeout": duration(0.3)})
        assert code(response) is ErrorCode.ENGINE_FAILED and "disk took over 0." in response.error_msg
    finally:
        freed.set()
        rig.close()


def test_a_log_that_cannot_be_opened_keeps_the_node_inactive_and_says_why(tmp_path):
    (tmp_path / "evidence").write_bytes(b"a file")
    rig = start(tmp_path)
    try:
        response = rig.robot.ask("what?", images=[image(RED, Time())])
        assert code(response) is ErrorCode.NOT_ACTIVE and "evidence log" in response.error_msg
        (tmp_path / "evidence").unlink()
        rig.node.autostart()
        assert rig.robot.ask("what?", images=[image(RED, Time())]).success
    finally:
        rig.close()


def test_off_nothing_is_written(tmp_path):
    rig = start(tmp_path, **{"evidence.directory": ""})
    try:
        before = sorted(tmp_path.rglob("*"))
        assert rig.robot.ask("what?", images=[image(RED, Time())]).success
        assert sorted(tmp_path.rglob("*")) == before and rig.node.configuration.witness is None
        question, _ = rig.engine.questions[-1]
        assert not question.deterministic and question.sampling.temperature == pytest.approx(0.9)
    finally:
        rig.close()


def test_deactivated_and_activated_again(tmp_path):
    """A log is closed with the engine, and goes on when the node is configured again."""
    rig = start(tmp_path)
    try:
        assert rig.robot.ask("what?", images=[image(RED, Time())]).success
        rig.node.trigger_deactivate()
        rig.node.trigger_cleanup()
        assert rig.node.configuration is None
        rig.node.autostart()
        assert rig.robot.ask("what?", images=[image(RED, Time())]).success
        assert [entry["number"] for entry in entries(rig)] == [1, 2]
    finally:
        rig.close()

"""`glm4v health` of a node in every state, over DDS."""

import json

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rig import Rig
from robot import eventually, image
from test_vqa_scripted import RED

from glm4v_ros.cli.main import main
from glm4v_ros.nodes.health import Grade, Part, judge, look

ACTIVE = {"lifecycle state": "active"}


@pytest.fixture
def health(capfd):
    """Runs `glm4v health --json WORDS`; the exit code and what it printed."""

    def run(*words, timeout=20):
        capfd.readouterr()
        code = main(["health", "--json", "--timeout", str(timeout), *words])
        told = json.loads(capfd.readouterr().out)
        assert Grade(code).name == told["grade"]
        return code, told

    return run


@pytest.mark.parametrize(
    "parts, grade",
    [
        ([Part("node", "OK", "active", ACTIVE), Part("engine", "OK", "idle")], Grade.OK),
        ([Part("node", "OK", "active", ACTIVE), Part("engine", "WARN", "replaced")], Grade.DEGRADED),
        ([Part("node", "OK", "active", ACTIVE), Part("engine", "ERROR", "gave up")], Grade.DOWN),
        ([Part("node", "OK", "active", ACTIVE), Part("engine", "OK", "idle"), Part("camera a", "WARN", "old")], Grade.DEGRADED),
        ([Part("node", "OK", "not active", {"lifecycle state": "not active"})], Grade.DOWN),
        ([Part("node", "OK", "", {"lifecycle state": "not active"}), Part("engine", "WARN", "loading")], Grade.DEGRADED),
        ([Part("node", "ERROR", "configure failed", {"lifecycle state": "not active"})], Grade.DOWN),
        ([Part("machine", "STALE", "")], Grade.DOWN),
    ],
)  # fmt: skip
def test_grade(parts, grade):
    assert judge(tuple(parts)).grade is grade


def test_nobody_there(health):
    code, told = health("--node", "/elsewhere/vqa", timeout=0.5)
    assert code == 2 and "/elsewhere/vqa said nothing" in told["message"] and told["parts"] == []


@pytest.mark.parametrize("timeout", ["0", "-1", "nan"])
def test_wrong_timeout(glm4v, timeout):
    assert glm4v("health", "--timeout", timeout)[0] == 2


@pytest.fixture
def glm4v(capfd):
    return lambda *words: (main(list(words)), *capfd.readouterr())


def test_a_node_from_unconfigured_to_failed(tmp_path, glm4v):
    rig = Rig(tmp_path, cameras=["front"])

    def health():
        return look("vqa", 20.0, rig.context)

    try:
        assert health().grade is Grade.DOWN
        rig.node.autostart()
        now = health()
        assert now.grade is Grade.DEGRADED and "camera front: no picture" in now.message
        front = rig.robot.camera("/front/image_raw")
        rig.publish(front, image(RED, rig.robot.now()))
        eventually(lambda: health().grade is Grade.OK)
        code, out, _ = glm4v("health", "--timeout", "20")
        assert code == 0 and "OK    engine: idle" in out and out.endswith("\nOK\n")
        rig.engine.gave_up = "5 workers in a row failed"
        eventually(lambda: health().grade is Grade.DOWN)
        assert "5 workers" in health().message
        rig.engine.gave_up = ""
        eventually(lambda: health().grade is Grade.OK)
        rig.node.trigger_deactivate()
        eventually(lambda: health().grade is Grade.DOWN)
    finally:
        rig.close()


def test_somebody_else_on_diagnostics(tmp_path, health):
    """Another node's statuses, broken or not, are not ours."""
    rig = Rig(tmp_path, cameras=["front"])
    try:
        rig.node.autostart()
        other = rig.robot.node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        broken = DiagnosticStatus(level=DiagnosticStatus.ERROR, name="/vqa_of_another: node", values=[KeyValue(key="a")])
        timer = rig.robot.node.create_timer(0.02, lambda: other.publish(DiagnosticArray(status=[broken])))
        code, told = health()
        parts = {part["name"]: part["level"] for part in told["parts"]}
        assert code == 1 and {"node", "engine", "machine", "camera front"} <= {*parts} and "ERROR" not in parts.values()
        timer.destroy()
    finally:
        rig.close()

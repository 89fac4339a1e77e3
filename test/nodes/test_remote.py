"""Pictures leave the robot only when told, and everybody can see that they do."""

import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus
from evidence_rig import entries
from rcl_interfaces.msg import Log
from remote_rig import RemoteRig, ScriptedServer
from rig import Rig
from robot import compressed, eventually, image, plain, wait
from sensor_msgs.msg import CompressedImage
from test_privacy import internet_sockets, watch  # noqa: F401
from test_vqa_scripted import RED, code, key
from vqa_process import VqaProcess

from glm4v_ros.errors import ErrorCode
from glm4v_ros.remote.breaker import MOST_FAILURES

WARN = 30  # rcl_interfaces/Log: a byte or a number, by distribution
ELSEWHERE = {"engine": "remote", "remote_url": "https://gpu.example:8443", "remote_model": "big", "remote_patience": 2.0}


@pytest.fixture
def make(tmp_path):
    """A rig alone in its domain."""
    rigs = []

    def start(kind=RemoteRig, **parameters):
        rigs.append(kind(tmp_path, True, **parameters))
        rigs[-1].node.autostart()
        return rigs[-1]

    yield start
    for rig in rigs:
        rig.close()


def told(rig, part="remote"):
    """Its status on /diagnostics as it is now."""
    (status,) = [status for status in rig.node.reporter.statuses() if status.name == f"/vqa: {part}"]
    return status, {pair.key: pair.value for pair in status.values}


def test_every_activation_warns(make):
    rig = make(Rig, autostart=False, **ELSEWHERE)
    heard, logger = rig.robot.listen(Log, "/rosout"), rig.node.get_logger()
    # Others log there too, so that a publisher is there at once; a line before this one is found would be lost.
    eventually(lambda: (logger.info("is anybody listening?"), any(log.name == logger.name for log in heard))[1])

    def warnings():
        return [log.msg for log in heard if "PICTURES LEAVE THIS ROBOT" in log.msg and log.level == WARN]

    for count in (1, 2):
        rig.node.trigger_deactivate()
        rig.node.trigger_activate()
        eventually(lambda count=count: len(warnings()) >= count)
    assert "gpu.example" in warnings()[0] and "big" in warnings()[0]
    status, values = told(rig)
    assert status.level == DiagnosticStatus.WARN and "PICTURES LEAVE THIS ROBOT" in status.message
    assert values["url"] == "https://gpu.example:8443/v1" and values["circuit breaker"] == "closed"


def test_a_server_on_this_machine_is_no_reason_to_warn(make):
    status, _ = told(make())
    assert status.level == DiagnosticStatus.OK


@pytest.mark.parametrize(
    "wrong, says",
    [
        ({"remote_url": "http://gpu.example"}, "https alone"),
        ({"remote_url": ""}, "remote_url"),
        ({"remote_model": ""}, "remote_model"),
        ({"remote_key_file": "/nonesuch"}, "remote_key_file"),
        ({"evidence.directory": "evidence"}, "evidence_remote"),
    ],
)
def test_what_is_not_configured(make, wrong, says):
    rig = make(Rig, **{**ELSEWHERE, **wrong})
    response = rig.robot.ask("what?", images=[image(RED, Time())])
    assert code(response) is ErrorCode.NOT_ACTIVE and says in response.error_msg


def test_a_camera_whose_pictures_stay(make):
    rig = make(**{"camera.front.local_only": True})
    front = rig.robot.camera("/front/image_raw")
    left = rig.robot.camera("/left/image_raw/compressed", CompressedImage)
    rig.publish(front, image(RED, rig.robot.now()))
    rig.publish(left, compressed(RED, rig.robot.now()))
    for fields in ({}, {"cameras": ["left", "front"]}, {"cameras": ["left"], "options": {"local_only": True}}):
        response = rig.robot.ask("what?", **fields)
        assert code(response) is ErrorCode.UNSUPPORTED and "local_only" in response.error_msg
    assert rig.engine.questions == []
    assert rig.robot.ask("what?", cameras=["left"]).answer.text == key(RED)


def test_such_a_camera_with_a_local_model(make):
    rig = make(remote_fallback="local", **{"camera.front.local_only": True})
    front = rig.robot.camera("/front/image_raw")
    rig.publish(front, image(RED, rig.robot.now()))
    answer = rig.robot.ask("what?").answer
    assert answer.model == "script" and answer.text == key(RED) and rig.engine.questions == []
    assert rig.robot.ask("what?", images=[image(RED, Time())]).answer.model == rig.model_name
    assert len(rig.engine.questions) == 1 and len(rig.local.questions) == 1


def test_the_local_model_takes_over_and_diagnostics_say_so(make):
    rig = make(remote_fallback="local")
    pictures = [image(RED, Time())]
    for number in range(MOST_FAILURES + 1):
        response = rig.robot.ask("fail" if number < MOST_FAILURES else "what?", images=pictures)
        if number < MOST_FAILURES:  # the local engine fails as well, on purpose
            assert code(response) is ErrorCode.ENGINE_FAILED
    assert response.answer.model == "script" and len(rig.engine.questions) == MOST_FAILURES
    status, values = told(rig)
    assert status.level == DiagnosticStatus.WARN and values["circuit breaker"] == "open"
    assert values["taken over by the local model"] == str(MOST_FAILURES + 1)
    told(rig, "engine")


def test_evidence_names_who_answered(make, tmp_path):
    rig = make(evidence_remote=True, **{"evidence.directory": str(tmp_path / "evidence")})
    assert rig.robot.ask("what?", images=[image(RED, Time())]).success
    (entry,) = [entry for entry in entries(rig) if entry["kind"] == "answer"]
    assert entry["model"] == {"name": "script", "url": f"{rig.served.address}/v1"}
    assert entry["answer"] == key(RED) and rig.engine.questions[-1][0].deterministic


def test_the_node_itself_opens_no_connection(watch, tmp_path):  # noqa: F811
    """The process that talks to the server does, to that address alone."""
    server = ScriptedServer(tmp_path)
    vqa = VqaProcess(engine="remote", remote_url=server.address, remote_model="script", remote_encoding="png")
    try:
        picture = compressed(plain((200, 10, 20)), vqa.robot.now())
        goal = vqa.robot.goal("what?", compressed_images=[picture])
        assert wait(goal.get_result_async()).result.answer.text == key(RED)
        process = int(vqa.diagnosis("remote")["process pid"])
        held = internet_sockets(process)
        port = f"{server.port:04X}"
        assert all(line.split()[3].endswith(f":{port}") for line in held), held
        assert all(line.startswith("udp") for line in internet_sockets(vqa.process.pid))
    finally:
        vqa.close()
        server.close()
    calls = watch.calls
    assert any(call.pid == process and call.name == "socket" for call in calls)
    own = [call for call in calls if call.pid == vqa.process.pid and call.name != "write"]
    assert own and all(call.by_dds and (call.name != "socket" or call.what == "datagram") for call in own)

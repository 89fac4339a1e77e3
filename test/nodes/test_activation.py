"""What the node is activated with: checked as a whole, said when it is wrong, and the same until it is deactivated."""

import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lifecycle_manager import LifecycleManager
from lifecycle_msgs.msg import State
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from rig import Rig
from robot import duration, eventually, image, plain, wait

from glm4v_ros.errors import ErrorCode
from glm4v_ros.nodes.interfaces import RESULT_TIMEOUT

RED, GREEN = plain((200, 10, 20)), plain((10, 200, 20))


def code(response) -> ErrorCode:
    return ErrorCode(response.error_code)


@pytest.fixture
def make(tmp_path):
    rigs = []

    def make(**parameters):
        rigs.append(Rig(tmp_path, alone=True, **parameters))
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.close()


def set_over_dds(rig, **values):
    """As `ros2 param set` does; the reasons of those that were refused."""
    client = rig.robot.node.create_client(SetParameters, "/vqa/set_parameters")
    assert client.wait_for_service(30)
    messages = [Parameter(name.replace("__", "."), value=value).to_parameter_msg() for name, value in values.items()]
    results = wait(client.call_async(SetParameters.Request(parameters=messages))).results
    return [result.reason for result in results if not result.successful]


def told(rig, part):
    """Level, message and hardware_id of a part in a message that is sent from now on."""
    heard = rig.robot.listen(DiagnosticArray, "/diagnostics")
    eventually(lambda: heard)
    (status,) = [status for status in heard[-1].status if status.name == f"/vqa: {part}"]
    return status.level, status.message, status.hardware_id


def test_cameras_are_changed_while_the_model_stays_loaded(make):
    rig = make(cameras=["front"])
    manager = LifecycleManager(rig.robot.node)
    assert manager.startup()
    (reason,) = set_over_dds(rig, cameras=["front", "rear"])
    assert "cameras is read on activate: deactivate, set it, activate" in reason
    assert code(rig.robot.ask("what?", cameras=["rear"])) is ErrorCode.UNKNOWN_CAMERA
    engine = rig.engine
    assert manager.pause() and set_over_dds(rig, cameras=["front", "rear"]) == [] and manager.resume()
    assert rig.engine is engine and set(rig.node.activation.cameras) == {"front", "rear"}
    response = rig.robot.ask("what?", cameras=["rear"], options={"timeout": duration(0.1)})
    assert code(response) is ErrorCode.NO_IMAGE and "/rear/image_raw" in response.error_msg


def test_what_is_read_on_configure_is_refused_and_says_what_to_do(make):
    rig = make()
    rig.node.autostart()
    (reason,) = set_over_dds(rig, max_parallel=7)
    assert "deactivate, cleanup, set it, configure, activate" in reason and rig.node.parameters["max_parallel"] == 2
    assert set_over_dds(rig, max_parallel=2) == []
    rig.node.trigger_deactivate()
    assert set_over_dds(rig, max_parallel=7)
    rig.node.trigger_cleanup()
    assert set_over_dds(rig, max_parallel=7) == []
    rig.node.autostart()
    assert rig.engine.config.max_parallel == 7


def test_what_may_be_set_at_any_time_has_the_next_question(make):
    rig = make()
    rig.node.autostart()
    before = rig.node.activation
    assert set_over_dds(rig, max_tokens=9, timeout=7.0) == []
    assert rig.robot.ask("what?", images=[image(RED, Time())]).success
    question, _ = rig.engine.questions[-1]
    assert question.max_tokens == 9 and question.timeout <= 7.0
    assert before.settings["max_tokens"] == 256  # a question that is on its way keeps what it began with
    with pytest.raises(TypeError):
        before.settings["max_tokens"] = 3
    with pytest.raises(AttributeError):
        before.engine = None


@pytest.mark.parametrize("topic", ["/a//b", "front camera", "", "/1/x", "{bad}"])
def test_a_bad_topic_name_is_said_and_can_be_put_right(make, topic):
    rig = make(**{"cameras": ["left", "front"], "camera.front.topic": topic})
    manager = LifecycleManager(rig.robot.node)
    assert not manager.startup() and manager.state == State.PRIMARY_STATE_INACTIVE
    response = rig.robot.ask("what?")
    assert code(response) is ErrorCode.NOT_ACTIVE and "camera.front.topic" in response.error_msg
    level, message, _ = told(rig, "node")
    assert level == DiagnosticStatus.ERROR and "camera.front.topic" in message
    assert not list(filter(lambda one: "left" in one.topic_name, rig.node.subscriptions))  # nothing is left behind
    engine = rig.engine
    assert set_over_dds(rig, camera__front__topic="/front/image_raw") == [] and manager.resume()
    assert rig.engine is engine and rig.robot.ask("what?", images=[image(RED, Time())]).success


def test_no_cameras(make):
    rig = make(cameras=None)  # which is what rclpy makes of `cameras: []`
    rig.node.autostart()
    assert code(rig.robot.ask("what?")) is ErrorCode.NO_IMAGE
    assert rig.robot.ask("what?", images=[image(RED, Time())]).success


@pytest.mark.parametrize(
    "wrong, right",
    [({"max_tokens": "many"}, {"max_tokens": 9}), ({"timeout": 5}, {"timeout": 5.0}), ({"top_p": 2.0}, {"top_p": 0.5}),
     ({"kv_type": "q9"}, {"kv_type": "q8_0"}), ({"cameras": ["a", "a"]}, {"cameras": ["a", "b"]}),
     ({"preset": "nonesuch"}, {"preset": "default"})],
    ids=str,
)  # fmt: skip
def test_a_wrong_parameter_waits_for_a_person_and_says_why(make, wrong, right):
    rig = make(**wrong)
    ((name, value),) = right.items()
    rig.node.autostart()
    response = rig.robot.ask("what?", images=[image(RED, Time())])
    assert code(response) is ErrorCode.NOT_ACTIVE and name in response.error_msg
    level, message, _ = told(rig, "node")
    assert level == DiagnosticStatus.ERROR and name in message
    assert set_over_dds(rig, **right) == []
    manager = LifecycleManager(rig.robot.node)
    assert manager.resume() if manager.state == State.PRIMARY_STATE_INACTIVE else manager.startup()
    assert rig.node.parameters[name] == value and rig.robot.ask("what?", images=[image(RED, Time())]).success


@pytest.mark.parametrize("robot", ["", "ward 3"])
def test_every_part_names_the_robot(make, monkeypatch, robot):
    monkeypatch.setattr("socket.gethostname", lambda: "orin-7")
    rig = make(robot=robot)
    rig.node.autostart()
    statuses = rig.node.reporter.statuses()
    assert len(statuses) > 3 and {status.hardware_id for status in statuses} == {robot or "orin-7"}
    assert told(rig, "machine")[2] == (robot or "orin-7")


def test_a_result_is_kept_for_as_long_as_a_question_may_take(make, monkeypatch):
    """Where ROS counts from acceptance, the result of a question that took its whole time must still be there."""
    from rclpy.action import ActionServer

    kept = []

    def server(*arguments, result_timeout, **more):
        kept.append(result_timeout)
        return ActionServer(*arguments, result_timeout=result_timeout, **more)

    monkeypatch.setattr("glm4v_ros.nodes.interfaces.ActionServer", server)
    make(timeout=61.5)
    assert kept == [62 + RESULT_TIMEOUT]

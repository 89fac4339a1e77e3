"""What a robot's clock and a model that failed for good do to the node."""

import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.lifecycle import TransitionCallbackReturn
from rig import Rig
from robot import duration, eventually, image, plain
from rosgraph_msgs.msg import Clock

from glm4v_ros.errors import ErrorCode

RED, GREEN, BLUE = (plain(colour) for colour in ((200, 10, 20), (10, 200, 20), (10, 20, 200)))
AGE = 2.0  # s


def code(response) -> ErrorCode:
    return ErrorCode(response.error_code)


class SimulatedTime:
    """Sets the node's clock, and waits until it goes by it."""

    def __init__(self, rig: Rig):
        self._rig = rig
        self._publisher = rig.robot.node.create_publisher(Clock, "/clock", 10)
        eventually(self._publisher.get_subscription_count)

    def set(self, seconds: int) -> None:
        self._publisher.publish(Clock(clock=Time(sec=seconds)))
        eventually(lambda: self._rig.node.get_clock().now().nanoseconds == seconds * 10**9)


def test_a_clock_that_jumps_back(tmp_path):
    """The picture from before is of nobody knows when; the next one is answered about, though its stamp is older."""
    rig = Rig(tmp_path, alone=True, use_sim_time=True, max_image_age=AGE)
    try:
        rig.node.autostart()
        clock, front = SimulatedTime(rig), rig.robot.camera("/front/image_raw")
        clock.set(5000)
        rig.publish(front, image(RED, Time(sec=5000)))
        before = rig.robot.ask("what?")
        assert before.success
        clock.set(1000)
        assert code(rig.robot.ask("what?", options={"timeout": duration(0.2)})) is ErrorCode.STALE_IMAGE
        rig.publish(front, image(GREEN, Time(sec=1000)))
        after = rig.robot.ask("what?")
        assert after.success and after.answer.text != before.answer.text
        clock.set(5001)  # and forward: now the newest is too old, and the one before, which would not be, stays away
        assert code(rig.robot.ask("what?", options={"timeout": duration(0.2)})) is ErrorCode.STALE_IMAGE
        rig.publish(front, image(BLUE, Time(sec=5001)))
        assert rig.robot.ask("what?").success
    finally:
        rig.close()


def test_a_question_waits_through_a_clock_that_jumps_back(tmp_path):
    rig = Rig(tmp_path, alone=True, use_sim_time=True, max_image_age=AGE)
    try:
        rig.node.autostart()
        clock, front = SimulatedTime(rig), rig.robot.camera("/front/image_raw")
        clock.set(5000)
        waiting = rig.robot.start("what?", options={"timeout": duration(20)})
        eventually(lambda: rig.on_their_way)
        clock.set(1000)
        rig.publish(front, image(RED, Time(sec=1000)))
        eventually(waiting.done)
        assert waiting.result().success
    finally:
        rig.close()


@pytest.fixture
def gave_up(tmp_path):
    """A node whose engine starts no further worker."""
    rig = Rig(tmp_path, alone=True)
    rig.node.autostart()
    rig.engine.gave_up = "6 workers in a row failed before they answered anything"
    yield rig
    rig.close()


def test_activate_after_the_engine_gave_up(gave_up):
    """Questions end at once and diagnostics show why, until a lifecycle transition starts it again."""
    heard = gave_up.robot.listen(DiagnosticArray, "/diagnostics")
    red = [image(RED, Time())]
    response = gave_up.robot.ask("what?", images=red)
    assert code(response) is ErrorCode.ENGINE_FAILED and "6 workers" in response.error_msg
    eventually(lambda: level(heard) == DiagnosticStatus.ERROR)
    gave_up.node.trigger_deactivate()
    assert gave_up.node.trigger_activate() == TransitionCallbackReturn.SUCCESS
    assert gave_up.robot.ask("what?", images=red).success
    eventually(lambda: level(heard) not in (None, DiagnosticStatus.ERROR))


def test_activate_fails_while_the_reason_is_there(gave_up):
    gave_up.engine.starts_again = False
    gave_up.node.trigger_deactivate()
    assert gave_up.node.trigger_activate() == TransitionCallbackReturn.FAILURE
    response = gave_up.robot.ask("what?", images=[image(RED, Time())])
    assert code(response) is ErrorCode.NOT_ACTIVE and "6 workers" in response.error_msg
    gave_up.engine.starts_again = True
    assert gave_up.node.trigger_activate() == TransitionCallbackReturn.SUCCESS
    assert gave_up.robot.ask("what?", images=[image(RED, Time())]).success


def level(heard):
    """Of the engine, as last told."""
    levels = [status.level for status in heard[-1].status if status.name == "/vqa: engine"] if heard else []
    return levels[0] if levels else None

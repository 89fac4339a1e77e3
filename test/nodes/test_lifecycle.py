"""The node under a lifecycle manager: every transition is answered, allowed or not, in every state."""

import threading

import pytest
from builtin_interfaces.msg import Time
from executors import EXECUTORS
from lifecycle_manager import LifecycleManager
from lifecycle_msgs.msg import State, Transition
from rcl_interfaces.msg import Parameter as ParameterMessage
from rcl_interfaces.msg import ParameterValue
from rcl_interfaces.srv import SetParameters
from rig import Rig
from robot import eventually, image, plain, wait

from glm4v_ros.errors import EngineFailed, ErrorCode

RED = plain((200, 10, 20))
SOON = 6.0  # s; 1 s on a quiet machine, and what waits for the load or hangs takes ten or for ever
ALL = [
    Transition.TRANSITION_CREATE, Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_CLEANUP,
    Transition.TRANSITION_ACTIVATE, Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_UNCONFIGURED_SHUTDOWN,
    Transition.TRANSITION_INACTIVE_SHUTDOWN, Transition.TRANSITION_ACTIVE_SHUTDOWN, Transition.TRANSITION_DESTROY, 77,
]  # fmt: skip
LEGAL = {
    State.PRIMARY_STATE_UNCONFIGURED: {Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_UNCONFIGURED_SHUTDOWN},
    State.PRIMARY_STATE_INACTIVE: {
        Transition.TRANSITION_CLEANUP, Transition.TRANSITION_ACTIVATE, Transition.TRANSITION_INACTIVE_SHUTDOWN
    },
    State.PRIMARY_STATE_ACTIVE: {Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_ACTIVE_SHUTDOWN},
    State.PRIMARY_STATE_FINALIZED: set(),
}  # fmt: skip


@pytest.fixture(params=EXECUTORS)
def rig(request, tmp_path):
    rig = Rig(tmp_path, alone=True, make_executor=EXECUTORS[request.param])
    yield rig
    rig.close()


@pytest.fixture
def manager(rig):
    return LifecycleManager(rig.robot.node)


def refuses_all_that_is_not_allowed(manager, state):
    manager.longest = 0.0
    for transition in ALL:
        if transition not in LEGAL[state]:
            assert not manager.change(transition), transition
            assert manager.state == state
    assert not manager.change(0, "no such label")
    assert manager.longest < SOON


def test_a_manager_starts_pauses_resets_starts_again_and_shuts_down(rig, manager):
    for _ in range(2):
        refuses_all_that_is_not_allowed(manager, State.PRIMARY_STATE_UNCONFIGURED)
        assert manager.startup()
        assert rig.robot.ask("what?", images=[image(RED, Time())]).success
        refuses_all_that_is_not_allowed(manager, State.PRIMARY_STATE_ACTIVE)
        assert manager.pause()
        refuses_all_that_is_not_allowed(manager, State.PRIMARY_STATE_INACTIVE)
        assert manager.resume() and rig.robot.ask("what?", images=[image(RED, Time())]).success
        assert manager.reset()
    assert manager.startup() and manager.shutdown()
    refuses_all_that_is_not_allowed(manager, State.PRIMARY_STATE_FINALIZED)
    assert ErrorCode(rig.robot.ask("what?").error_code) is ErrorCode.NOT_ACTIVE


def test_everything_answers_while_a_model_loads_for_ten_seconds(rig, manager):
    rig.loading.clear()
    started, over = [], threading.Event()
    threading.Timer(10.0, over.set).start()
    thread = threading.Thread(target=lambda: started.append(LifecycleManager(rig.robot.node).startup()))
    thread.start()
    eventually(lambda: manager.state == State.TRANSITION_STATE_CONFIGURING)
    manager.longest, asked = 0.0, 0
    while not over.is_set():
        for transition in ALL:
            assert not manager.change(transition)
        assert manager.state == State.TRANSITION_STATE_CONFIGURING
        assert ErrorCode(rig.robot.ask("what?").error_code) is ErrorCode.NOT_ACTIVE
        asked += 1
    assert manager.longest < SOON and asked > 1
    rig.loading.set()
    thread.join()
    assert started == [True] and rig.robot.ask("what?", images=[image(RED, Time())]).success


def test_a_configure_that_fails_is_answered_and_may_be_tried_again(rig, manager, monkeypatch):
    def fail(config):
        raise EngineFailed("the model is gone")

    with monkeypatch.context() as context:
        context.setattr(rig, "make_engine", fail)
        assert not manager.startup() and manager.state == State.PRIMARY_STATE_UNCONFIGURED
        response = rig.robot.ask("what?")
    assert ErrorCode(response.error_code) is ErrorCode.NOT_ACTIVE and "the model is gone" in response.error_msg
    assert manager.startup()


def test_autostart_beside_a_manager_ends_neither(rig, manager):
    """Both want to configure; one is refused, and says so."""
    assert manager.startup()
    rig.node.autostart()
    assert manager.state == State.PRIMARY_STATE_ACTIVE and rig.robot.ask("what?", images=[image(RED, Time())]).success


def test_a_parameter_of_a_type_that_does_not_exist_ends_nothing(rig):
    client = rig.robot.node.create_client(SetParameters, "/vqa/set_parameters")
    odd = ParameterMessage(name="max_tokens", value=ParameterValue(type=77))
    assert wait(client.call_async(SetParameters.Request(parameters=[odd]))).results == []
    assert rig.thread.is_alive() and ErrorCode(rig.robot.ask("what?").error_code) is ErrorCode.NOT_ACTIVE

"""The second reader's faults in the node, over DDS, with a real process of it: they lose no answer, and it is back for the next."""

import os
import signal
from dataclasses import replace

import pytest
import scripted_recogniser as fault
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus
from glm4v_ros.action import AskImage
from glm4v_ros.msg import Answer
from rclpy.parameter import Parameter
from rig import Rig
from robot import eventually, image, plain, wait
from test_verification import SIZE, WHAT, ask, key, picture

from glm4v_ros.errors import ErrorCode
from glm4v_ros.reader.client import SecondReader


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """With a reader's process, whose recogniser has faults on demand."""
    rig = Rig(
        tmp_path_factory.mktemp("real"),
        make_reader=lambda config: SecondReader(replace(config, recogniser="faulty_recogniser", timeout=5.0)),
        verify="auto",
        verify_timeout=20.0,
        reader_memory_mib=300,
    )  # fmt: skip
    rig.node.autostart()
    yield rig
    rig.close()


def confirmed(rig, shade):
    rig.engine.says[key(picture(shade)), WHAT] = "XK-7"
    answer = ask(rig, picture(shade))
    return answer.verification == Answer.CONFIRMED and answer.text == "XK-7"


def told(rig):
    (status,) = [one for one in rig.node.reporter.statuses() if one.name == "/vqa: second reader"]
    return status, {pair.key: pair.value for pair in status.values}


@pytest.mark.parametrize(
    "what, patience, reason",
    [
        (fault.DIE, 20.0, "SIGKILL"),
        (fault.HANG, 20.0, "not done after 5 s"),
        (fault.HANG, 0.2, "not done after 0.2 s"),
        (fault.STOP, 20.0, "not done after 5 s"),
        (fault.GROW, 20.0, "more than 300"),
        (fault.RAISE, 20.0, "a fault"),
    ],
)
def test_a_reader_at_fault_loses_no_answer_and_is_back_for_the_next(real, what, patience, reason):
    assert confirmed(real, 10)
    first = told(real)[1]["pid"]
    broken = plain((what, int(patience), 90), SIZE)
    real.engine.says[key(broken), WHAT] = "XK-7"
    real.node.set_parameters([Parameter("verify_timeout", value=patience)])
    answer = ask(real, broken)
    assert answer.text == "XK-7" and answer.verification == Answer.NOT_CHECKED and reason in answer.verification_reason
    real.node.set_parameters([Parameter("verify_timeout", value=20.0)])
    assert confirmed(real, 11 + what + int(patience))  # a picture that was not read before
    status, values = told(real)
    assert status.level == DiagnosticStatus.OK and status.message == "running"
    assert (values["pid"] == first) == (what == fault.RAISE)


def test_diagnostics_say_that_it_failed_until_it_reads_again(real):
    assert confirmed(real, 40)
    broken = plain((fault.DIE, 200, 90), SIZE)
    real.engine.says[key(broken), WHAT] = "XK-7"
    ask(real, broken)
    status, values = told(real)
    assert status.level == DiagnosticStatus.WARN and "SIGKILL" in status.message and int(values["not read"]) >= 1
    assert confirmed(real, 41)
    assert told(real)[0].level == DiagnosticStatus.OK and float(told(real)[1]["mean s a picture"]) >= 0


def test_a_process_that_was_killed_from_outside_is_replaced(real):
    assert confirmed(real, 42)
    os.kill(int(told(real)[1]["pid"]), signal.SIGKILL)
    assert confirmed(real, 43)


def test_the_reader_ends_with_the_activation(real):
    assert confirmed(real, 44)
    pid = int(told(real)[1]["pid"])
    real.node.trigger_deactivate()
    eventually(lambda: not os.path.exists(f"/proc/{pid}"))
    real.node.trigger_activate()
    assert told(real)[1]["pid"] == "0" and confirmed(real, 45)


@pytest.mark.parametrize("mode, level", [("off", DiagnosticStatus.OK), ("auto", DiagnosticStatus.OK), ("required", DiagnosticStatus.ERROR)])
def test_without_the_reader_installed_it_says_what_to_install(tmp_path, mode, level):
    rig = Rig(
        tmp_path, alone=True, verify=mode, make_reader=lambda config: SecondReader(replace(config, recogniser="absent_recogniser"))
    )
    try:
        rig.node.autostart()
        rig.engine.says[key(picture(50)), WHAT] = "XK-7"
        answer = ask(rig, picture(50))
        assert answer.verification == Answer.NOT_CHECKED and answer.abstained == (mode == "required")
        if mode != "off":
            assert "pip install" in answer.verification_reason
        assert mode != "required" or "pip install" in answer.text
        status, values = told(rig)
        assert status.level == level and "pip install" in status.message and values["verify"] == mode
    finally:
        rig.close()


def test_a_cancel_while_the_answer_waits_for_the_reader(real):
    hanging = plain((fault.HANG, 210, 90), SIZE)
    real.engine.says[key(hanging), WHAT] = "XK-7"
    heard = []
    goal = real.robot.goal(WHAT, on_feedback=lambda message: heard.append(message.feedback), images=[image(hanging, Time())])
    eventually(lambda: any(feedback.stage == AskImage.Feedback.CHECKING for feedback in heard))
    wait(goal.cancel_goal_async())
    result = wait(goal.get_result_async()).result
    assert ErrorCode(result.error_code) is ErrorCode.CANCELED and result.answer.text == "XK-7"
    assert confirmed(real, 46)

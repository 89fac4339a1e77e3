"""The leaves in real trees, ticked against servers of the same actions."""

import json
import threading
import time

import py_trees
import pytest
import rclpy
from glm4v_ros.msg import Answer
from py_trees.common import Status
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from robot import PATIENCE, eventually
from vqa_double import VqaDouble

from glm4v_ros.behaviours import AnswerIs, AskImage, Say
from glm4v_ros.client import TtsClient, VqaClient
from glm4v_ros.errors import ErrorCode
from glm4v_ros.nodes.tts import TtsNode


@pytest.fixture(scope="module")
def vqa():
    double = VqaDouble(
        {"pressure?": "It is 0.6 MPa.", "json": '{"pressure": 0.6, "unit": "MPa"}', "cut": "{"}, name="robot1_vqa"
    )
    yield double
    double.close()


@pytest.fixture(scope="module")
def client(vqa):
    with VqaClient(name="robot1_vqa") as client:
        yield client


@pytest.fixture(autouse=True)
def blackboard():
    py_trees.blackboard.Blackboard.clear()
    board = py_trees.blackboard.Client(name="test")
    for key in ("answer", "answer_json", "answer_error", "question", "place", "allowed"):
        board.register_key(key, access=py_trees.common.Access.WRITE)
    return board


def run(leaf, patience=60.0):
    """Ticks until the leaf has ended; gives its status and the longest tick in seconds."""
    leaf.setup()
    longest, deadline = 0.0, time.monotonic() + patience
    while True:
        began = time.thread_time()
        leaf.tick_once()
        longest = max(longest, time.thread_time() - began)
        if leaf.status != Status.RUNNING:
            leaf.shutdown()
            return leaf.status, longest
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_an_answer_is_on_the_blackboard(client, blackboard):
    assert run(AskImage("ask", "pressure?", client=client))[0] == Status.SUCCESS
    assert blackboard.answer.text == "It is 0.6 MPa."
    assert blackboard.answer_error == 0


def test_it_makes_its_own_client(vqa, blackboard):
    assert run(AskImage("ask", "pressure?", vqa="robot1_vqa"))[0] == Status.SUCCESS


def test_ports_take_values_from_the_blackboard(client, vqa, blackboard):
    blackboard.question, blackboard.place, blackboard.allowed = "Is it open?", {"name": "pump"}, ["yes", "no"]
    blackboard.answer = Answer(text="left")
    leaf = AskImage(
        "ask",
        "{question} The {answer.text} one?",
        cameras=["{answer.text}"],
        choices="{allowed}",
        preset="inspection",
        client=client,
    )
    assert run(leaf)[0] == Status.SUCCESS
    goal = vqa.asked[-1]
    assert (goal.question, goal.cameras, list(goal.options.choices)) == (
        "Is it open? The left one?",
        ["left"],
        ["yes", "no"],
    )
    assert goal.options.preset == "inspection"
    assert (blackboard.answer.text, blackboard.answer.choice_index) == ("no", 1)


def test_a_missing_key_is_a_failure_with_its_name(client, blackboard):
    leaf = AskImage("ask", "{question}", client=client)
    assert run(leaf)[0] == Status.FAILURE
    assert leaf.feedback_message == "BAD_REQUEST: the blackboard has no question"
    assert blackboard.answer_error == ErrorCode.BAD_REQUEST


def test_json(client, vqa, blackboard):
    assert run(AskImage("ask", "json", json_schema={"type": "object"}, client=client))[0] == Status.SUCCESS
    assert blackboard.answer_json == {"pressure": 0.6, "unit": "MPa"}
    assert json.loads(vqa.asked[-1].options.json_schema) == {"type": "object"}
    assert run(AskImage("ask", "cut", json_schema="{}", client=client))[0] == Status.FAILURE
    assert blackboard.answer_error == ErrorCode.ENGINE_FAILED


@pytest.mark.parametrize("code", [ErrorCode.BUSY, ErrorCode.NO_IMAGE, ErrorCode.TIMEOUT])
def test_an_error_is_a_failure_with_its_code(client, blackboard, code):
    leaf = AskImage("ask", str(int(code)), client=client)
    assert run(leaf)[0] == Status.FAILURE
    assert blackboard.answer_error == code
    assert leaf.feedback_message == f"{code.name}: as you wish"


def test_without_a_node_it_fails(blackboard):
    with VqaClient(name="nobody", server_timeout=0.1) as client:
        assert run(AskImage("ask", "hello?", client=client))[0] == Status.FAILURE
    assert blackboard.answer_error == ErrorCode.NOT_ACTIVE


class MayAsk(py_trees.behaviour.Behaviour):
    answer = Status.SUCCESS

    def __init__(self):
        super().__init__("may ask")

    def update(self):
        return self.answer


def test_a_tree_that_cancels_twenty_times(client, vqa, blackboard):
    """A reactive condition takes the branch away in the middle of the answer; the next question is served each time."""
    before = vqa.canceled
    for i in range(20):
        leaf = AskImage("ask", f"slow {i}", client=client)
        may_ask = MayAsk()
        tree = py_trees.trees.BehaviourTree(
            py_trees.composites.Sequence("reactive", memory=False, children=[may_ask, leaf])
        )
        tree.setup(timeout=PATIENCE)
        vqa.slow_began.clear()
        tree.tick()
        assert vqa.slow_began.wait(PATIENCE)
        tree.tick()
        assert leaf.status == Status.RUNNING
        may_ask.answer = Status.FAILURE
        tree.tick()
        assert leaf.status == Status.INVALID
        assert run(AskImage("next", f"question {i}", client=client))[0] == Status.SUCCESS
        assert blackboard.answer.text == f"question {i}"
    eventually(lambda: vqa.canceled == before + 20)


def test_no_tick_takes_long(client, blackboard):
    ticks = [run(AskImage("ask", "pressure?", client=client))[1] for _ in range(20)]
    # Processor time of the tick itself, median: other processes of a busy machine do not count.
    assert sorted(ticks)[10] < 0.005


@pytest.mark.parametrize("text, arguments, status, message", [
    ("Open.", {"value": "open"}, Status.SUCCESS, "it is Open."),
    ("closed", {"value": ("ajar", "closed")}, Status.SUCCESS, "it is closed"),
    ("closed", {"value": "open"}, Status.FAILURE, "it is closed"),
    ("It is 0.6 MPa.", {"minimum": 0.5, "maximum": 0.7}, Status.SUCCESS, "it is 0.6"),
    ("It is 0.8 MPa.", {"maximum": 0.7}, Status.FAILURE, "it is 0.8"),
    ("零下-5℃", {"maximum": 0}, Status.SUCCESS, "it is -5.0"),
    ("1,234.5 V", {"minimum": 1234, "maximum": 1235}, Status.SUCCESS, "it is 1234.5"),
    ("Model H3U-32MR", {"minimum": 0}, Status.FAILURE, "'Model H3U-32MR' is not one number"),
    ("5-10 V", {"minimum": 0}, Status.FAILURE, "'5-10 V' is not one number"),
    ("5 or 6", {"minimum": 0}, Status.FAILURE, "'5 or 6' is not one number"),
])  # fmt: skip
def test_answer_is(blackboard, text, arguments, status, message):
    blackboard.answer = Answer(text=text)
    leaf = AnswerIs("is", **arguments)
    leaf.tick_once()
    assert (leaf.status, leaf.feedback_message) == (status, message)


def test_answer_is_never_true_for_what_the_model_cannot_see(blackboard):
    blackboard.answer = Answer(text="open", abstained=True)
    leaf = AnswerIs("is", "open")
    leaf.tick_once()
    assert leaf.status == Status.FAILURE


def test_answer_is_with_confidence(blackboard):
    for confidence, status in ((0.9, Status.SUCCESS), (0.5, Status.FAILURE), (float("nan"), Status.FAILURE)):
        blackboard.answer = Answer(text="open", confidence=confidence)
        leaf = AnswerIs("is", "open", min_confidence=0.8)
        leaf.tick_once()
        assert leaf.status == status


@pytest.mark.parametrize("verdict", [Answer.NOT_CHECKED, Answer.CONFIRMED, Answer.CONTRADICTED, Answer.NOT_FOUND])
def test_answer_is_confirmed(blackboard, verdict):
    blackboard.answer = Answer(text="XK-7", verification=verdict, verification_reason="the second reader read 'XK-9'")
    for arguments, matches in (({}, True), ({"value": "xk-7"}, True), ({"value": "XK-8"}, False)):
        leaf = AnswerIs("is", confirmed=True, **arguments)
        leaf.tick_once()
        assert leaf.status == (Status.SUCCESS if matches and verdict == Answer.CONFIRMED else Status.FAILURE)
        assert verdict == Answer.CONFIRMED or "XK-9" in leaf.feedback_message
    leaf = AnswerIs("is", "XK-7")
    leaf.tick_once()
    assert leaf.status == Status.SUCCESS  # unless it is asked for


def test_answer_is_with_a_field_of_json(blackboard):
    blackboard.answer, blackboard.answer_json = Answer(text="..."), {"pressure": 0.6, "open": True}
    for leaf, status in (
        (AnswerIs("is", minimum=0.5, field="pressure"), Status.SUCCESS),
        (AnswerIs("is", "true", field="open"), Status.SUCCESS),
        (AnswerIs("is", "x", field="none"), Status.FAILURE),
    ):
        leaf.tick_once()
        assert leaf.status == status


def test_answer_is_without_an_answer():
    leaf = AnswerIs("is", "open")
    leaf.tick_once()
    assert leaf.status == Status.FAILURE
    with pytest.raises(ValueError):
        AnswerIs("is")
    with pytest.raises(ValueError):
        AnswerIs("is", "open", minimum=1)


@pytest.fixture(scope="module")
def tts(tmp_path_factory):
    context = Context()
    rclpy.init(context=context)
    parameters = {"output": "wav", "wav_file": str(tmp_path_factory.mktemp("tts") / "speech.wav"), "repeat_window": 0.0}
    node = TtsNode(
        context=context, parameter_overrides=[Parameter(name, value=value) for name, value in parameters.items()]
    )
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin, daemon=True)
    thread.start()
    yield node
    executor.shutdown()
    thread.join()
    node.destroy_node()
    rclpy.shutdown(context=context)


def test_say_speaks_what_is_on_the_blackboard(tts, blackboard):
    blackboard.answer = Answer(text="0.6 MPa")
    said = []
    say, tts.speaker.say = tts.speaker.say, lambda text, *rest, **more: said.append(text) or say(text, *rest, **more)
    leaf = Say("tell", "I read {answer.text}.")
    status, longest = run(leaf)
    tts.speaker.say = say
    assert (status, leaf.feedback_message, said) == (Status.SUCCESS, "said", ["I read 0.6 MPa."])


def test_say_is_interrupted_with_its_branch(tts, blackboard):
    with TtsClient() as client:
        leaf = Say("tell", "This is said. " * 50, client=client)
        leaf.setup()
        leaf.tick_once()
        assert leaf.status == Status.RUNNING
        leaf.stop(Status.INVALID)
        assert run(Say("next", "Next.", client=client))[0] == Status.SUCCESS


def test_say_without_a_voice_fails(blackboard):
    with TtsClient(name="nobody", server_timeout=0.1) as client:
        leaf = Say("tell", "Hello.", client=client)
        assert run(leaf)[0] == Status.FAILURE
        assert "nobody serves" in leaf.feedback_message
        leaf = Say("tell", "{answer}", client=client)
        assert run(leaf)[0] == Status.FAILURE
        assert leaf.feedback_message == "the blackboard has no answer"


def threads():
    """Those of this process but the servers', which grow with their work."""
    return {each for each in threading.enumerate() if not each.name.startswith(("ThreadPoolExecutor", "callback", "synth"))}


def test_thirty_leaves_share_one_node_and_one_thread(vqa, tts, blackboard):
    context = Context()
    rclpy.init(context=context)
    node = Node("tree", context=context)
    leaves = [AskImage(f"ask {i}", "pressure?", vqa="/robot1_vqa") for i in range(15)]
    leaves += [Say(f"tell {i}", f"{i}", tts="/tts") for i in range(15)]
    before = threads()
    for leaf in leaves:
        leaf.setup(node=node)
    try:
        assert len(threads() - before) == 1
        for leaf in leaves:
            leaf.tick_once()
        waiting = set(leaves)
        deadline = time.monotonic() + 60
        while waiting := {leaf for leaf in waiting if leaf.status == Status.RUNNING}:
            assert time.monotonic() < deadline
            for leaf in waiting:
                leaf.tick_once()
            time.sleep(0.005)
        assert {leaf.status for leaf in leaves} == {Status.SUCCESS}
        mine = [name for name in node.get_node_names() if name.startswith("tree")]
        assert len(mine) == 2 and "tree" in mine  # the tree's own node, and one for all leaves
        for leaf in leaves[:-1]:
            leaf.shutdown()
        assert len(threads() - before) == 1
    finally:
        for leaf in leaves:
            leaf.shutdown()
    assert not threads() - before
    node.destroy_node()
    rclpy.shutdown(context=context)


def test_a_leaf_set_up_again_after_its_ros_was_shut_down(vqa, blackboard):
    for _ in range(2):
        context = Context()
        rclpy.init(context=context)
        node = Node("tree", context=context)
        leaf = AskImage("ask", "pressure?", vqa="/robot1_vqa")
        leaf.setup(node=node)
        node.destroy_node()
        rclpy.shutdown(context=context)
        leaf.tick_once()
        deadline = time.monotonic() + 30
        while leaf.status == Status.RUNNING and time.monotonic() < deadline:
            leaf.tick_once()
            time.sleep(0.005)
        assert leaf.status == Status.FAILURE and blackboard.answer_error == ErrorCode.NOT_ACTIVE
        leaf.shutdown()
    assert run(AskImage("ask", "pressure?", vqa="robot1_vqa"))[0] == Status.SUCCESS

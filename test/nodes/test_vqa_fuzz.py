"""Whatever comes over DDS, the node answers each request once, with an answer or an error code, and goes on.

80 cases; GLM4V_FUZZ_CASES=5000 makes them 4,000, and test_vqa_fuzz_embedded has the rest.
"""

from __future__ import annotations

import struct

import fuzz
import numpy as np
import pytest
from builtin_interfaces.msg import Time
from fuzz import cases
from glm4v_ros.msg import Answer, AskOptions, Question
from hostile_requests import COLOUR, SOON, UINT32, Asked, requests
from hypothesis import given
from hypothesis import strategies as st
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.serialization import serialize_message
from rig import Rig
from robot import compressed, duration, eventually, image, wait
from sensor_msgs.msg import Image
from std_msgs.msg import String

from glm4v_ros.errors import ErrorCode
from glm4v_ros.nodes.guard import subscribe
from glm4v_ros.policy import question_check
from glm4v_ros.vision.frame import Frame

CASES = cases(100) * 4 // 5


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    rig = Rig(tmp_path_factory.mktemp("rig"), timeout=20.0, max_queue=4096)  # what is broken may wait long
    rig.node.autostart()
    yield rig
    rig.close()


def test_every_request_ends_once_and_the_node_goes_on(rig):
    rig.publish(rig.robot.camera("/front/image_raw"), image(COLOUR, rig.robot.now()))
    asked = Asked(rig.robot)

    @fuzz.fuzz(CASES)
    @given(requests())
    def every(case):
        asked.ask(*case)

    every()
    asked.close()
    asked.check()
    _is_right(rig)


# Bytes that are no message. rclpy publishes serialised messages as they are, on topics.


@st.composite
def _broken(draw, whole: bytes) -> bytes:
    """The CDR of a message with bytes changed, cut off or put in; the encapsulation's four stay."""
    body = bytearray(whole[4:])
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(body)))
        kind = draw(st.sampled_from(("put", "cut", "insert", "length", "not UTF-8")))
        if kind == "cut":
            del body[at:]
        elif kind == "insert":
            body[at:at] = draw(st.binary(max_size=8))
        elif kind == "not UTF-8":
            body[at : at + 4] = b"\xff\xc0\xed\xa0"
        elif kind == "length":
            at -= at % 4
            body[at : at + 4] = struct.pack("<I", draw(UINT32))
        elif at < len(body):
            body[at] = draw(st.integers(0, 255))
    return whole[:4] + bytes(body)


_WHOLE = {
    "question": serialize_message(
        Question(text="what is it?", cameras=["front"], session_id="s", options=AskOptions(choices=["a", "b"], language="en"))
    ),
    "text": serialize_message(String(data="what is it?")),
    "front": serialize_message(image(COLOUR[:4, :4], Time())),
}


def test_bytes_that_are_no_message(rig):
    node = rig.robot.node
    best_effort = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
    publishers = {
        "question": node.create_publisher(Question, "/vqa/question", 10),
        "text": node.create_publisher(String, "/vqa/question_text", 10),
        "front": node.create_publisher(Image, "/front/image_raw", best_effort),
    }
    for publisher in publishers.values():
        eventually(publisher.get_subscription_count)
    answers = rig.robot.listen(Answer, "/vqa/answers")

    @fuzz.fuzz(CASES // 4)
    @given(st.sampled_from(tuple(_WHOLE)).flatmap(lambda name: st.tuples(st.just(name), _broken(_WHOLE[name]))))
    def every(case):
        name, broken = case
        publishers[name].publish(broken)
        _is_right(rig)

    every()
    publishers["text"].publish(String(data="who listens?"))
    publishers["question"].publish(Question(text="and here?", cameras=["left"], options=AskOptions(timeout=duration(SOON))))
    eventually(lambda: {"who listens?", "and here?"} <= {answer.question for answer in answers})
    assert rig.thread.is_alive()
    rig.publish(publishers["front"], image(COLOUR, rig.robot.now()))


def _is_right(rig) -> None:
    reply = rig.robot.ask("what?", images=[image(COLOUR, Time())])
    assert reply.success and reply.answer.text == Frame(np.ascontiguousarray(COLOUR)).key


def test_what_cannot_be_taken_makes_no_topic_deaf(rig, monkeypatch):
    """Where a message's fields refuse their values; the topic must be looked at again."""
    heard = []
    subscription = subscribe(rig.node, String, "/deaf", heard.append, QoSProfile(depth=10))
    publisher = rig.robot.node.create_publisher(String, "/deaf", 10)
    eventually(publisher.get_subscription_count)
    refused = []

    def refuse(self, value):
        if value == "bad":
            refused.append(value)
            raise ValueError("not this")
        self._data = value

    bad = serialize_message(String(data="bad"))
    monkeypatch.setattr(String, "data", property(lambda self: self._data, refuse))
    publisher.publish(bad)
    eventually(lambda: refused)
    monkeypatch.undo()
    publisher.publish(String(data="good"))
    eventually(lambda: [message.data for message in heard] == ["good"])
    rig.node.destroy_subscription(subscription)


def test_an_error_that_quotes_half_a_character_reaches_the_client(rig):
    reply = rig.robot.ask("?", images=[image(COLOUR, Time())], options={"json_schema": '{"type": "\\ud800"}'})
    assert ErrorCode(reply.error_code) is ErrorCode.BAD_REQUEST and "json_schema" in reply.error_msg


@pytest.mark.parametrize("session_id", ["s" * 201, "\ufffd"])
def test_a_session_that_cannot_be_is_not_reset(rig, session_id):
    reply = wait(rig.robot.reset.call_async(rig.robot.reset.srv_type.Request(session_id=session_id)))
    assert not reply.success and "session_id" in reply.error_msg


def test_the_pictures_of_a_question_are_bounded_altogether(rig, monkeypatch):
    monkeypatch.setattr(question_check, "MAX_PIXELS", 2 * COLOUR[..., 0].size)
    shown = [compressed(COLOUR, Time())] * 3
    assert rig.robot.ask("?", compressed_images=shown[:2]).success
    reply = rig.robot.ask("?", compressed_images=shown)
    assert ErrorCode(reply.error_code) is ErrorCode.BAD_IMAGE and "megapixels" in reply.error_msg

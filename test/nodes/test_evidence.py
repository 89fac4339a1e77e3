"""What the node records with the evidence log on, and what it then does differently."""

import hashlib
import socket

import pytest
from builtin_interfaces.msg import Time
from evidence_rig import entries, start
from robot import compressed, duration, image, plain, wait
from sensor_msgs.msg import RegionOfInterest
from test_vqa_scripted import BLUE, GREEN, RED, code, key

from glm4v_ros.errors import ErrorCode
from glm4v_ros.evidence.verify import verify


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    rig = start(tmp_path_factory.mktemp("rig"), warm_rate=100.0, robot="ward 3")
    yield rig
    rig.close()


def test_what_a_record_holds(rig):
    raw, jpeg = image(RED, Time(sec=5), frame_id="lens"), compressed(GREEN, Time(sec=6))
    answer = rig.robot.ask("型号?", images=[raw], compressed_images=[jpeg], options={"max_tokens": 9}).answer
    entry = entries(rig)[-1]
    assert entry["question"] == "型号?" and entry["answer"] == answer.text and entry["request_id"] == answer.request_id
    assert entry["finish_reason"] == "STOP" and entry["error"] == "" and entry["max_tokens"] == 9
    assert entry["model"] == {
        "name": "script",
        "text_sha256": hashlib.sha256(b"text").hexdigest(),
        "vision_sha256": hashlib.sha256(b"vision").hexdigest(),
    }
    assert entry["sampling"]["seed"] == 7 and set(entry["versions"]) == {
        "glm4v_ros",
        "llama_cpp_python",
        "python",
        "machine",
    }
    first, second = entry["pictures"]
    assert [first["sha256"], second["sha256"]] == list(answer.image_sha256)
    about = {name: getattr(raw, name) for name in ("encoding", "height", "width", "step", "is_bigendian")}
    assert {name: first[name] for name in about} == about and second["format"] == "png"
    assert first["header"] == {"stamp": {"sec": 5, "nanosec": 0}, "frame_id": "lens"}
    pictures = rig.node.configuration.witness.log.directory.glob("0*/pictures/*")
    kept = {path.name: path.read_bytes() for path in pictures}
    assert kept[first["file"]] == raw.data.tobytes() and kept[second["file"]] == jpeg.data.tobytes()
    assert first["file"].endswith(".raw") and second["file"].endswith(".png")


def test_the_record_is_there_before_the_answer(rig):
    before = len(entries(rig))
    for count in range(1, 6):
        assert rig.robot.ask("what?", images=[image(RED, Time())]).success
        assert len(entries(rig)) == before + count
    assert verify(rig.node.configuration.witness.log.directory).problems == []


def test_answers_are_greedy_and_deterministic_whatever_the_parameters_say(rig):
    rig.robot.ask("what?", images=[image(RED, Time())], options={"deterministic": False})
    question, _ = rig.engine.questions[-1]
    assert question.deterministic and question.sampling.greedy
    assert entries(rig)[-1]["sampling"]["temperature"] == 0 and entries(rig)[-1]["deterministic"]


def test_never_from_a_warm_frame(rig):
    """Nothing is encoded ahead, and an older picture that is encoded already does not win over the newest."""
    front = rig.robot.camera("/front/image_raw")
    rig.publish(front, image(GREEN, rig.robot.now(-0.5)))
    assert rig.robot.ask("what?").answer.text == key(GREEN)
    rig.engine.encoded.add(key(GREEN))
    rig.publish(front, image(BLUE, rig.robot.now()))
    assert rig.robot.ask("what?").answer.text == key(BLUE)
    assert rig.engine.warmed == []
    assert entries(rig)[-1]["pictures"][0]["camera"] == "front"


def test_regions_are_said(rig):
    region = RegionOfInterest(x_offset=1, y_offset=2, width=30, height=20)
    rig.robot.ask("what?", images=[image(RED, Time())], options={"rois": [region]})
    assert entries(rig)[-1]["pictures"][0]["region"] == [1, 2, 30, 20]


def test_what_was_written_before_a_timeout_is_recorded_too(rig):
    response = rig.robot.ask("slow", images=[image(RED, Time())], options={"timeout": duration(2.0)})
    assert code(response) is ErrorCode.TIMEOUT and response.answer.text
    entry = entries(rig)[-1]
    assert entry["answer"] == response.answer.text and (entry["error"], entry["finish_reason"]) == ("TIMEOUT", "TIMEOUT")


@pytest.mark.parametrize(
    "question, more, code_, says",
    [
        ("fail", {}, ErrorCode.ENGINE_FAILED, "ask again"),
        ("", {}, ErrorCode.BAD_REQUEST, "the question"),
        ("what?", {"cameras": ["rear"]}, ErrorCode.UNKNOWN_CAMERA, "rear"),
        ("what?", {"cameras": ["left"], "options": {"timeout": duration(0.1)}}, ErrorCode.NO_IMAGE, "left"),
        ("x" * 5000, {}, ErrorCode.BAD_REQUEST, "max_question_characters"),
    ],
)
def test_a_question_without_an_answer_is_recorded_with_the_reason(rig, question, more, code_, says):
    before = len(entries(rig))
    shown = {} if "cameras" in more else {"images": [image(RED, Time())]}
    response = rig.robot.ask(question, **shown, **more)
    assert code(response) is code_
    entry = entries(rig)[-1]
    assert len(entries(rig)) == before + 1 and entry["error"] == code_.name and says in entry["error_msg"]
    assert question.startswith(entry["question"].removesuffix(" ...")) and entry["answer"] == ""
    assert len(entry["pictures"]) == (code_ is ErrorCode.ENGINE_FAILED)
    assert verify(rig.node.configuration.witness.log.directory).problems == []


def test_a_record_says_which_robot_host_and_node(rig):
    rig.robot.ask("what?", images=[image(RED, Time())])
    entry = entries(rig)[-1]
    assert (entry["robot"], entry["host"], entry["node"]) == ("ward 3", socket.gethostname(), "/vqa")


def test_a_replaced_model_file_is_hashed_again(rig):
    text = rig.node.configuration.model.text_path
    text.write_bytes(b"another model")
    rig.robot.ask("what?", images=[image(RED, Time())])
    assert entries(rig)[-1]["model"]["text_sha256"] == hashlib.sha256(b"another model").hexdigest()
    text.write_bytes(b"text")


def test_questions_of_several_clients(rig):
    before = len(entries(rig))
    futures = [rig.robot.start(f"what {n}?", images=[image(plain((n, n, n)), Time())]) for n in range(12)]
    answered = [wait(future).success for future in futures]
    assert sum(answered) == len(entries(rig)) - before > 0
    assert verify(rig.node.configuration.witness.log.directory).problems == []

"""What the node does by itself, over DDS, with an engine whose answers name the pictures that it was shown."""

import hashlib
import json
import threading

import cv2
import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration, Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from executors import EXECUTORS
from glm4v_ros.msg import Answer, AskOptions, Question
from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import GetState
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy
from remote_rig import RemoteRig
from rig import LONG, Rig
from robot import compressed, duration, earlier, eventually, image, plain, wait
from sensor_msgs.msg import CompressedImage, Image, RegionOfInterest
from std_msgs.msg import String

from glm4v_ros.errors import ErrorCode
from glm4v_ros.vision.frame import Frame

RED, GREEN, BLUE = (plain(colour) for colour in ((200, 10, 20), (10, 200, 20), (10, 20, 200)))
SHORT = 0.2  # s


def key(rgb: np.ndarray) -> str:
    return Frame(np.ascontiguousarray(rgb)).key


@pytest.fixture(scope="module", params=EXECUTORS)
def make_executor(request):
    return EXECUTORS[request.param]


@pytest.fixture(scope="module", params=[*EXECUTORS, "remote"])
def rig(tmp_path_factory, request):
    """With each executor, and with the same engine behind a server."""
    directory = tmp_path_factory.mktemp("rig")
    remote = request.param == "remote"
    rig = RemoteRig(directory) if remote else Rig(directory, make_executor=EXECUTORS[request.param])
    rig.node.autostart()
    yield rig
    rig.close()


@pytest.fixture
def local_rig(rig):
    """For what only an engine on this machine has."""
    if isinstance(rig, RemoteRig):
        pytest.skip("a remote engine has no such thing")
    return rig


@pytest.fixture(scope="module")
def front(rig):
    return rig.robot.camera("/front/image_raw")


@pytest.fixture(scope="module")
def left(rig):
    return rig.robot.camera("/left/image_raw/compressed", CompressedImage, ReliabilityPolicy.RELIABLE)


def code(response) -> ErrorCode:
    return ErrorCode(response.error_code)


def test_no_image_before_the_first_one(rig):
    response = rig.robot.ask("what?", options={"timeout": duration(SHORT)})
    assert not response.success and code(response) is ErrorCode.NO_IMAGE
    assert "/front/image_raw/compressed or /front/image_raw" in response.error_msg
    assert "camera.front.topic" in response.error_msg
    silent = rig.robot.camera("/front/image_raw")
    told = rig.robot.ask("what?", options={"timeout": duration(SHORT)}).error_msg
    assert "sends nothing" in told and "docs/cameras.md" in told
    rig.robot.node.destroy_publisher(silent)
    assert response.answer.finish_reason == Answer.ERROR and response.answer.text == ""


def test_raw_camera(rig, front):
    sent = rig.publish(front, image(RED, rig.robot.now(), frame_id="lens"))
    response = rig.robot.ask("what?")
    assert response.success and code(response) is ErrorCode.NONE and response.error_msg == ""
    answer = response.answer
    assert answer.text == key(RED)
    assert answer.header == sent.header and answer.image_headers == [sent.header] and answer.cameras == ["front"]
    assert answer.image_sha256 == [hashlib.sha256(sent.data).hexdigest()]
    assert answer.question == "what?" and answer.model == rig.model_name and answer.preset == "default" and answer.request_id
    assert answer.endpoint == rig.endpoint
    assert answer.choice_index == -1 and np.isnan(answer.confidence) and answer.finish_reason == Answer.STOP


def test_two_cameras_in_order(rig, front, left):
    raw = rig.publish(front, image(RED, rig.robot.now()))
    jpeg = rig.publish(left, compressed(GREEN, rig.robot.now()))
    answer = rig.robot.ask("which?", cameras=["left", "front"]).answer
    assert answer.text.split() == [key(GREEN), key(RED)]
    assert answer.image_headers == [jpeg.header, raw.header] and answer.cameras == ["left", "front"]
    assert answer.image_sha256 == [hashlib.sha256(m.data).hexdigest() for m in (jpeg, raw)]


def test_images_in_the_request_raw_ones_first(rig):
    stamp = Time(sec=5)
    answer = rig.robot.ask(
        "which?", images=[image(BLUE, stamp)], compressed_images=[compressed(GREEN, Time(sec=6))]
    ).answer
    assert answer.text.split() == [key(BLUE), key(GREEN)]
    assert answer.header.stamp == stamp and answer.cameras == []


def test_newest_picture_is_the_one(rig, front):
    rig.publish(front, image(RED, rig.robot.now()))
    rig.publish(front, image(BLUE, rig.robot.now()))
    assert rig.robot.ask("what?").answer.text == key(BLUE)


@pytest.mark.parametrize(
    "prefer, older, shows, wins",
    [
        ("", 0.4, RED, "encoded"),
        ("", 0.6, RED, "newest"),
        ("auto", 0.6, GREEN + 4, "encoded"),  # within warm_threshold
        ("auto", 0.6, GREEN + 5, "newest"),
        ("newest", 0.1, GREEN + 1, "newest"),
        ("encoded", 5.0, RED, "encoded"),
    ],
)
def test_encoded_picture_or_newest(local_rig, rig, front, prefer, older, shows, wins):
    now = rig.robot.now()
    old = rig.publish(front, image(GREEN, earlier(now, older)))
    assert rig.robot.ask("what?", options={"prefer": "newest"}).answer.text == key(GREEN)
    rig.engine.encoded.add(key(GREEN))
    new = rig.publish(front, image(shows, now))
    answer = rig.robot.ask("what?", options={"prefer": prefer}).answer
    sent = {"encoded": old, "newest": new}[wins]
    assert answer.text == key(GREEN if wins == "encoded" else shows) and answer.header == sent.header
    answer = rig.robot.ask("what?", options={"prefer": prefer, "not_before": new.header.stamp}).answer
    assert answer.text == key(shows) and answer.header == new.header
    rig.engine.encoded.clear()


def test_the_newest_by_parameter(local_rig, rig, front):
    now = rig.robot.now()
    rig.publish(front, image(GREEN, earlier(now, 0.1)))
    assert rig.robot.ask("what?").answer.text == key(GREEN)
    rig.engine.encoded.add(key(GREEN))
    rig.publish(front, image(RED, now))
    rig.node.set_parameters([Parameter("prefer", value="newest")])
    assert rig.robot.ask("what?").answer.text == key(RED)
    rig.node.set_parameters([Parameter("prefer", value="auto")])
    assert rig.robot.ask("what?").answer.text == key(GREEN)
    rig.engine.encoded.clear()


def test_a_question_is_about_what_came_before_it(tmp_path):
    """A picture that lies in the middleware because nobody asked counts too."""
    rig = Rig(tmp_path, alone=True)
    try:
        front = rig.robot.node.create_publisher(Image, "/front/image_raw", QoSProfile(depth=1))
        rig.node.autostart()
        eventually(front.get_subscription_count)
        for shade in range(20):
            shown = plain((shade, 0, 0))
            front.publish(image(shown, rig.robot.now()))
            assert front.wait_for_all_acked()
            assert rig.robot.ask("what?").answer.text == key(shown)
    finally:
        rig.close()


def test_not_before_is_waited_for(rig, front):
    rig.publish(front, image(RED, rig.robot.now()))
    too_early, not_before = rig.robot.now(), rig.robot.now(0.05)
    future = rig.robot.start("what?", options={"not_before": not_before})
    eventually(lambda: rig.node.activation.cameras["front"].waiting)
    rig.publish(front, image(GREEN, too_early))
    assert not future.done()
    sent = rig.publish(front, image(BLUE, rig.robot.now(0.1)))
    answer = wait(future).answer
    assert answer.text == key(BLUE) and answer.header == sent.header


def test_stale_image(rig, front):
    rig.publish(front, image(RED, rig.robot.now(-5.0)))
    response = rig.robot.ask("what?", options={"max_image_age": duration(1.0), "timeout": duration(SHORT)})
    assert code(response) is ErrorCode.STALE_IMAGE and "max_image_age" in response.error_msg


@pytest.mark.parametrize("ahead", [2.0, None])
def test_impossible_stamp_counts_from_receipt(rig, front, ahead):
    stamp = Time() if ahead is None else rig.robot.now(ahead)
    rig.publish(front, image(RED, stamp))
    assert rig.robot.ask("what?", options={"max_image_age": duration(60.0)}).answer.header.stamp == stamp


def test_unknown_camera(rig):
    response = rig.robot.ask("what?", cameras=["rear"])
    assert code(response) is ErrorCode.UNKNOWN_CAMERA and "front, left" in response.error_msg


def test_timeout_of_a_millisecond(rig, front):
    rig.publish(front, image(RED, rig.robot.now()))
    response = rig.robot.ask("slow", options={"timeout": duration(0.001)})
    assert code(response) is ErrorCode.TIMEOUT and response.answer.finish_reason == Answer.FINISH_TIMEOUT


def test_timeout_keeps_what_was_written(rig, front):
    rig.publish(front, image(RED, rig.robot.now()))
    response = rig.robot.ask("slow", options={"timeout": duration(2.0)})
    assert code(response) is ErrorCode.TIMEOUT and response.answer.text.startswith("word ")


def bad_requests():
    def of(says, question="what?", **fields):
        return pytest.param(question, fields, says, id=says)

    red = image(RED, Time())
    yield of("question is empty", question="  \n")
    yield of("max_question_characters", question="x" * 4001)
    yield of("either", cameras=["front"], images=[red])
    yield of("max_images", images=[red] * 9)
    yield of("2 to 64 choices", options={"choices": ["one"]})
    yield of("differ from each other", options={"choices": ["a", "a"]})
    yield of("a choice is not blank", options={"choices": ["a", " "]})
    yield of("no JSON", options={"json_schema": "{"})
    yield of("exclude each other", options={"json_schema": "{}", "choices": ["a", "b"]})
    yield of("nested deeper", options={"json_schema": '{"a":' * 40 + "{}" + "}" * 40})
    yield of("json_schema has", options={"json_schema": "[" * 20_000 + "]" * 20_000})
    yield of("is a JSON object", options={"json_schema": "[]"})
    yield of("there is no preset", options={"preset": "none"})
    yield of("enhance is one of", options={"enhance": "magic"})
    yield of("prefer is one of", options={"prefer": "oldest"})
    yield of("timeout is negative", options={"timeout": duration(-1)})
    yield of("max_image_age.nanosec", options={"max_image_age": Duration(nanosec=2 * 10**9)})
    yield of("not_before is negative", options={"not_before": Time(sec=-1)})
    yield of("2 rois for 1 picture", images=[red], options={"rois": [RegionOfInterest(width=5, height=5)] * 2})
    yield of("session_id has", session_id="x" * 300)


@pytest.mark.parametrize("question, fields, says", list(bad_requests()))
def test_bad_request(rig, question, fields, says):
    response = rig.robot.ask(question, **fields)
    assert code(response) is ErrorCode.BAD_REQUEST and says in response.error_msg
    assert response.answer.text == "" and response.answer.finish_reason == Answer.ERROR


def test_bad_image(rig):
    broken = image(RED, Time())
    broken.height += 1
    assert code(rig.robot.ask("what?", images=[broken])) is ErrorCode.BAD_IMAGE
    broken = compressed(RED, Time())
    broken.data = broken.data[:40]
    assert code(rig.robot.ask("what?", compressed_images=[broken])) is ErrorCode.BAD_IMAGE


def test_region_of_interest(rig):
    picture = plain((0, 0, 0))
    picture[10:20, 30:50] = (9, 8, 7)
    region = RegionOfInterest(x_offset=30, y_offset=10, width=20, height=10)
    answer = rig.robot.ask("what?", images=[image(picture, Time())], options={"rois": [region]}).answer
    assert answer.text == key(picture[10:20, 30:50])


def test_engine_failure_and_the_next_question(rig):
    response = rig.robot.ask("fail", images=[image(RED, Time())])
    assert code(response) is ErrorCode.ENGINE_FAILED and response.answer.text == ""
    assert rig.robot.ask("what?", images=[image(RED, Time())]).success


def test_queue_overflow_is_busy_at_once(rig):
    red = [image(RED, Time())]
    running = [rig.robot.goal("slow", images=red) for _ in range(4)]
    results = [goal.get_result_async() for goal in running]
    try:
        eventually(lambda: rig.on_their_way == 4)

        def is_told_the_engine_s_own_estimate():  # which changes as the questions come to it
            response = rig.robot.ask("what?", images=red)
            assert code(response) is ErrorCode.BUSY
            return response.retry_after == duration(rig.node.activation.engine.retry_after)

        eventually(is_told_the_engine_s_own_estimate)
        assert not any(result.done() for result in results)
    finally:  # or they would be in the way of the next test
        for goal in running:
            goal.cancel_goal_async()
    assert [code(wait(result).result) for result in results] == [ErrorCode.CANCELED] * 4
    assert rig.robot.ask("what?", images=red).success


def test_flood_loses_nothing(rig):
    red = [image(RED, Time())]
    codes = [code(wait(future)) for future in [rig.robot.start("what?", images=red) for _ in range(200)]]
    assert set(codes) <= {ErrorCode.NONE, ErrorCode.BUSY} and ErrorCode.NONE in codes


def test_session_keeps_its_picture(rig, front):
    first = rig.publish(front, image(RED, rig.robot.now()))
    assert rig.robot.ask("what?", session_id="talk").answer.text == key(RED)
    rig.publish(front, image(BLUE, rig.robot.now()))
    answer = rig.robot.ask("and?", session_id="talk").answer
    question, frames = rig.engine.questions[-1]
    assert [frame.key for frame in frames] == [key(RED)]
    if isinstance(rig, RemoteRig):
        assert [(one.text, one.answer, one.pictures) for one in question.past] == [("what?", key(RED), 1)]
    else:
        assert question.session_id == "talk"
    assert answer.header == first.header and answer.session_id == "talk"
    shown = rig.robot.ask("now?", session_id="talk", cameras=["front"]).answer.text
    assert shown.split()[-1] == key(BLUE)  # a server is shown all of the conversation
    assert wait(rig.robot.reset.call_async(rig.robot.reset.srv_type.Request(session_id="talk"))).success
    assert rig.robot.ask("again?", session_id="talk").answer.text == key(BLUE)


def test_options_reach_the_engine(local_rig, rig):
    options = {
        "language": "zh",
        "choices": ["a", "b"],
        "max_tokens": 7,
        "max_image_tokens": 99,
        "priority": 3,
        "deterministic": True,
        "retry_on_crash": True,
        "timeout": duration(9.0),
        "preset": "inspection",
    }
    rig.robot.ask("what?", images=[image(RED, Time())], options=options)
    question, _ = rig.engine.questions[-1]
    assert question.system_prompt.endswith("\nAnswer in Chinese.")
    assert (question.choices, question.max_tokens, question.max_image_tokens) == (
        ("a", "b"),
        7,
        99,
    )
    assert question.priority == 3 and question.deterministic and question.retry_on_crash
    assert 0.0 < question.timeout < 9.0 and "technician" in question.system_prompt


def test_options_reach_the_engine_elsewhere(rig):
    if not isinstance(rig, RemoteRig):
        pytest.skip("the engine is here")
    options = {
        "language": "zh", "max_tokens": 7, "max_image_tokens": 99, "deterministic": True, "timeout": duration(9.0),
        "preset": "inspection",
    }  # fmt: skip
    rig.robot.ask("what?", images=[image(RED, Time())], options=options)
    question, _ = rig.engine.questions[-1]
    assert question.system_prompt.endswith("\nAnswer in Chinese.") and "technician" in question.system_prompt
    assert (question.max_tokens, question.max_image_tokens, question.deterministic) == (7, 99, True)
    assert 0.0 < question.timeout < 9.0
    rig.robot.ask("what?", images=[image(RED, Time())], options={"choices": ["a", "b"], "json_schema": ""})
    asked = [question for question, _ in rig.engine.questions[-3:]]
    assert asked[0].choices == ("a", "b")  # whose answer was none of them
    assert json.loads(asked[2].json_schema)["properties"]["answer"]["enum"] == ["a", "b"]


def test_defaults_reach_the_engine(rig):
    rig.robot.ask("what?", images=[image(RED, Time())])
    question, _ = rig.engine.questions[-1]
    assert question.max_tokens == 256 and question.system_prompt == "" and question.sampling.temperature == 0.0


def test_eldercare_refuses_the_demo_model(rig):
    response = rig.robot.ask("what?", images=[image(RED, Time())], options={"preset": "eldercare"})
    assert code(response) is ErrorCode.UNSUPPORTED
    assert ("engine to local" if isinstance(rig, RemoteRig) else "allow_demo_model") in response.error_msg


def written(heard) -> str:
    """What was streamed. rclpy drops the feedback that comes with the result or after it."""
    return "".join(feedback.delta for feedback in heard)


def test_action_streams_and_succeeds(rig):
    heard = []
    goal = rig.robot.goal(
        "tell", on_feedback=lambda message: heard.append(message.feedback), images=[image(RED, Time())]
    )
    eventually(lambda: written(heard) == "One. T")
    rig.engine.go_on.set()
    reply = wait(goal.get_result_async())
    assert reply.status == GoalStatus.STATUS_SUCCEEDED and reply.result.success
    assert reply.result.answer.text == "One. Two." and "One. Two.".startswith(written(heard))
    assert [f.stage for f in heard] == sorted(f.stage for f in heard)


def test_action_feedback_is_joined(rig):
    heard = []
    goal = rig.robot.goal(
        "slow",
        on_feedback=lambda message: heard.append(message.feedback),
        images=[image(RED, Time())],
        options={"timeout": duration(1.0)},
    )
    reply = wait(goal.get_result_async())
    assert reply.status == GoalStatus.STATUS_ABORTED and code(reply.result) is ErrorCode.TIMEOUT
    text = reply.result.answer.text
    assert written(heard) and text.startswith(written(heard))
    assert len(heard) < text.count("word") / 2


def test_action_cancel(rig):
    heard = []
    goal = rig.robot.goal("slow", on_feedback=heard.append, images=[image(RED, Time())])
    eventually(lambda: any(message.feedback.delta for message in heard))
    wait(goal.cancel_goal_async())
    reply = wait(goal.get_result_async())
    assert reply.status == GoalStatus.STATUS_CANCELED and code(reply.result) is ErrorCode.CANCELED
    assert reply.result.answer.text.startswith("word ") and reply.result.answer.finish_reason == Answer.FINISH_CANCELED
    assert rig.robot.ask("what?", images=[image(RED, Time())]).success


def test_action_cancel_while_waiting_for_a_picture(rig, front):
    goal = rig.robot.goal("what?", options={"not_before": rig.robot.now(LONG)})
    eventually(lambda: rig.node.activation.cameras["front"].waiting)
    wait(goal.cancel_goal_async())
    reply = wait(goal.get_result_async())
    assert reply.status == GoalStatus.STATUS_CANCELED and code(reply.result) is ErrorCode.CANCELED
    assert rig.node.activation.cameras["front"].waiting == 0


def test_action_abort_says_why(rig):
    reply = wait(rig.robot.goal("").get_result_async())
    assert reply.status == GoalStatus.STATUS_ABORTED and code(reply.result) is ErrorCode.BAD_REQUEST


def test_topics(rig, front):
    answers, texts = rig.robot.listen(Answer, "/vqa/answers"), rig.robot.listen(String, "/vqa/answer_text")
    pictures = rig.robot.listen(CompressedImage, "/vqa/answer_image/compressed")
    asked = rig.robot.node.create_publisher(Question, "/vqa/question", 10)
    asked_text = rig.robot.node.create_publisher(String, "/vqa/question_text", 10)
    eventually(lambda: asked.get_subscription_count() and asked_text.get_subscription_count())
    eventually(lambda: rig.subscribers("/vqa/answer_image/compressed"))
    sent = rig.publish(front, image(GREEN, rig.robot.now()))
    asked.publish(Question(text="what?", session_id="", options=AskOptions(max_tokens=3)))
    eventually(lambda: answers and texts and pictures)
    assert answers[0].text == texts[0].data == key(GREEN) and pictures[0].header == sent.header
    shown = cv2.imdecode(np.frombuffer(pictures[0].data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert np.abs(shown.astype(int) - GREEN).max() <= 3
    asked_text.publish(String(data="and?"))
    eventually(lambda: len(answers) == 2)
    assert answers[1].question == "and?"
    asked_text.publish(String(data=""))
    eventually(lambda: len(answers) == 3)
    assert answers[2].finish_reason == Answer.ERROR and len(texts) == 2


def test_diagnostics(rig, front):
    heard = rig.robot.listen(DiagnosticArray, "/diagnostics")
    rig.publish(front, image(GREEN, rig.robot.now()))
    heard.clear()
    told = eventually(lambda: next((each for each in heard if each.status[0].name == "/vqa: node"), None))
    statuses = {status.name: {pair.key: pair.value for pair in status.values} for status in told.status}
    device = "script"
    if isinstance(rig, RemoteRig):
        device = f"remote http://127.0.0.1:{rig.served.port}/v1"
        assert statuses["/vqa: remote"]["circuit breaker"] == "closed"
    assert statuses["/vqa: engine"]["device"] == device and statuses["/vqa: engine"]["worker restarts"] == "0"
    assert float(statuses["/vqa: camera front"]["last image age s"]) >= 0
    assert statuses["/vqa: node"]["lifecycle state"] == "active"


def test_auto_transport_prefers_compressed_and_returns_to_raw(rig, front):
    offered = rig.robot.node.create_publisher(CompressedImage, "/front/image_raw/compressed", 1)
    eventually(offered.get_subscription_count)
    offered.publish(compressed(BLUE, rig.robot.now()))
    assert offered.wait_for_all_acked()
    assert rig.robot.ask("what?", cameras=["front"]).answer.text == key(BLUE)
    eventually(lambda: not front.get_subscription_count())
    rig.robot.node.destroy_publisher(offered)
    eventually(front.get_subscription_count)
    rig.publish(front, image(GREEN, rig.robot.now()))
    assert rig.robot.ask("what?").answer.text == key(GREEN)


def test_deactivate_ends_questions_and_activate_begins_again(rig, front):
    running = rig.robot.start("slow", images=[image(RED, Time())])
    waiting = rig.robot.start("what?", options={"not_before": rig.robot.now(LONG)})
    eventually(lambda: rig.on_their_way == 2)
    rig.node.trigger_deactivate()
    for future in (running, waiting):
        assert code(wait(future)) is ErrorCode.NOT_ACTIVE
    response = rig.robot.ask("what?", images=[image(RED, Time())])
    assert code(response) is ErrorCode.NOT_ACTIVE and response.error_msg
    reply = wait(rig.robot.goal("what?").get_result_async())
    assert reply.status == GoalStatus.STATUS_ABORTED and code(reply.result) is ErrorCode.NOT_ACTIVE
    rig.node.trigger_cleanup()
    assert rig.node.configuration is None
    rig.node.autostart()
    assert rig.robot.ask("what?", images=[image(RED, Time())]).success


def test_warm_frames(tmp_path, make_executor):
    """The newest picture is encoded ahead, again only when it shows something else, and then a question is about it."""
    rig = Rig(tmp_path, True, make_executor, warm_rate=100.0, warm_threshold=4.0, **{"camera.left.warm": False})
    try:
        rig.node.autostart()
        front = rig.robot.camera("/front/image_raw")
        left = rig.robot.camera("/left/image_raw/compressed", CompressedImage)
        rig.publish(front, image(RED, rig.robot.now()))
        eventually(lambda: rig.engine.warmed == [key(RED)])
        rig.publish(front, image(RED + 1, rig.robot.now()))
        rig.publish(left, compressed(BLUE, rig.robot.now()))
        assert rig.robot.ask("what?").answer.text == key(RED)
        rig.publish(front, image(GREEN, rig.robot.now()))
        eventually(lambda: rig.engine.warmed == [key(RED), key(GREEN)])
        assert rig.robot.ask("what?").answer.text == key(GREEN)
    finally:
        rig.close()


def test_answers_while_the_model_is_loaded(tmp_path, make_executor):
    """Everything is there and answers NOT_ACTIVE while configure is at work."""
    rig = Rig(tmp_path, True, make_executor)
    try:
        rig.loading.clear()
        starting = threading.Thread(target=rig.node.autostart)
        starting.start()
        get_state = rig.robot.node.create_client(GetState, "/vqa/get_state")
        assert get_state.wait_for_service(30)
        eventually(
            lambda: (
                wait(get_state.call_async(GetState.Request())).current_state.id == State.TRANSITION_STATE_CONFIGURING
            )
        )
        assert code(rig.robot.ask("what?", images=[image(RED, Time())])) is ErrorCode.NOT_ACTIVE
        rig.loading.set()
        starting.join()
        assert rig.robot.ask("what?", images=[image(RED, Time())]).success
    finally:
        rig.close()


def test_a_model_that_does_not_load_is_said_and_can_be_put_right(tmp_path, make_executor):
    rig = Rig(tmp_path, True, make_executor, model="nonesuch")
    try:
        heard = rig.robot.listen(DiagnosticArray, "/diagnostics")
        rig.node.autostart()
        response = rig.robot.ask("what?", images=[image(RED, Time())])
        assert code(response) is ErrorCode.NOT_ACTIVE and "nonesuch" in response.error_msg
        eventually(
            lambda: any(
                status.level == DiagnosticStatus.ERROR and "nonesuch" in status.message
                for message in heard
                for status in message.status
            )
        )
        rig.node.set_parameters([Parameter("model", value="script")])
        rig.node.autostart()
        assert rig.robot.ask("what?", images=[image(RED, Time())]).success
        eventually(
            lambda: all(
                status.level == DiagnosticStatus.OK for status in heard[-1].status if "camera" not in status.name
            )
        )
    finally:
        rig.close()

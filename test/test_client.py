"""VqaClient over DDS, against a server of the same action."""

import os
import subprocess
import sys
import threading

import pytest
import rclpy
import vqa_double
from glm4v_ros.action import AskImage
from glm4v_ros.msg import Exchange, Sampling
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from robot import eventually
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import String
from vqa_double import VqaDouble

from glm4v_ros import client as vqa_client
from glm4v_ros import errors
from glm4v_ros.client import VqaClient


@pytest.fixture(scope="module")
def vqa():
    double = VqaDouble({"What is it?": "A pump. It runs.", "json": '{"pressure": 0.6}', "cut": '{"pres'})
    yield double
    double.close()


@pytest.fixture(scope="module")
def client(vqa):
    with VqaClient() as client:
        yield client


def test_ask(client, vqa):
    answer = client.ask(
        "What is it?",
        cameras=["front"],
        session_id="s",
        preset="inspection",
        timeout=2.5,
        max_image_age=0.5,
        speak=True,
    )
    assert answer.text == "A pump. It runs."
    goal = vqa.asked[-1]
    assert (goal.question, goal.cameras, goal.session_id) == ("What is it?", ["front"], "s")
    assert (goal.options.preset, goal.options.speak) == ("inspection", True)
    assert (goal.options.timeout.sec, goal.options.timeout.nanosec, goal.options.max_image_age.nanosec) == (
        2,
        500_000_000,
        500_000_000,
    )


def test_a_conversation_and_sampling_in_plain_python(client, vqa):
    client.ask("What is it?", past=[("one?", "1"), ("two?", "2", 3), Exchange(question="three?")], sampling={"top_k": 4},
               stop=["\n"], verify="required")  # fmt: skip
    options = vqa.asked[-1].options
    assert [(one.question, one.answer, one.pictures) for one in options.past] == [("one?", "1", 0), ("two?", "2", 3), ("three?", "", 0)]
    assert (options.sampling[0].top_k, options.sampling[0].top_p) == (4, 1.0) and options.verify == "required"
    client.ask("What is it?", sampling=Sampling(temperature=2.0))
    assert vqa.asked[-1].options.sampling[0].temperature == 2.0
    client.ask("What is it?")
    assert not vqa.asked[-1].options.sampling and not vqa.asked[-1].options.past


def test_an_answer_that_was_withheld_is_none_of_the_choices(client):
    choice = client.ask_choice("withheld", ["open", "closed"], verify="required")
    assert (choice.text, choice.index) == ("", -1) and not choice.confidence > 0 and choice.answer.abstained


def test_images_travel_with_the_question(client, vqa):
    client.ask("What is it?", images=[CompressedImage(format="png"), Image(width=3)])
    assert [image.width for image in vqa.asked[-1].images] == [3]
    assert [image.format for image in vqa.asked[-1].compressed_images] == ["png"]


def test_a_stream_gives_the_whole_text_in_pieces(client):
    stream = client.ask_stream("What is it?")
    pieces = list(stream)
    assert "".join(pieces) == stream.result().text == "A pump. It runs."
    assert len(pieces) > 1


def test_each_step_of_a_stream_has_its_stage(client):
    stream = client.ask_stream("What is it?")
    steps = list(stream.steps())
    assert {stage for stage, _ in steps} == {AskImage.Feedback.ANSWERING} == {stream.stage}
    assert "".join(text for _, text in steps) == stream.result().text


def test_leaving_a_stream_cancels_the_question(client, vqa):
    before = vqa.canceled
    stream = client.ask_stream("slow stream")
    for _ in stream:
        break
    with pytest.raises(errors.Canceled) as caught:
        stream.result()
    assert caught.value.answer.text.startswith("word ")
    assert vqa.canceled == before + 1


def test_a_stream_ends_with_the_error(client):
    with pytest.raises(errors.DeadlineExceeded):
        for _ in client.ask_stream("slow", timeout=0.05):
            pass


def test_ask_choice(client):
    choice = client.ask_choice("Open or closed?", ["open", "closed"])
    assert (choice.text, choice.index, choice.confidence) == ("closed", 1, 0.75)


def test_ask_json(client, vqa):
    assert client.ask_json("json", {"type": "object"}) == {"pressure": 0.6}
    assert vqa.asked[-1].options.json_schema == '{"type": "object"}'
    with pytest.raises(errors.EngineFailed, match="no JSON"):
        client.ask_json("cut", "{}")


@pytest.mark.parametrize("error", errors.VqaError.__subclasses__())
def test_every_error_code_raises_its_error(client, error):
    with pytest.raises(error, match="as you wish") as caught:
        client.ask(str(int(error.code)))
    assert caught.value.code == error.code
    assert caught.value.retry_after == 1.5


@pytest.mark.parametrize("timeout", [0.5, 1])
def test_a_node_that_keeps_no_deadline(client, monkeypatch, timeout):
    """It is alive and never answers; fractions of a second count."""
    monkeypatch.setattr(vqa_client, "GRACE", 0.1)
    with pytest.raises(errors.DeadlineExceeded, match="hanging"):
        client.ask("mute", timeout=timeout)


def test_clients_share_a_node_and_a_thread(client, vqa):
    def threads():  # but the server's, which grow with their work
        return sum(not each.name.startswith("ThreadPoolExecutor") for each in threading.enumerate())

    before = threads()
    others = [VqaClient() for _ in range(10)]
    assert [other.ask("next").text for other in others] == ["next"] * 10
    assert threads() == before
    assert sum("script_caller" in name for name in vqa.node.get_node_names()) == 1
    for other in others:
        other.close()
    assert client.ask("next").text == "next"


def test_cancel_ends_everything_that_runs(client):
    pending = [client.start("slow") for _ in range(3)]
    for question in pending:
        next(iter(question))
    client.cancel()
    for question in pending:
        with pytest.raises(errors.Canceled):
            question.result()
    assert client.ask("next").text == "next"


def test_cancel_before_the_server_has_answered(client, vqa):
    pending = client.start("slow")
    pending.cancel()
    with pytest.raises(errors.Canceled):
        pending.result()


def test_an_unknown_option_is_refused(client):
    with pytest.raises(ValueError, match="no colour; it has preset"):
        client.ask("x", colour="red")


def test_nobody_there():
    with VqaClient(name="nobody", server_timeout=0.2) as client:
        with pytest.raises(errors.NotActive, match="nobody serves nobody/ask_image_stream"):
            client.ask("hello?")
        pending = client.start("hello?")
        pending.cancel()
        with pytest.raises(errors.NotActive):
            pending.result()


def test_the_server_dies():
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path))
    mortal = subprocess.Popen([sys.executable, vqa_double.__file__, "mortal"], stdin=subprocess.PIPE, env=environment)
    with VqaClient(name="mortal", server_timeout=60) as client:
        pending = client.start("slow")
        next(iter(pending))  # it has begun
        mortal.communicate()
        with pytest.raises(errors.NotActive, match="is gone"):
            pending.result()


def test_close_cancels(vqa):
    before = vqa.canceled
    client = VqaClient()
    next(iter(client.start("slow")))
    client.close()
    client.close()
    eventually(lambda: vqa.canceled == before + 1)


def test_waiting_in_a_callback_of_a_single_threaded_executor(vqa):
    """The usual deadlock: the callback waits for a result that the very executor would have to take in."""
    context = Context()
    rclpy.init(context=context)
    node = Node("robot", namespace="/", context=context)
    answered = threading.Event()
    answers = []
    client = VqaClient(node)

    def on_text(message):
        answers.append(client.ask(message.data).text)
        answers.append("".join(client.ask_stream(message.data)))
        answered.set()

    node.create_subscription(String, "/go", on_text, 1)
    publisher = node.create_publisher(String, "/go", 1)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin, daemon=True)
    thread.start()
    eventually(publisher.get_subscription_count)
    publisher.publish(String(data="What is it?"))
    assert answered.wait(60)
    assert answers == ["A pump. It runs."] * 2
    client.close()
    executor.shutdown()
    thread.join()
    node.destroy_node()
    rclpy.shutdown(context=context)


def test_many_threads_share_a_client(client):
    answers = {}
    threads = [
        threading.Thread(target=lambda i=i: answers.update({i: client.ask(f"question {i}").text})) for i in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == {i: f"question {i}" for i in range(20)}

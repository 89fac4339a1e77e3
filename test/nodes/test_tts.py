"""The node tts over DDS, with the real voice; what is heard is what comes on ~/pcm."""

import os
import threading
import time
import wave
from functools import partial

import numpy as np
import pytest
import rclpy
import yaml
from action_msgs.msg import GoalStatus
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from glm4v_ros.msg import Pcm, Sentence
from rcl_interfaces.srv import DescribeParameters, SetParameters
from rclpy.context import Context
from rclpy.executors import MultiThreadedExecutor, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Bool, String
from std_srvs.srv import Trigger

from glm4v_ros.client import TtsClient
from glm4v_ros.nodes import tts
from glm4v_ros.nodes.health import Grade, look
from glm4v_ros.nodes.tts import TtsNode
from glm4v_ros.nodes.tts_parameters import PARAMETERS
from glm4v_ros.share import share_dir

LONG = "This sentence is long enough to be interrupted in the middle of it, again and again."


class Rig:
    """The node in this process and a listener beside it."""

    def __init__(self, namespace="/", make_executor=SingleThreadedExecutor, **parameters):
        self.context = Context()
        rclpy.init(context=self.context)
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        self.node = TtsNode(context=self.context, namespace=namespace, parameter_overrides=overrides)
        self.ear = Node("ear", namespace=namespace, context=self.context)
        self.pieces: list[tuple[float, Pcm]] = []
        self.speaking: list[bool] = []
        self.silenced: list[str] = []
        self.statuses: dict[str, DiagnosticStatus] = {}
        self.changed = threading.Condition()
        self.ear.create_subscription(Pcm, "tts/pcm", self._hear, 1000)
        latched = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.ear.create_subscription(Bool, "tts/speaking", self._see, latched)
        self.ear.create_subscription(String, "tts/silence", self._silence, 1000)
        self.ear.create_subscription(DiagnosticArray, "/diagnostics", self._diagnose, 10)
        self.speech = self.ear.create_publisher(Sentence, "tts/speech", 1000)
        self.silence = self.ear.create_publisher(String, "tts/silence", 1000)
        self.text = self.ear.create_publisher(String, "tts/say_text", 1000)
        self.stop_client = self.ear.create_client(Trigger, "tts/stop")
        self.executors = [make_executor(context=self.context), SingleThreadedExecutor(context=self.context)]
        for executor, node in zip(self.executors, (self.node, self.ear)):
            executor.add_node(node)
        self.threads = [threading.Thread(target=executor.spin, daemon=True) for executor in self.executors]
        for thread in self.threads:
            thread.start()
        self.client = TtsClient(self.ear, server_timeout=20)
        assert self.client.wait_for_server(20) and self.stop_client.wait_for_service(20)
        written = (self.text, self.speech, self.silence)
        self.wait(lambda: all(topic.get_subscription_count() for topic in written) and self.speaking)

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.close()

    def close(self):
        self.client.close()
        for executor, thread in zip(self.executors, self.threads):
            executor.shutdown()
            thread.join()
        self.node.destroy_node()
        self.ear.destroy_node()
        rclpy.shutdown(context=self.context)

    def wait(self, condition, patience=30.0):
        with self.changed:
            # Woken by what comes in; the period is for conditions that nothing announces.
            deadline = time.monotonic() + patience
            while not condition():
                assert time.monotonic() < deadline, "it did not happen"
                self.changed.wait(0.02)

    def call(self, client, request):
        done = threading.Event()
        future = client.call_async(request)
        future.add_done_callback(lambda _: done.set())
        assert done.wait(60)
        return future.result()

    def say(self, owner, *sentences, last=True):
        """An answer of this owner, announced and then said sentence by sentence."""
        texts = ("", *sentences)
        for index, text in enumerate(texts):
            ends = last and index == len(texts) - 1
            self.speech.publish(Sentence(owner=owner, index=index, text=text, last=ends))

    def stop(self):
        return self.call(self.stop_client, Trigger.Request())

    def set(self, **values):
        client = self.ear.create_client(SetParameters, "tts/set_parameters")
        assert client.wait_for_service(20)
        request = SetParameters.Request(
            parameters=[Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]
        )
        return self.call(client, request).results

    @property
    def heard_seconds(self):
        return sum(len(pcm.data) / 2 / pcm.sample_rate for _, pcm in self.pieces)

    def _hear(self, message):
        with self.changed:
            self.pieces.append((time.monotonic(), message))
            self.changed.notify_all()

    def _silence(self, message):
        with self.changed:
            self.silenced.append(message.data)
            self.changed.notify_all()

    def _diagnose(self, message):
        named = [(*status.name.split(": ", 1), status) for status in message.status]
        with self.changed:  # the module's other node tells of itself on the same topic
            own = self.node.get_fully_qualified_name()
            self.statuses = {part: status for node, part, status in named if node == own} or self.statuses
            self.changed.notify_all()

    def _see(self, message):
        with self.changed:
            if self.speaking[-1:] != [message.data]:  # it is said again for those who come late
                self.speaking.append(message.data)
            self.changed.notify_all()


@pytest.fixture(scope="module")
def shared():
    rig = Rig(output="topic", rate=450, repeat_window=0.0, speaking_tail=0.05, max_queue=1000)
    yield rig
    rig.close()


@pytest.fixture
def rig(shared):
    shared.wait(lambda: not shared.speaking[-1])
    shared.pieces.clear()
    shared.silenced.clear()
    del shared.speaking[:-1]
    return shared


def test_say_is_running_while_it_speaks(rig):
    goal = rig.client.start("Hello there. 你好。")
    rig.wait(lambda: rig.pieces)
    assert not goal.done
    status, result = goal.result(60)
    assert (status, result.spoken, result.interrupted, result.error_msg) == (
        GoalStatus.STATUS_SUCCEEDED,
        True,
        False,
        "",
    )
    assert [feedback.sentence for feedback in goal.feedback_now()] == ["Hello there.", "你好。"]
    pcm = rig.pieces[0][1]
    assert (pcm.encoding, pcm.channels, pcm.sample_rate) == ("S16LE", 1, 22050) and pcm.header.stamp.sec > 0
    assert rig.heard_seconds > 0.5
    assert np.abs(np.frombuffer(b"".join(bytes(pcm.data) for _, pcm in rig.pieces), "<i2")).max() > 1000


def test_speaking_is_latched_and_covers_the_sound(rig):
    rig.client.say("Hello.")
    rig.wait(lambda: rig.speaking[-2:] == [True, False])
    late: list[bool] = []
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    rig.ear.create_subscription(Bool, "tts/speaking", lambda message: late.append(message.data), latched)
    rig.wait(lambda: set(late) == {False})


def test_text_by_topic_is_said_in_order(rig):
    for text in ("One.", "Two.", "Three."):
        rig.text.publish(String(data=text))
    rig.wait(lambda: rig.speaking[1:] == [True, False])
    assert rig.heard_seconds > 0.3


def test_cancel_silences(rig):
    goal = rig.client.start(LONG)
    rig.wait(lambda: rig.pieces)
    goal.cancel()
    status, result = goal.result(60)
    assert (status, result.spoken, result.interrupted) == (GoalStatus.STATUS_CANCELED, False, True)
    assert rig.heard_seconds < 2


def test_interrupt_goes_first(rig):
    first = rig.client.start(LONG)
    rig.wait(lambda: rig.pieces)
    assert rig.client.say("Stop!", interrupt=True).spoken
    status, result = first.result(60)
    assert (status, result.interrupted) == (GoalStatus.STATUS_ABORTED, True)


def test_stop_fifty_times(rig):
    """Nothing is sent later than 200 ms after the call."""
    latencies = []
    for _ in range(50):
        rig.pieces.clear()
        goal = rig.client.start(LONG)
        waiting = rig.client.start("This is never heard.")
        rig.wait(lambda: rig.pieces and rig.node.speaker.queued)
        called = time.monotonic()
        assert rig.stop().success
        assert goal.result(60)[1].interrupted and waiting.result(60)[1].interrupted
        latencies.append(max(at for at, _ in rig.pieces) - called)
    assert max(latencies) < 0.2
    rig.wait(lambda: not rig.speaking[-1])


def seconds_of(pieces):
    return sum(len(pcm.data) / 2 / pcm.sample_rate for _, pcm in pieces)


def test_an_empty_text_silences_what_came_before_and_the_next_answer_is_said(rig):
    rig.text.publish(String(data=""))
    rig.text.publish(String(data=LONG))
    rig.wait(lambda: rig.pieces)
    heard = len(rig.pieces)
    rig.text.publish(String(data=""))
    rig.text.publish(String(data="New."))
    rig.wait(lambda: rig.speaking[-1] is False)
    assert heard < len(rig.pieces) and rig.heard_seconds < 2.5
    assert rig.silenced == []


def test_an_answer_is_said_sentence_by_sentence(rig):
    said = rig.node.speaker.said
    rig.say("spoken a", "One.", "One.", "Two.", last=False)  # of one answer each sentence is meant
    rig.speech.publish(Sentence(owner="spoken a", index=3, text="Two.", last=True))  # came before: a bridge may double it
    rig.wait(lambda: rig.node.speaker.said - said == 3)
    assert rig.client.say("The end.").spoken and rig.node.speaker.said - said == 4


def test_a_stop_is_told_with_the_owner_and_the_next_answer_is_said_at_once(rig):
    """No window in which the voice is deaf: what is still under way is known by its owner."""
    rig.say("stopped a", LONG, last=False)
    rig.say("stopped b", last=False)
    rig.say("stopped written", "Never heard.")
    rig.wait(lambda: rig.pieces)
    rig.stop()
    heard = len(rig.pieces)
    rig.speech.publish(Sentence(owner="stopped a", index=2, text="The rest of the old answer.", last=True))
    rig.say("stopped c", "New.")
    rig.wait(lambda: rig.speaking[-2:] == [True, False] and len(rig.pieces) > heard)
    assert seconds_of(rig.pieces[heard:]) < 1.0
    rig.wait(lambda: {"stopped a", "stopped b"} <= set(rig.silenced))
    assert "stopped c" not in rig.silenced


def test_one_owner_is_silenced_and_the_others_are_not(rig):
    said = rig.node.speaker.said
    goal = rig.client.start(LONG)
    rig.wait(lambda: rig.pieces)
    rig.say("single a", LONG, LONG, last=False)
    rig.silence.publish(String(data="single a"))
    rig.wait(lambda: rig.silenced == ["single a"])
    rig.speech.publish(Sentence(owner="single a", index=3, text=LONG, last=True))
    rig.say("single b", "New.")
    assert goal.result(60)[1].spoken
    rig.wait(lambda: rig.node.speaker.said - said == 2 and rig.speaking[-1] is False)
    assert rig.node.speaker.queued == 0


def test_a_stop_that_comes_before_the_sentences(rig):
    """Two topics keep no order between them."""
    rig.silence.publish(String(data="early"))
    rig.wait(lambda: rig.silenced == ["early"])
    rig.say("early", LONG)
    assert rig.client.say("Next.").spoken
    assert rig.heard_seconds < 2.0


def test_an_interruption_takes_the_voice_and_the_answer_is_written_on(rig):
    rig.say("cut a", LONG, last=False)
    rig.wait(lambda: rig.pieces)
    assert rig.client.say("Stop!", interrupt=True).spoken
    heard = len(rig.pieces)
    rig.speech.publish(Sentence(owner="cut a", index=2, text=LONG, last=True))
    assert rig.client.say("Next.").spoken
    assert seconds_of(rig.pieces[heard:]) < 2.0 and rig.silenced == []


def test_say_tells_the_truth(rig):
    """All four are heard; what was left out is not called spoken; nothing to say is not called spoken."""
    assert all(result.successful for result in rig.set(repeat_window=60.0))
    try:
        said = rig.node.speaker.said
        assert rig.client.say("Stop! Stop! Stop! Fire.").spoken
        assert rig.node.speaker.said - said == 4
        status, result = rig.client.start("Fire. And water.").result(60)
        assert status == GoalStatus.STATUS_ABORTED and not result.spoken and not result.interrupted
        assert "'Fire.'" in result.error_msg and "repeat_window" in result.error_msg
        assert rig.node.speaker.said - said == 5
        assert rig.client.say("Fire.", interrupt=True).spoken
        for text in ("😀", " ... ", "___"):
            status, result = rig.client.start(text).result(60)
            assert status == GoalStatus.STATUS_ABORTED and not result.spoken and "nothing to say" in result.error_msg
    finally:
        rig.set(repeat_window=0.0)


def test_rate_and_volume_change_while_running(rig):
    def loudness():
        rig.pieces.clear()
        assert rig.client.say("The pump is running.").spoken
        sound = b"".join(bytes(pcm.data) for _, pcm in rig.pieces)
        return np.abs(np.frombuffer(sound, "<i2")).max(), len(sound)

    loud, short = loudness()
    assert all(result.successful for result in rig.set(volume=0.1, rate=150))
    soft, long = loudness()
    assert soft < 0.2 * loud and long > 1.5 * short
    assert not rig.set(volume=2.0)[0].successful
    assert all(result.successful for result in rig.set(volume=1.0, rate=450))


def test_in_an_executor_of_several_threads():
    with Rig("/guest", partial(MultiThreadedExecutor, 4), output="topic", rate=450, volume=0.0) as rig:
        assert rig.client.say("Hello.").spoken
        goal = rig.client.start(LONG)
        rig.wait(lambda: rig.pieces)
        goal.cancel()
        assert goal.result(60)[0] == GoalStatus.STATUS_CANCELED
        rig.say("guest", LONG, last=False)
        waiting = rig.client.start("Never heard.")
        rig.wait(lambda: rig.node.speaker.queued)
        assert rig.stop().success and waiting.result(60)[1].interrupted


def test_five_hundred_sayings_at_once():
    with Rig("/many", output="topic", rate=450, repeat_window=0.0, max_queue=100, volume=0.0) as rig:
        goals = [rig.client.start(f"{i}") for i in range(500)]
        # What has no room is refused at once, and 100 wait.
        rig.wait(lambda: sum(goal.done for goal in goals) + rig.node.speaker.queued + 1 >= 500, patience=120)
        refused = [goal for goal in goals if goal.done and goal.result()[1].error_msg]
        assert 0 < len(refused) < 400
        assert "sentences wait already" in refused[0].result()[1].error_msg
        rig.stop()
        for goal in goals:
            goal.result(60)
        assert rig.client.say("Alive.").spoken


def test_what_nobody_says_ends_at_once_and_says_why(rig):
    for fields in ({"text": "a" * 10_001}, {"text": "a", "language": "no tag"}):
        status, result = rig.client.start(**fields).result(60)
        assert status == GoalStatus.STATUS_ABORTED and not result.spoken and result.error_msg


def test_wav_output(tmp_path):
    with Rig("/wav", output="wav", wav_file=str(tmp_path / "speech.wav")) as rig:
        assert rig.client.say("Hello. 你好。").spoken
        with wave.open(str(tmp_path / "speech.wav")) as file:
            assert file.getnframes() / file.getframerate() > 0.8


def test_without_a_sound_device_everything_else_goes_on_and_diagnostics_say_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with Rig("/mute", output="device", diagnostics_period=0.1) as rig:
        rig.wait(lambda: rig.statuses and rig.statuses["sound"].level == DiagnosticStatus.ERROR)  # before anything is said
        assert "apt install alsa-utils" in rig.statuses["sound"].message
        status, result = rig.client.start("Hello.").result(60)
        assert status == GoalStatus.STATUS_ABORTED and not result.spoken
        assert "apt install alsa-utils" in result.error_msg
        assert rig.statuses["voice"].level == DiagnosticStatus.OK
        assert look("/mute/tts", 20.0, rig.context).grade is Grade.DOWN
        assert rig.stop().success


def test_a_sound_card_that_fails_and_comes_back(tmp_path, monkeypatch):
    """aplay's double fails like the real one while there is no card; the level goes back by itself, with nothing said."""
    card = tmp_path / "card"
    player = tmp_path / "aplay"
    player.write_text(f"#!/bin/sh\ncat > /dev/null\n[ -e {card} ] || {{ echo 'audio open error: No such device' >&2; exit 1; }}\n")
    player.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(tts, "RECHECK", 0.2)
    with Rig("/card", output="device", diagnostics_period=0.1) as rig:
        rig.wait(lambda: rig.statuses and rig.statuses["sound"].level == DiagnosticStatus.ERROR)
        assert "No such device" in rig.statuses["sound"].message and "aplay -L" in rig.statuses["sound"].message
        card.touch()
        rig.wait(lambda: rig.statuses["sound"].level == DiagnosticStatus.OK)
        assert rig.client.say("Hello.").spoken
        card.unlink()
        assert not rig.client.start("Hello again.").result(60)[1].spoken
        rig.wait(lambda: rig.statuses["sound"].level == DiagnosticStatus.ERROR)


def test_diagnostics_tell_of_voice_sound_and_queue(tmp_path):
    with Rig("/told", output="topic", max_queue=2, diagnostics_period=0.1, volume=0.0) as rig:
        rig.wait(lambda: rig.statuses)
        assert {name: status.level for name, status in rig.statuses.items()} == dict.fromkeys(
            ("node", "voice", "sound", "queue"), DiagnosticStatus.OK
        )
        rig.say("a", ", ".join([LONG.rstrip(".")] * 5) + ".", last=False)  # it must not end before somebody looked
        rig.wait(lambda: rig.pieces)  # it is being said, and waits no more
        for index, text in ((2, "Second."), (3, "Third.")):
            rig.speech.publish(Sentence(owner="a", index=index, text=text, last=index == 3))
        rig.wait(lambda: rig.statuses["queue"].level == DiagnosticStatus.WARN)
        values = {pair.key: pair.value for status in rig.statuses.values() for pair in status.values}
        assert look("/told/tts", 20.0, rig.context).grade is Grade.DEGRADED
        assert values["queue"] == "2" and values["owners"] == "a" and values["voice"] == "pyttsx3"
        rig.stop()
        rig.wait(lambda: rig.statuses["queue"].level == DiagnosticStatus.OK)
        assert look("/told/tts", 20.0, rig.context).grade is Grade.OK


def test_a_wrong_parameter_costs_the_parameter_and_not_the_voice(tmp_path):
    with Rig("/wrong", output="radio", rate=9999, volume="loud", wav_file=str(tmp_path / "x.wav"), diagnostics_period=0.1) as rig:
        rig.wait(lambda: rig.statuses)
        told = rig.statuses["node"]
        assert told.level == DiagnosticStatus.WARN
        assert all(word in told.message for word in ("one of device, wav, topic, not 'radio'", "rate", "9999", "volume"))
        values = [rig.node.get_parameter(name).value for name in ("output", "rate", "volume")]
        assert values == ["device", 170, 1.0]


def test_the_file_of_parameters_has_them_all():
    values = yaml.safe_load((share_dir() / "config" / "tts.yaml").read_text())["/**"]["ros__parameters"]
    assert values == {parameter.name: parameter.default for parameter in PARAMETERS}


def test_every_parameter_is_described(rig):
    client = rig.ear.create_client(DescribeParameters, "tts/describe_parameters")
    assert client.wait_for_service(20)
    names = [parameter.name for parameter in PARAMETERS]
    assert all(each.description for each in rig.call(client, DescribeParameters.Request(names=names)).descriptors)

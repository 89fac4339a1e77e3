"""The node tts: says aloud what it is given and falls silent when told to."""

from __future__ import annotations

import signal
import sys
import threading
from array import array

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.msg import SetParametersResult
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.duration import Duration
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from std_msgs.msg import Bool, String
from std_srvs.srv import Trigger

from glm4v_ros.msg import Pcm as PcmMessage
from glm4v_ros.msg import Sentence
from glm4v_ros.nodes.guard import guarded, subscribe
from glm4v_ros.nodes.parameter import Declared
from glm4v_ros.nodes.say_action import SayAction
from glm4v_ros.nodes.service_manager import ServiceManager
from glm4v_ros.nodes.shared_memory import sweep
from glm4v_ros.nodes.shutdown import shut_down
from glm4v_ros.nodes.speech_diagnostics import speech_statuses, wrong_parameters
from glm4v_ros.nodes.spinning import spin
from glm4v_ros.nodes.tts_parameters import LIVE, PARAMETERS
from glm4v_ros.nodes.voice import SENTENCE_QOS
from glm4v_ros.speech.output import Output
from glm4v_ros.speech.owners import Owners
from glm4v_ros.speech.pcm import Pcm
from glm4v_ros.speech.pcm_stream import PcmStream
from glm4v_ros.speech.sound_device import SoundDevice
from glm4v_ros.speech.speaker import Speaker
from glm4v_ros.speech.synthesizer import Synthesizer
from glm4v_ros.speech.voice import SpeechError, VoiceConfig
from glm4v_ros.speech.wav_file import WavFile

PCM_QOS = QoSProfile(depth=100, reliability=ReliabilityPolicy.RELIABLE)
LATCHED_QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
RECHECK = 5.0  # s between two tries of a voice or sound card that failed
LISTENERS_CHECK = 0.25  # s


class TtsNode(Node):
    """Speaks what comes by ``~/say`` (action), ``~/speech`` (answers, sentence by sentence, each with its owner) and
    ``~/say_text`` (plain text), one sentence after the other.

    ``~/stop`` silences all of it and tells each owner on ``~/silence``; a name that comes there silences that owner. An
    empty text on ``~/say_text`` silences too: it begins a new answer.
    """

    def __init__(self, **arguments):
        super().__init__("tts", **arguments)
        # Before all else: the tts before this one may have been killed while it spoke.
        self._speaking = self.create_publisher(Bool, "~/speaking", LATCHED_QOS)
        self._is_speaking, self._listeners = False, 0
        self._say_whether_it_speaks()
        self.speaker: Speaker | None = None
        self.add_on_set_parameters_callback(self._on_set)  # rclpy asks the one that was added last first: Declared's check
        self.parameters = Declared(self, PARAMETERS)
        if wrong := wrong_parameters(self.parameters):
            self.get_logger().error(wrong)
        self._silence = self.create_publisher(String, "~/silence", SENTENCE_QOS)
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._pcm = self.create_publisher(PcmMessage, "~/pcm", PCM_QOS) if self.parameters["output"] == "topic" else None
        self.speaker = self._make_speaker()
        self._owners = Owners(self.speaker)
        subscribe(self, Sentence, "~/speech", self._on_speech, SENTENCE_QOS)
        subscribe(self, String, "~/silence", lambda owner: self._owners.silence(owner.data), SENTENCE_QOS)
        subscribe(self, String, "~/say_text", self._on_say_text, SENTENCE_QOS)
        stop = guarded(self, self._on_stop)
        self.create_service(Trigger, "~/stop", stop, callback_group=MutuallyExclusiveCallbackGroup())
        self._action = SayAction(self, self.speaker, self._owners)
        steady = Clock(clock_type=ClockType.STEADY_TIME)  # a simulation may stand still
        self.create_timer(self.parameters["diagnostics_period"], guarded(self, self._on_diagnostics), clock=steady)
        self.create_timer(LISTENERS_CHECK, guarded(self, self._on_listeners_check), clock=steady)
        self._service_manager = ServiceManager(self, lambda: "")

    def fall_silent(self) -> None:
        """For ever; the last word is that nobody speaks."""
        self.speaker.close()
        if self.context.ok():
            self._speaking.wait_for_all_acked(Duration(seconds=0.5))

    def destroy_node(self) -> None:
        self.fall_silent()
        self._action.destroy()
        super().destroy_node()

    def _make_speaker(self) -> Speaker:
        parameters = self.parameters
        voices = {"en": parameters["piper_voice_en"], "zh": parameters["piper_voice_zh"]}
        return Speaker(
            Synthesizer(VoiceConfig(parameters["voice"], voices)),
            self._output(),
            tail=parameters["speaking_tail"],
            recheck=RECHECK,
            on_speaking=self._on_speaking,
            on_error=lambda error: self.get_logger().error(f"nothing is heard: {error}"),
            **{name: parameters[name] for name in LIVE},
        )

    def _output(self) -> Output:
        if self.parameters["output"] == "wav":
            return WavFile(self.parameters["wav_file"])
        if self.parameters["output"] == "topic":
            return PcmStream(self._publish)
        return SoundDevice(self.parameters["device"])

    def _on_set(self, parameters) -> SetParametersResult:
        for parameter in parameters:
            if self.speaker and parameter.name in LIVE:
                setattr(self.speaker, parameter.name, parameter.value)
        return SetParametersResult(successful=True)

    # ---- what it tells

    def _on_speaking(self, speaking: bool) -> None:
        self._is_speaking = speaking
        self._say_whether_it_speaks()

    def _say_whether_it_speaks(self) -> None:
        if self.context.ok():
            self._speaking.publish(Bool(data=self._is_speaking))

    def _on_listeners_check(self) -> None:
        """Tells those who came since the last change; one that is not transient local would not hear of it."""
        listeners = self._speaking.get_subscription_count()
        if listeners > self._listeners:
            self._say_whether_it_speaks()
        self._listeners = listeners

    def _publish(self, pcm: Pcm) -> None:
        if not self.context.ok():
            return
        data = array("B", pcm.data)
        message = PcmMessage(sample_rate=pcm.sample_rate, channels=pcm.channels, encoding="S16LE", data=data)
        message.header.stamp = self.get_clock().now().to_msg()
        self._pcm.publish(message)

    def _on_diagnostics(self) -> None:
        statuses = speech_statuses(self.get_fully_qualified_name(), self.speaker, self._owners, self.parameters)
        worst = max(statuses, key=lambda status: status.level)
        self._service_manager.status(f"{worst.name.partition(': ')[2]}: {worst.message}")
        message = DiagnosticArray(status=statuses)
        message.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(message)

    # ---- what it is told

    def _on_speech(self, sentence: Sentence) -> None:
        try:
            self._owners.take(sentence.owner, sentence.index, sentence.text, sentence.last)
        except SpeechError as error:
            self.get_logger().warning(f"not said: {error}", throttle_duration_sec=5.0)

    def _on_say_text(self, message: String) -> None:
        if not message.data.strip():
            self._silence_everybody()
            return
        try:
            self.speaker.say(message.data)
        except SpeechError as error:
            self.get_logger().warning(f"not said: {error}", throttle_duration_sec=5.0)

    def _on_stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        dropped, owners = self._silence_everybody()
        for owner in owners:  # whoever writes the answer stops writing
            self._silence.publish(String(data=owner))
        response.success = True
        response.message = f"{dropped} sentences were cut off or dropped"
        return response

    def _silence_everybody(self) -> tuple[int, list[str]]:
        """How many sentences that cut off or dropped, and whose answers."""
        owners = self._owners.there
        dropped = self.speaker.stop()
        self._owners.silence_all()
        return dropped, owners


def main(args: list[str] | None = None) -> int:
    """Runs the node until it is told to end."""
    sweep()
    # A signal does not shut ROS down at once: the last word is that nobody speaks any more.
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    node, executor = TtsNode(), SingleThreadedExecutor()

    def work() -> None:
        try:
            spin(node, executor)
        finally:
            ended.set()

    working = threading.Thread(target=work, name="executor", daemon=True)
    working.start()
    try:
        ended.wait()
    finally:
        node.fall_silent()
        shut_down()  # ends the spinning
        working.join()
        executor.shutdown()
        node.destroy_node()
    return 0


if __name__ == "__main__":
    sys.exit(main())

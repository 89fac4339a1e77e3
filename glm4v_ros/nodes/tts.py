"""The node tts: says aloud what it is given and falls silent when told to."""

from __future__ import annotations

import sys
import threading
import time
from array import array

import rclpy
from rcl_interfaces.msg import SetParametersResult
from rclpy.action import ActionServer, CancelResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.exceptions import (
    InvalidParameterTypeException,
    InvalidParameterValueException,
)
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import Bool, Empty, String
from std_srvs.srv import Trigger

from glm4v_ros.action import Say
from glm4v_ros.msg import Pcm as PcmMessage
from glm4v_ros.nodes.executor import NodeExecutor
from glm4v_ros.nodes.parameters import Parameter
from glm4v_ros.nodes.shared_memory import sweep
from glm4v_ros.nodes.shutdown import shut_down
from glm4v_ros.speech.output import Output
from glm4v_ros.speech.pcm import Pcm
from glm4v_ros.speech.pcm_stream import PcmStream
from glm4v_ros.speech.sound_device import SoundDevice
from glm4v_ros.speech.speaker import Speaker
from glm4v_ros.speech.synthesizer import Synthesizer
from glm4v_ros.speech.utterance import Utterance
from glm4v_ros.speech.voice import SpeechError, VoiceConfig
from glm4v_ros.speech.wav_file import WavFile

# The sentences of one answer come in a burst; the queue's own bound decides what is too much.
SENTENCE_QOS = QoSProfile(history=HistoryPolicy.KEEP_ALL, reliability=ReliabilityPolicy.RELIABLE)
PCM_QOS = QoSProfile(depth=100, reliability=ReliabilityPolicy.RELIABLE)
LATCHED_QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
DEAF_AFTER_STOP = 0.05  # s in which sentences still under way from the stopped answer are ignored

PARAMETERS = [
    Parameter(
        "voice",
        "pyttsx3",
        "The voice; piper sounds natural and needs voice files. Read at start.",
        choices=("pyttsx3", "piper"),
    ),
    Parameter(
        "piper_voice_en", "", "Path of Piper's English voice (.onnx, with its .onnx.json beside it). Read at start."
    ),
    Parameter("piper_voice_zh", "", "Path of Piper's Chinese voice. Read at start."),
    Parameter(
        "output",
        "device",
        "Where sound goes: device (the sound card), wav (wav_file), or topic (~/pcm, for a speaker that is "
        "elsewhere). Read at start.",
        choices=("device", "wav", "topic"),
    ),
    Parameter(
        "device", "", "Name of the sound device as aplay -L lists it; empty: the system's default. Read at start."
    ),
    Parameter("wav_file", "speech.wav", "File that is written with output wav. Read at start."),
    Parameter("language", "en", "Language (BCP 47) of text that does not show its own, such as a bare number."),
    Parameter("rate", 170, "Speed in words a minute.", 80, 450),
    Parameter("volume", 1.0, "Loudness; 0 is silent, 1 the voice's own.", 0.0, 1.0),
    Parameter(
        "repeat_window", 5.0, "Seconds in which the same sentence is not said twice; 0: it always is.", 0.0, 3600.0
    ),
    Parameter("max_queue", 100, "Sentences that wait; what does not fit is refused.", 1, 10000),
    Parameter(
        "speaking_tail",
        0.3,
        "Seconds of silence after which ~/speaking becomes false; covers the room's echo. Read at start.",
        0.0,
        10.0,
    ),
]
_LIVE = ("language", "rate", "volume", "repeat_window", "max_queue")


class TtsNode(Node):
    """Speaks what comes by ``~/say`` (action) and ``~/say_text`` (topic), one sentence after the other.

    An empty text on ``~/say_text`` begins a new answer: it silences the one before. ``~/stop`` silences too and says so
    on ``~/stopped``, so that whoever writes the text stops writing.
    """

    def __init__(self, **arguments):
        super().__init__("tts", **arguments)
        self._declare()
        self._deaf_until = 0.0
        self._utterances: dict[bytes, Utterance | SpeechError] = {}
        self._canceled: set[bytes] = set()
        # One at a time, so that texts are said in the order in which they came; nothing here waits.
        group = MutuallyExclusiveCallbackGroup()
        self._speaking = self.create_publisher(Bool, "~/speaking", LATCHED_QOS)
        self._stopped = self.create_publisher(Empty, "~/stopped", 10)
        self._pcm = self.create_publisher(PcmMessage, "~/pcm", PCM_QOS) if self._value("output") == "topic" else None
        self._speaking.publish(Bool(data=False))
        self.speaker = Speaker(
            Synthesizer(
                VoiceConfig(
                    self._value("voice"), {"en": self._value("piper_voice_en"), "zh": self._value("piper_voice_zh")}
                )
            ),
            self._output(),
            tail=self._value("speaking_tail"),
            on_speaking=self._publish_speaking,
            on_error=lambda error: self.get_logger().warning(f"nothing is heard: {error}"),
            **{name: self._value(name) for name in _LIVE},
        )
        self.create_subscription(String, "~/say_text", self._on_say_text, SENTENCE_QOS)
        self.create_service(Trigger, "~/stop", self._on_stop, callback_group=MutuallyExclusiveCallbackGroup())
        self._action = ActionServer(
            self,
            Say,
            "~/say",
            self._on_say,
            handle_accepted_callback=self._on_accepted,
            cancel_callback=self._on_cancel,
            callback_group=group,
            goal_service_qos_profile=SENTENCE_QOS,
            result_service_qos_profile=SENTENCE_QOS,
            cancel_service_qos_profile=SENTENCE_QOS,
        )
        # Loading the voice now keeps it out of the first sentence; a voice that is missing is reported at once.
        threading.Thread(target=self._load_voice, name="load voice", daemon=True).start()

    def destroy_node(self) -> None:
        self.speaker.close()
        self._action.destroy()  # destroy_node leaves it to the garbage collector, and others still see this node
        super().destroy_node()

    def _value(self, name: str):
        return self.get_parameter(name).value

    def _declare(self) -> None:
        choices = {parameter.name: parameter.choices for parameter in PARAMETERS if parameter.choices}

        def check(parameters) -> SetParametersResult:
            for parameter in parameters:
                allowed = choices.get(parameter.name)
                if allowed and parameter.value not in allowed:
                    return SetParametersResult(
                        reason=f"{parameter.name} is one of {', '.join(allowed)}, not '{parameter.value}'"
                    )
            for parameter in parameters:
                if parameter.name in _LIVE and hasattr(self, "speaker"):
                    setattr(self.speaker, parameter.name, parameter.value)
            return SetParametersResult(successful=True)

        self.add_on_set_parameters_callback(check)
        for parameter in PARAMETERS:
            self.declare_parameter(parameter.name, parameter.default, parameter.descriptor)

    def _output(self) -> Output:
        if self._value("output") == "wav":
            return WavFile(self._value("wav_file"))
        if self._value("output") == "topic":
            return PcmStream(self._publish)
        return SoundDevice(self._value("device"))

    def _publish_speaking(self, speaking: bool) -> None:
        if self.context.ok():
            self._speaking.publish(Bool(data=speaking))

    def _publish(self, pcm: Pcm) -> None:
        if not self.context.ok():
            return
        message = PcmMessage(
            sample_rate=pcm.sample_rate, channels=pcm.channels, encoding="S16LE", data=array("B", pcm.data)
        )
        message.header.stamp = self.get_clock().now().to_msg()
        self._pcm.publish(message)

    def _load_voice(self) -> None:
        try:
            self.speaker.load_voice()
        except SpeechError as error:
            self.get_logger().warning(f"nothing will be heard: {error}")

    def _on_say_text(self, message: String) -> None:
        if not message.data.strip():
            self._deaf_until = 0.0
            self.speaker.stop()
        elif time.monotonic() >= self._deaf_until:
            try:
                self.speaker.say(message.data)
            except SpeechError as error:
                self.get_logger().warning(f"not said: {error}", throttle_duration_sec=5.0)

    def _on_stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if self._stopped.get_subscription_count():  # who writes the text is told to end it
            self._deaf_until = time.monotonic() + DEAF_AFTER_STOP
        dropped = self.speaker.stop()
        self._stopped.publish(Empty())
        response.success = True
        response.message = f"{dropped} sentences were cut off or dropped"
        return response

    def _on_accepted(self, goal: ServerGoalHandle) -> None:
        request = goal.request
        key = bytes(goal.goal_id.uuid)
        try:
            self._utterances[key] = self.speaker.say(
                request.text,
                request.language,
                request.priority,
                request.interrupt,
                on_sentence=lambda sentence: goal.publish_feedback(Say.Feedback(sentence=sentence)),
            )
        except SpeechError as error:
            self._utterances[key] = error
        except Exception as error:  # a goal that is not executed never ends
            self._utterances[key] = SpeechError(f"cannot say it: {error!r}")
        goal.execute()

    async def _on_say(self, goal: ServerGoalHandle) -> Say.Result:
        key = bytes(goal.goal_id.uuid)
        utterance = self._utterances[key]
        result = Say.Result()
        try:
            if isinstance(utterance, SpeechError):
                raise utterance
            done = await self.executor.wrap(utterance.future)
            result.spoken = done.result()
            result.interrupted = not result.spoken
        except SpeechError as error:
            result.error_msg = str(error)
        del self._utterances[key]
        if result.spoken:
            goal.succeed()
        elif key in self._canceled and _becomes_canceling(goal):
            goal.canceled()
        else:
            goal.abort()
        self._canceled.discard(key)
        return result

    def _on_cancel(self, goal: ServerGoalHandle) -> CancelResponse:
        key = bytes(goal.goal_id.uuid)
        utterance = self._utterances.get(key)
        if not isinstance(utterance, Utterance) or utterance.done:
            return CancelResponse.REJECT  # it ends at this moment
        self._canceled.add(key)
        self.speaker.cancel(utterance)
        return CancelResponse.ACCEPT


def _becomes_canceling(goal: ServerGoalHandle) -> bool:
    """rclpy changes the goal's state just after the cancel callback, which has already ended the speech."""
    deadline = time.monotonic() + 1.0
    while not goal.is_cancel_requested and time.monotonic() < deadline:
        time.sleep(0.001)
    return goal.is_cancel_requested


def main(args: list[str] | None = None) -> int:
    """Runs the node until it is told to end."""
    sweep()
    try:
        rclpy.init(args=args)
        node = TtsNode()
    except (InvalidParameterTypeException, InvalidParameterValueException) as error:
        print(f"tts: {error}", file=sys.stderr)
        return 2
    executor = NodeExecutor(4)
    executor.add_node(node)
    try:
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        executor.shutdown()
        node.destroy_node()
        shut_down()
    return 0


if __name__ == "__main__":
    sys.exit(main())

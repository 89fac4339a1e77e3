#!/usr/bin/env python3
"""A companion: a question comes in as text, from any speech recogniser, and the answer is spoken while it is written.

  python3 examples/companion.py --demo                 with a demo camera, the embedded model and the voice
  ros2 topic pub --once /companion/heard std_msgs/String "{data: 'What is the model?'}"
  ros2 topic pub --once /companion/heard std_msgs/String "{data: 'stop'}"

Without --demo it talks to the robot's own nodes, as `ros2 launch glm4v_ros vqa.launch.py tts:=true` starts them.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext

import rclpy
from processes import PICTURES, robot
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from std_msgs.msg import Bool, String
from std_srvs.srv import Trigger

from glm4v_ros.client import PendingAnswer, VqaClient
from glm4v_ros.errors import ErrorCode, VqaError
from glm4v_ros.speech.language import language_of

STOP_WORDS = frozenset(("stop", "quiet", "be quiet", "停", "停下", "别说了", "安静"))
# What a person can make something of; every other error is said as "later".
EXCUSES = {
    ErrorCode.NO_IMAGE: ("I have no picture yet.", "我还没有画面。"),
    ErrorCode.STALE_IMAGE: ("My picture is too old.", "我的画面太旧了。"),
    ErrorCode.TIMEOUT: ("I could not answer in time.", "我没来得及回答。"),
    ErrorCode.NOT_ACTIVE: ("I am not ready yet.", "我还没有准备好。"),
    ErrorCode.UNSUPPORTED: ("I must not do this with the model that I have.", "我现在的模型不能做这件事。"),
}
LATER = ("I cannot answer now, please try again later.", "我现在无法回答，请稍后再试。")


class Companion(Node):
    """Hears on ``~/heard`` (std_msgs/String). Its parameters ``preset`` and ``cameras`` go with every question."""

    def __init__(self, **arguments):
        super().__init__("companion", **arguments)
        self._preset = self.declare_parameter("preset", "companion").value
        self._cameras = self.declare_parameter("cameras", ["front"]).value
        self._client = VqaClient(self)
        self._pending: PendingAnswer | None = None
        self._robot_speaks = False
        self._say = self.create_publisher(String, "tts/say_text", 10)
        self._stop = self.create_client(Trigger, "tts/stop")
        self.create_subscription(Bool, "tts/speaking", self._on_speaking, 10)
        self.create_subscription(String, "~/heard", self._on_heard, 10)
        self.create_timer(0.1, self._look_for_errors)

    def destroy_node(self) -> None:
        self._client.close()
        super().destroy_node()

    def _on_speaking(self, message: Bool) -> None:
        # A recogniser that cannot mute itself would hear the robot: only stop words count while it speaks.
        self._robot_speaks = message.data

    def _on_heard(self, message: String) -> None:
        text = message.data.strip()
        if text.casefold().rstrip(".!。！") in STOP_WORDS:
            self._client.cancel()
            self._stop.call_async(Trigger.Request())
        elif text and self._robot_speaks:
            self.get_logger().info(f"not heard while speaking: {text}")
        elif text:
            self._client.cancel()
            # speak: the node vqa publishes each finished sentence for the voice while the answer is still written.
            self._pending = self._client.start(text, cameras=self._cameras, preset=self._preset, speak=True)
            self._language = language_of(text)

    def _look_for_errors(self) -> None:
        if self._pending is None or not self._pending.done:
            return
        pending, self._pending = self._pending, None
        try:
            self.get_logger().info(f"answered: {pending.result().text}")
        except VqaError as error:
            self.get_logger().warning(f"{error.code.name}: {error}")
            if error.code != ErrorCode.CANCELED:
                self._say.publish(String(data=EXCUSES.get(error.code, LATER)[self._language == "zh"]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--demo", action="store_true", help="start a demo camera, the node vqa and the voice too")
    parser.add_argument(
        "--output", default="device", choices=("device", "wav", "topic"), help="with --demo: where the sound goes"
    )
    args, ros_arguments = parser.parse_known_args()
    with robot({"front": PICTURES / "pump.png"}, tts={"output": args.output}) if args.demo else nullcontext():
        rclpy.init(args=ros_arguments)
        companion = Companion()
        companion.get_logger().info("listening on /companion/heard")
        try:
            rclpy.spin(companion)
        except (KeyboardInterrupt, ExternalShutdownException):
            pass
        finally:
            companion.destroy_node()
            rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())

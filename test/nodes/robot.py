"""The other side of the node's interfaces: cameras that publish and a client that asks."""

from __future__ import annotations

import concurrent.futures
import threading
import time
from array import array
from collections.abc import Callable

import cv2
import numpy as np
from builtin_interfaces.msg import Duration, Time
from glm4v_ros.action import AskImage as AskImageAction
from glm4v_ros.msg import AskOptions
from glm4v_ros.srv import AskImage, ResetSession
from rclpy.action import ActionClient
from rclpy.action.client import ClientGoalHandle
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.task import Future
from sensor_msgs.msg import CompressedImage, Image

PATIENCE = 120.0  # s; how long a test waits for something that should come: longer than a question's own deadline


def eventually(condition: Callable[[], object], patience: float = PATIENCE, pause: float = 0.01):
    """The condition's value, as soon as it is true, looked at every ``pause`` s; AssertionError after ``patience`` s."""
    end = time.monotonic() + patience
    while not (value := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(pause)
    return value


def duration(seconds: float) -> Duration:
    return Duration(sec=int(seconds), nanosec=round(seconds % 1 * 1e9))


def earlier(stamp: Time, seconds: float) -> Time:
    """For pictures whose distance in time counts: a busy machine may let seconds pass between two looks at the clock."""
    nanoseconds = stamp.sec * 10**9 + stamp.nanosec - round(seconds * 1e9)
    return Time(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)


def image(rgb: np.ndarray, stamp: Time, encoding: str = "bgr8", frame_id: str = "camera") -> Image:
    """A sensor_msgs/Image of an RGB array."""
    message = Image(encoding=encoding, height=rgb.shape[0], width=rgb.shape[1], step=rgb.shape[1] * 3)
    message.header.stamp, message.header.frame_id = stamp, frame_id
    data = array("B")
    data.frombytes((rgb[..., ::-1] if encoding == "bgr8" else rgb).tobytes())
    message.data = data
    return message


def compressed(rgb: np.ndarray, stamp: Time, format: str = "png", frame_id: str = "camera") -> CompressedImage:
    """A sensor_msgs/CompressedImage of an RGB array."""
    message = CompressedImage(format=format)
    message.header.stamp, message.header.frame_id = stamp, frame_id
    data = array("B")
    data.frombytes(cv2.imencode(f".{format}", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1].tobytes())
    message.data = data
    return message


class Robot:
    """A node that publishes pictures and asks the node vqa, with an executor in a thread."""

    def __init__(self, context: Context):
        self.node = Node("robot", context=context)
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()
        many = QoSProfile(depth=1000)
        self.service = self.node.create_client(AskImage, "/vqa/ask_image", qos_profile=many)
        self.reset = self.node.create_client(ResetSession, "/vqa/reset_session")
        self.action = ActionClient(self.node, AskImageAction, "/vqa/ask_image_stream")
        assert self.service.wait_for_service(PATIENCE) and self.action.wait_for_server(PATIENCE)

    def close(self) -> None:
        self._executor.shutdown()
        self._thread.join()
        self.action.destroy()
        self.node.destroy_node()

    def now(self, ahead: float = 0.0) -> Time:
        nanoseconds = self.node.get_clock().now().nanoseconds + round(ahead * 1e9)
        return Time(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)

    def camera(self, topic: str, message=Image, reliability=ReliabilityPolicy.BEST_EFFORT):
        """A publisher that the node vqa listens to."""
        publisher = self.node.create_publisher(message, topic, QoSProfile(depth=1, reliability=reliability))
        eventually(publisher.get_subscription_count)
        return publisher

    def listen(self, message, topic: str) -> list:
        """A list to which what is published on the topic is appended."""
        heard: list = []
        subscription = self.node.create_subscription(message, topic, heard.append, 100)
        eventually(lambda: self.node.count_publishers(subscription.topic_name))
        return heard

    def start(self, question: str, **fields):
        """The service's future."""
        return self.service.call_async(
            AskImage.Request(question=question, options=AskOptions(**fields.pop("options", {})), **fields)
        )

    def ask(self, question: str, **fields) -> AskImage.Response:
        return wait(self.start(question, **fields))

    def goal(self, question: str, on_feedback=None, **fields) -> GoalHandle:
        """The handle of the goal, which was accepted."""
        goal = AskImageAction.Goal(question=question, options=AskOptions(**fields.pop("options", {})), **fields)
        handle = wait(self.call(lambda: self.action.send_goal_async(goal, feedback_callback=on_feedback)))
        assert handle.accepted
        return GoalHandle(self, handle)

    def call(self, send: Callable[[], Future]) -> concurrent.futures.Future:
        """Calls a method of the action client in the executor's thread; what its future will hold.

        rclpy registers a request of an action after it has sent it: elsewhere the executor may have taken the answer by
        then, and throws it away ("Ignoring unexpected goal response").
        """
        answer: concurrent.futures.Future = concurrent.futures.Future()
        self._executor.create_task(lambda: send().add_done_callback(lambda done: answer.set_result(done.result())))
        return answer

    def _spin(self) -> None:
        try:
            self._executor.spin()
        except ExternalShutdownException:
            pass


class GoalHandle:
    """A goal on its way. May be used in any thread."""

    def __init__(self, robot: Robot, handle: ClientGoalHandle):
        self._robot = robot
        self._handle = handle

    def get_result_async(self) -> concurrent.futures.Future:
        return self._robot.call(self._handle.get_result_async)

    def cancel_goal_async(self) -> concurrent.futures.Future:
        return self._robot.call(self._handle.cancel_goal_async)


def wait(future, patience: float = PATIENCE):
    """The result of a future that another thread completes."""
    done = threading.Event()
    future.add_done_callback(lambda _: done.set())
    assert done.wait(patience), "no answer came"
    return future.result()


def plain(colour: tuple[int, int, int], size: tuple[int, int] = (64, 48)) -> np.ndarray:
    """A picture of one colour, (height, width, 3) uint8 RGB."""
    return np.full((size[1], size[0], 3), colour, np.uint8)

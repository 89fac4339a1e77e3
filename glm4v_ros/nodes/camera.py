"""A camera of the robot: its newest picture and how fresh it is."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from rclpy.lifecycle import LifecycleNode
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image

from glm4v_ros.nodes.picture import Picture

# Best effort takes from best-effort and from reliable publishers; of several pictures only the newest is worth taking.
CAMERA_QOS = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
AHEAD = 1_000_000_000  # ns; a stamp further ahead of the robot's clock than this is of another clock
RATE_WINDOW = 2.0  # s
KEPT = 2  # pictures that were asked about and may serve the next question


class Camera:
    """Subscribes to a camera's topic and keeps the newest picture. Times are ROS time in ns, ages are in s."""

    def __init__(self, node: LifecycleNode, name: str, topic: str, transport: str, stamp_source: str):
        self.name = name
        self.topic = topic.removesuffix("/compressed")
        self._node = node
        self._transport = "compressed" if topic.endswith("/compressed") else transport
        self._stamp_source = stamp_source
        self.received = 0  # pictures since the node became active
        self._newest: Picture | None = None
        self._asked: deque[Picture] = deque(maxlen=KEPT)
        self._arrivals: deque[float] = deque(maxlen=256)
        self._waiting: list[Callable[[], None]] = []
        self._raw = self._compressed = None
        if self._transport != "raw":
            self._compressed = node.create_subscription(
                CompressedImage, f"{self.topic}/compressed", self._take, CAMERA_QOS
            )
        if self._transport != "compressed":
            self._raw = node.create_subscription(Image, self.topic, self._take, CAMERA_QOS)

    def close(self) -> None:
        for subscription in filter(None, (self._raw, self._compressed)):
            self._node.destroy_subscription(subscription)
        self._raw = self._compressed = None

    def choose_transport(self) -> None:
        """With transport auto: no raw pictures while compressed ones are offered. To be called now and then."""
        if self._transport != "auto" or self._compressed is None:
            return
        offered = self._node.count_publishers(self._compressed.topic_name) > 0
        if offered and self._raw:
            self._node.destroy_subscription(self._raw)
            self._raw = None
        elif not offered and not self._raw:
            self._raw = self._node.create_subscription(Image, self.topic, self._take, CAMERA_QOS)

    @property
    def has_picture(self) -> bool:
        return self._newest is not None

    @property
    def age(self) -> float | None:
        """Of the newest picture, in seconds; None before the first."""
        newest = self._newest
        return None if newest is None else (self._now - newest.stamp) / 1e9

    @property
    def rate(self) -> float:
        """Pictures per second, lately."""
        now = time.monotonic()
        arrivals = [t for t in tuple(self._arrivals) if now - t < RATE_WINDOW]
        return len(arrivals) / RATE_WINDOW

    def is_fresh(self, picture: Picture, max_age: float, not_before: int = 0) -> bool:
        """A picture from the future was taken before the clock jumped back; nobody knows when."""
        now = self._now
        return max(not_before, now - round(max_age * 1e9)) <= picture.stamp <= now + AHEAD

    def fresh(self, max_age: float, not_before: int = 0) -> Picture | None:
        """The newest picture, if it is fresh enough."""
        newest = self._newest
        return newest if newest and self.is_fresh(newest, max_age, not_before) else None

    def pick(self, max_age: float, not_before: int, is_encoded: Callable[[Picture], bool]) -> Picture | None:
        """The newest fresh picture that the engine has encoded already, else the newest if it is fresh."""
        newest = self.fresh(max_age, not_before)
        if newest is None:
            return None
        for picture in (newest, *reversed(tuple(self._asked))):
            if self.is_fresh(picture, max_age, not_before) and is_encoded(picture):
                return picture
        self.offer(newest)
        return newest

    def offer(self, picture: Picture) -> None:
        """Keeps a picture that the engine is given, so that the next questions can be about it as well."""
        if picture not in self._asked:
            self._asked.append(picture)

    def notify(self, wake: Callable[[], None]) -> None:
        """Calls ``wake`` with each picture that comes, until ``forget``."""
        self._waiting.append(wake)

    def forget(self, wake: Callable[[], None]) -> None:
        self._waiting.remove(wake)

    @property
    def _now(self) -> int:
        return self._node.get_clock().now().nanoseconds

    def _take(self, message: Image | CompressedImage) -> None:
        now = self._now
        stamp = message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec
        if self._stamp_source == "receipt" or stamp == 0 or stamp > now + AHEAD:
            stamp = now
        self._newest = Picture(message, stamp, self.name)
        self.received += 1
        self._arrivals.append(time.monotonic())
        for wake in tuple(self._waiting):
            wake()

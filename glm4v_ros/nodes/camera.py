"""A camera of the robot: its newest picture and how fresh it is."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable

from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image

from glm4v_ros.errors import BadRequest
from glm4v_ros.nodes.camera_source import CameraSource, topics_of
from glm4v_ros.nodes.picture import Picture

AHEAD = 1_000_000_000  # ns; a stamp further ahead of the robot's clock than this is of another clock
RATE_WINDOW = 2.0  # s
KEPT = 2  # pictures that were asked about and may serve the next question
NEARLY_NEWEST = 500_000_000  # ns by which an encoded picture may be older than the newest, whatever that shows
# Encodings that lose their depth when they are compressed, as sensor_msgs/image_encodings names them.
DEEP = re.compile(r"16[US]C\d|32[SF]C\d|64FC\d|mono16|(rgb|bgr)a?16|bayer_[rgb]{4}16")


class Camera:
    """Subscribes to a camera's topics and keeps the newest picture. Times are ROS time in ns, ages are in s.

    While nobody asks, pictures are taken at each ``step`` only, and the newest waits in the middleware. Who is to be
    notified asks, and whoever ``is_asked_about`` knows of. BadRequest if ``topic`` is no name of a topic.
    """

    def __init__(
        self,
        node: Node,
        name: str,
        topic: str,
        transport: str,
        stamp_source: str,
        *,
        warm_threshold: float = 0.0,
        is_asked_about: Callable[[Camera], bool] = lambda camera: False,
    ):
        self.name = name
        self.received = 0  # pictures that were taken since the node became active
        self._node = node
        self._stamp_source = stamp_source
        self._warm_threshold = warm_threshold
        self._is_asked_about = is_asked_about
        self._lock = threading.Lock()
        self._newest: Picture | None = None
        self._asked: deque[Picture] = deque(maxlen=KEPT)
        self._arrivals: deque[float] = deque(maxlen=256)
        self._waiting: list[Callable[[], None]] = []
        self._deep = False  # the compressed pictures have lost their depth
        try:
            topics = topics_of(node, topic, transport)
        except BadRequest as error:
            raise BadRequest(f"the parameter camera.{name}.topic: {error}") from error
        self._sources = [CameraSource(node, kind, at, self._take, self._is_asked) for kind, at in topics.items()]
        self._source: CameraSource | None = None  # of the newest picture
        self._sources[0].open()
        self.choose_source()

    def close(self) -> None:
        for source in self._sources:
            source.close()

    def step(self) -> None:
        """Takes what came while nobody asked, and looks at what is offered. To be called a few times a second."""
        if not self._is_asked():
            self._look()
            if self._is_asked():
                self._wake_executor()
        for source in self._sources:
            source.follow_publishers()
        self.choose_source()

    def choose_source(self) -> None:
        """With transport auto: raw pictures as well, for as long as compressed ones are not delivered or lose depth."""
        if len(self._sources) == 1:
            return
        compressed, raw = self._sources
        if self._deep:
            raw.open()
        elif compressed.delivers:
            raw.close()
        elif compressed.is_silent or (raw.is_offered and not compressed.is_offered):
            raw.open()

    @property
    def topic(self) -> str:
        """Where its pictures come from, after remapping; before the first, where they may come from."""
        return self._source.topic if self._source else " or ".join(source.topic for source in self._sources)

    @property
    def transport(self) -> str:
        """How its pictures come, for a person; empty before the first."""
        return f"{self._source.transport}, {self._source.reliability}" if self._source else ""

    @property
    def advice(self) -> str:
        """What a person should look at when no picture comes."""
        if any(source.is_offered for source in self._sources):
            return "it is there and sends nothing, or its pictures are too large for its DDS: see docs/cameras.md"
        return f"is it running, and is the parameter camera.{self.name}.topic right?"

    @property
    def newest(self) -> Picture | None:
        return self._newest

    @property
    def kept(self) -> tuple[Picture, ...]:
        """Pictures that were asked about and may serve the next question."""
        return tuple(self._asked)

    @property
    def waiting(self) -> int:
        """Questions that wait for a picture of it."""
        return len(self._waiting)

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
        """Pictures that were taken per second, lately."""
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

    def pick(
        self, max_age: float, not_before: int, is_encoded: Callable[[Picture], bool], prefer: str = "auto"
    ) -> Picture | None:
        """The newest picture if it is fresh, or a fresh one that the engine has encoded already.

        ``prefer`` says when: "newest" never, "encoded" always, "auto" if it is hardly older or shows the same. Raises
        BadImage if the newest cannot be compared.
        """
        newest = self.fresh(max_age, not_before)
        if newest is None:
            return None
        if prefer != "newest":
            for picture in (newest, *reversed(self.kept)):
                if (
                    self.is_fresh(picture, max_age, not_before)
                    and is_encoded(picture)
                    and (prefer == "encoded" or self._is_as_good(picture, newest))
                ):
                    return picture
        self.offer(newest)
        return newest

    def offer(self, picture: Picture) -> None:
        """Keeps a picture that the engine is given, so that the next questions can be about it as well."""
        if picture not in self._asked:
            self._asked.append(picture)

    def notify(self, wake: Callable[[], None]) -> None:
        """Takes what has come, and then calls ``wake`` with each picture as it comes, until ``forget``."""
        self._waiting.append(wake)
        self._look(wait=True)
        self._wake_executor()

    def forget(self, wake: Callable[[], None]) -> None:
        self._waiting.remove(wake)

    @property
    def _now(self) -> int:
        return self._node.get_clock().now().nanoseconds

    def _is_asked(self) -> bool:
        return bool(self._waiting) or self._is_asked_about(self)

    def _is_as_good(self, picture: Picture, newest: Picture) -> bool:
        return newest.stamp - picture.stamp < NEARLY_NEWEST or picture.difference(newest) <= self._warm_threshold

    def _wake_executor(self) -> None:
        """It may be waiting for everything but this camera."""
        if executor := self._node.executor:
            executor.wake()

    def _look(self, wait: bool = False) -> None:
        for source in self._sources:
            source.look(wait)

    def _take(self, source: CameraSource, message: Image | CompressedImage, waited: float) -> None:
        """``waited``: seconds that the message may have waited; from then on it counts as received."""
        with self._lock:
            if not self._is_wanted(source, message):
                return
            now = self._now
            stamp = message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec
            if self._stamp_source == "receipt" or stamp == 0 or stamp > now + AHEAD:
                stamp = now - round(waited * 1e9)
            if source is not self._source:
                self._source = source
                self._node.get_logger().info(f"camera {self.name}: pictures come on {self.topic} ({self.transport})")
            self._newest = Picture(message, stamp, self.name)
            self.received += 1
            self._arrivals.append(time.monotonic())
        for wake in tuple(self._waiting):
            wake()

    def _is_wanted(self, source: CameraSource, message: Image | CompressedImage) -> bool:
        """Whether no other source has it better."""
        if len(self._sources) == 1:
            return True
        compressed, raw = self._sources
        if source is raw:
            raw.delivered()
            return self._deep or not compressed.delivers
        self._deep = DEEP.match(message.format) is not None
        if self._deep:
            return raw.is_silent
        compressed.delivered()
        return True

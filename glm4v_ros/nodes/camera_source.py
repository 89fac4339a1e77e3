"""A topic on which a camera's pictures may come."""

from __future__ import annotations

import time
from collections.abc import Callable

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage, Image

from glm4v_ros.errors import BadRequest
from glm4v_ros.nodes.gate import Gate

try:
    from rclpy.event_handler import SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import SubscriptionEventCallbacks

TYPES = {"raw": Image, "compressed": CompressedImage}  # by transport
PATIENCE = 2.0  # s without a picture after which a topic does not deliver
LONGEST_PATIENCE = 10.0  # s, with a camera that is slow by nature


class CameraSource:
    """Subscribes as the topic's publishers offer, and again when they offer something else.

    ``on_message`` gets each message and the seconds that it may have waited. Nothing is taken by the executor unless
    ``is_asked``; ``look`` takes what waits. Times are of the steady clock, in s.
    """

    def __init__(
        self,
        node: Node,
        transport: str,
        topic: str,
        on_message: Callable[[CameraSource, Image | CompressedImage, float], None],
        is_asked: Callable[[], bool],
    ):
        self.transport = transport
        self.topic = node.resolve_topic_name(topic)
        self._node = node
        self._written = topic  # rclpy remaps what it is given, and a name must be remapped once
        self._type = TYPES[transport]
        self._on_message = on_message
        self._is_asked = is_asked
        self._subscription: Subscription | None = None
        self._qos = _qos([])
        self._emptied = 0.0  # when the last message was taken, or none was there
        self._heard_since = 0.0  # when it was opened, or delivered last
        self._delivered: float | None = None
        self._gap = 0.0  # between the last two deliveries

    @property
    def is_open(self) -> bool:
        return self._subscription is not None

    @property
    def is_offered(self) -> bool:
        """Whether anybody publishes pictures on the topic, who may never send one."""
        return bool(self._publishers())

    @property
    def reliability(self) -> str:
        return "reliable" if self._qos.reliability == ReliabilityPolicy.RELIABLE else "best effort"

    @property
    def delivers(self) -> bool:
        """Whether pictures come, given how often they came lately."""
        patience = min(max(PATIENCE, 2.5 * self._gap), LONGEST_PATIENCE)
        return self._delivered is not None and time.monotonic() - self._delivered < patience

    @property
    def is_silent(self) -> bool:
        """Whether it was listened to for a while in vain."""
        return self.is_open and not self.delivers and time.monotonic() - self._heard_since >= PATIENCE

    def delivered(self) -> None:
        """To be called with each message that was worth taking."""
        now = time.monotonic()
        self._gap = 0.0 if self._delivered is None else now - self._delivered
        self._delivered = self._heard_since = now

    def open(self) -> None:
        if not self._subscription:
            self._heard_since = time.monotonic()
            self._qos = _qos(self._publishers())
            self._subscribe()

    def close(self) -> None:
        subscription, self._subscription = self._subscription, None
        if subscription:
            subscription.callback_group.shut()
            self._node.destroy_subscription(subscription)

    def follow_publishers(self) -> None:
        """Subscribes anew if the publishers offer something else; those that are gone may come back as they were."""
        publishers = self._publishers()
        if self._subscription and publishers and _qos(publishers) != self._qos:
            self.close()
            self._qos = _qos(publishers)
            self._subscribe()

    def look(self, wait: bool = False) -> None:
        """Takes the message that waits, if there is one; with ``wait`` after one that is being taken by an executor."""
        subscription = self._subscription
        if subscription is None:
            return
        gate = subscription.callback_group
        if not (gate.wait_to_begin() if wait else gate.beginning_execution(subscription)):
            return
        try:
            emptied, self._emptied = self._emptied, time.monotonic()
            with subscription.handle:
                taken = subscription.handle.take_message(self._type, False)
            if taken is not None:
                self._on_message(self, taken[0], self._emptied - emptied)
        except Exception as error:
            self._complain(error)
        finally:
            gate.ending_execution(subscription)

    def _subscribe(self) -> None:
        self._emptied = time.monotonic()
        self._subscription = self._node.create_subscription(
            self._type,
            self._written,
            self._on_bytes,
            self._qos,
            callback_group=Gate(self._is_asked),
            # What is incompatible is put right by follow_publishers, and each of these would be waited for too.
            event_callbacks=SubscriptionEventCallbacks(use_default_callbacks=False),
            raw=True,  # what is no message would otherwise raise where the executor takes it, and end its spinning
        )

    def _on_bytes(self, data: bytes) -> None:
        self._emptied = time.monotonic()
        try:
            self._on_message(self, deserialize_message(data, self._type), 0.0)
        except Exception as error:
            self._complain(error)

    def _complain(self, error: Exception) -> None:
        self._node.get_logger().error(
            f"what came on {self.topic} cannot be read: {type(error).__name__}: {error}", throttle_duration_sec=1.0
        )

    def _publishers(self) -> list:
        kind = f"sensor_msgs/msg/{self._type.__name__}"
        return [info for info in self._node.get_publishers_info_by_topic(self._written) if info.topic_type == kind]


def topics_of(node: Node, topic: str, transport: str) -> dict[str, str]:
    """What to subscribe to, by transport, the preferred one first; names as they are before they are remapped.

    ``topic``/compressed goes wherever ``topic`` is remapped to, unless it is remapped itself.

    :raises BadRequest: ``topic`` is no name of a topic.
    """
    base = topic.removesuffix("/compressed")
    below = f"{base}/compressed"
    try:
        resolved, jpegs = node.resolve_topic_name(base), node.resolve_topic_name(below)
        remapped = jpegs != node.resolve_topic_name(below, only_expand=True)
    except RuntimeError as error:  # RCLError, which has no public name, is one
        raise BadRequest(f"'{topic}' is no name of a topic: {str(error).partition(', at ')[0]}") from error
    if resolved.endswith("/compressed"):
        return {"compressed": base}
    names = {"compressed": below if remapped else f"{resolved}/compressed", "raw": base}
    if base != topic:
        transport = "compressed"
    return names if transport == "auto" else {transport: names[transport]}


def _qos(publishers: list) -> QoSProfile:
    """The most that every publisher offers. Of several pictures only the newest is worth taking."""
    reliable = publishers and all(info.qos_profile.reliability == ReliabilityPolicy.RELIABLE for info in publishers)
    late = publishers and all(info.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL for info in publishers)
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=1,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if late else DurabilityPolicy.VOLATILE,
    )

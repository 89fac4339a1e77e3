"""What another node sees of the running node vqa: its word on /diagnostics, and the pictures of its answers."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header

SILENT = 15.0  # s without a word after which the node counts as gone; it speaks at least every few seconds
KEPT = 64  # pictures of answers
_ALL_OF_THEM = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=64, reliability=ReliabilityPolicy.RELIABLE)


class VqaWatch:
    """Listens to the node of this fully qualified name. Callbacks write, every thread may read."""

    def __init__(self, node: Node, name: str):
        self._prefix = f"{name}: "
        self._parts: dict[str, Mapping[str, str]] = {}
        self._heard_at: float | None = None
        self._pictures: OrderedDict[tuple, CompressedImage] = OrderedDict()
        self._arrived = threading.Condition()
        node.create_subscription(DiagnosticArray, "/diagnostics", self._hear, 10)
        node.create_subscription(CompressedImage, f"{name}/answer_image/compressed", self._see, _ALL_OF_THEM)

    @property
    def is_heard(self) -> bool:
        return self._heard_at is not None and time.monotonic() - self._heard_at < SILENT

    @property
    def is_active(self) -> bool:
        """Whether it answers questions."""
        return self.is_heard and self.value("node", "lifecycle state") == "active"

    @property
    def cameras(self) -> dict[str, str]:
        """Where their pictures come from, by name; those alone whose topic is known."""
        parts = {part.removeprefix("camera "): one for part, one in self._parts.items() if part.startswith("camera ")}
        return {name: values["topic"] for name, values in parts.items() if values.get("transport")}

    def value(self, part: str, key: str, default: str = "") -> str:
        return self._parts.get(part, {}).get(key, default)

    def number(self, part: str, key: str) -> float:
        try:
            return float(self.value(part, key, "0"))
        except ValueError:
            return 0.0

    def picture(self, header: Header, patience: float) -> CompressedImage | None:
        """The picture with this header that an answer was about; waits up to ``patience`` seconds for it."""
        key = _key(header)
        with self._arrived:
            self._arrived.wait_for(lambda: key in self._pictures, patience)
            return self._pictures.get(key)

    def _hear(self, message: DiagnosticArray) -> None:
        told = {
            status.name.removeprefix(self._prefix): {one.key: one.value for one in status.values}
            for status in message.status
            if status.name.startswith(self._prefix)
        }
        if told:
            self._parts, self._heard_at = told, time.monotonic()

    def _see(self, message: CompressedImage) -> None:
        with self._arrived:
            self._pictures[_key(message.header)] = message
            if len(self._pictures) > KEPT:
                self._pictures.popitem(last=False)
            self._arrived.notify_all()


def seconds(stamp: Time) -> float:
    return stamp.sec + stamp.nanosec / 1e9


def _key(header: Header) -> tuple:
    return header.stamp.sec, header.stamp.nanosec, header.frame_id

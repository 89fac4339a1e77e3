"""Who may speak: one answer at a time, the newest."""

from __future__ import annotations

import threading
from collections.abc import Callable

from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import Empty, String

from glm4v_ros.errors import VqaError
from glm4v_ros.nodes.guard import subscribe
from glm4v_ros.nodes.sentences import Sentences

# The sentences of one answer come in a burst at its end.
SENTENCE_QOS = QoSProfile(history=HistoryPolicy.KEEP_ALL, reliability=ReliabilityPolicy.RELIABLE)


class Voice:
    """May be called from any thread."""

    def __init__(self, node: Node):
        self._lock = threading.Lock()
        self._owner: Speech | None = None
        self._sentences = node.create_publisher(String, "~/sentences", SENTENCE_QOS)
        subscribe(node, Empty, "~/stop_speaking", self._on_stop_speaking, QoSProfile(depth=10))

    @property
    def owner(self) -> str:
        """Whose answer is spoken, or was last."""
        owner = self._owner
        return owner.owner if owner else ""

    def claim(self, owner: str, priority: int, whole: bool, cancel: Callable[[], None]) -> Speech:
        """Ends the answer that is being spoken, for this question's answer comes next."""
        with self._lock:
            self._end()
            # In the topic itself: a call could overtake sentences of the old answer, or come after those of the new one.
            self._sentences.publish(String(data=""))
            self._owner = Speech(self._sentences, owner, whole, cancel)
            return self._owner

    def _end(self) -> None:
        speech, self._owner = self._owner, None
        if speech:
            speech.silence()
            speech.cancel()

    def _on_stop_speaking(self, message: Empty) -> None:
        """The voice was silenced by a person."""
        with self._lock:
            self._end()


class Speech(Sentences):
    """One answer's place at the voice."""

    def __init__(self, publisher, owner: str, whole: bool, cancel: Callable[[], None]):
        super().__init__(publisher, whole)
        self.owner = owner
        self.cancel = cancel

    def close(self, text: str, error: VqaError | None) -> None:
        """The answer has ended."""
        self.silence() if error else self.finish(text)

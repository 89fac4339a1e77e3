"""Progress of an action's goal."""

from __future__ import annotations

import threading
import time

from rclpy.action.server import ServerGoalHandle

from glm4v_ros.action import AskImage
from glm4v_ros.asking.ports import Listener
from glm4v_ros.asking.reply import Reply
from glm4v_ros.engine.answer import Delta

INTERVAL = 0.05  # s; feedback has a depth of 10, and a token a message would overrun it


class Feedback(Listener):
    """Sends a goal's deltas on, joined so that few messages carry them all."""

    def __init__(self, goal: ServerGoalHandle):
        self._goal = goal
        self._lock = threading.Lock()
        self._stage: int | None = None
        self._text = ""
        self._sent = 0.0

    def hear(self, delta: Delta) -> None:
        with self._lock:
            self._text += delta.text
            if delta.stage != self._stage or (self._text and time.monotonic() - self._sent >= INTERVAL):
                self._stage = delta.stage
                self._send()

    def end(self, reply: Reply) -> None:
        """Sends what is left."""
        with self._lock:
            if self._text:
                self._send()

    def _send(self) -> None:
        if self._goal.is_active:
            self._goal.publish_feedback(AskImage.Feedback(stage=int(self._stage), delta=self._text))
        self._text = ""
        self._sent = time.monotonic()

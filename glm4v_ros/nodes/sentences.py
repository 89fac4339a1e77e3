"""The sentences of an answer, for the voice."""

from __future__ import annotations

import threading

from rclpy.publisher import Publisher
from std_msgs.msg import String

from glm4v_ros.engine.answer import Delta
from glm4v_ros.speech.sentence import SentenceSplitter


class Sentences:
    """Publishes each sentence of one answer as soon as it is finished; with ``whole`` all of it when it is complete.

    Called by the engine client's thread.
    """

    def __init__(self, publisher: Publisher, whole: bool):
        self._publisher = publisher
        self._whole = whole
        self._splitter = SentenceSplitter()
        self._lock = threading.Lock()
        self._silent = False

    def __call__(self, delta: Delta) -> None:
        if delta.text and not self._whole:
            self._say(self._splitter.push(delta.text))

    def finish(self, text: str) -> None:
        """What is left of the complete answer ``text``."""
        self._say([text] if self._whole else self._splitter.finish())

    def silence(self) -> None:
        """Nothing more: another answer is to be heard, or this one broke off."""
        with self._lock:
            self._silent = True

    def _say(self, sentences: list[str]) -> None:
        with self._lock:
            for sentence in sentences:
                if sentence and not self._silent:
                    self._publisher.publish(String(data=sentence))

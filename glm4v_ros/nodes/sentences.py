"""The sentences of an answer, for the voice."""

from __future__ import annotations

from collections.abc import Callable

from glm4v_ros.engine.answer import Delta
from glm4v_ros.speech.sentence import SentenceSplitter


class Sentences:
    """Gives each sentence of one answer as soon as it is finished; with ``whole`` all of it when it is complete.

    ``give(sentences, last)`` gets them in their order, the last ones with ``last``. Called by the engine client's
    thread while the answer is written, and by whoever ends it.
    """

    def __init__(self, give: Callable[[list[str], bool], None], whole: bool):
        self._give = give
        self._whole = whole
        self._splitter = SentenceSplitter()

    def __call__(self, delta: Delta) -> None:
        if delta.text and not self._whole and (sentences := self._splitter.push(delta.text)):
            self._give(sentences, False)

    def finish(self, text: str) -> None:
        """What is left of the complete answer ``text``."""
        rest = [text] if self._whole else self._splitter.finish()
        self._give([sentence for sentence in rest if sentence], True)

    def break_off(self) -> None:
        """There is no more: the answer ended with an error. A sentence that was begun is not said."""
        self._give([], True)

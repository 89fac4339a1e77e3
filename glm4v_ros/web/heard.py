"""What of an answer was heard already, when it is said again."""

from __future__ import annotations

from glm4v_ros.engine.answer import Delta, Stage
from glm4v_ros.errors import EngineFailed


class Heard:
    """A question whose worker failed is asked once more, and its answer comes from the beginning again."""

    def __init__(self):
        self._heard = self._said = ""

    def news(self, delta: Delta) -> str:
        """The text that is new. Raises EngineFailed for another answer than the one that began."""
        if delta.stage < Stage.ANSWERING:
            self._said = ""
        self._said += delta.text
        if self._heard.startswith(self._said):
            return ""
        if not self._said.startswith(self._heard):
            raise EngineFailed("the engine failed while it answered, and began another answer then: ask again")
        new, self._heard = self._said[len(self._heard) :], self._said
        return new

"""How fast questions are answered when there are always some."""

from __future__ import annotations

import time

_NEW = 0.1  # weight of one more question in the mean


class ServiceTime:
    """Seconds from one answer to the next while questions wait, lately. Not for several threads at once."""

    def __init__(self, seconds: float = 1.0):
        """``seconds`` is the guess until the first answer."""
        self.seconds = seconds
        self._measured = False
        self._since = 0.0  # the last answer, or the first question after none

    def began(self, others: int) -> None:
        """A question came while ``others`` were under way."""
        if not others:
            self._since = time.monotonic()

    def ended(self) -> None:
        """A question was answered."""
        now = time.monotonic()
        took, self._since = now - self._since, now
        self.seconds += (_NEW if self._measured else 1.0) * (took - self.seconds)
        self._measured = True

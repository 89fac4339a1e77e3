"""A circuit breaker: a server that fails is left alone for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

MOST_FAILURES = 3  # in a row
FIRST_REST, LONGEST_REST = 5.0, 60.0  # seconds; each probe that fails doubles the rest


class Breaker:
    """Closed: questions go through. Open: none does. Half-open: one does, to see. May be used by any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._rest = 0.0  # seconds; 0: closed
        self._until = 0.0
        self._probing = False
        self.last_error = ""

    @property
    def failures(self) -> int:
        """In a row until now."""
        return self._failures

    @property
    def state(self) -> str:
        """closed, open or half-open."""
        if not self._rest:
            return "closed"
        return "open" if self.rest_left else "half-open"

    @property
    def rest_left(self) -> float:
        """Seconds until a question may go through; 0: now."""
        return max(0.0, self._until - self._clock()) if self._rest else 0.0

    def admit(self) -> bool:
        """Whether a question may go through; ``succeeded``, ``failed`` or ``unclear`` must follow if so."""
        with self._lock:
            if not self._rest:
                return True
            if self.rest_left or self._probing:
                return False
            self._probing = True
            return True

    def succeeded(self) -> None:
        with self._lock:
            self._failures, self._rest, self._probing, self.last_error = 0, 0.0, False, ""

    def failed(self, why: str) -> None:
        with self._lock:
            self._failures += 1
            self._probing, self.last_error = False, why
            # A question that was under way when it opened says nothing new.
            if self._failures >= MOST_FAILURES and not self.rest_left:
                self._rest = min(max(FIRST_REST, 2 * self._rest), LONGEST_REST)
                self._until = self._clock() + self._rest

    def unclear(self) -> None:
        """It ended for a reason that tells nothing of the server, such as a cancel."""
        with self._lock:
            self._probing = False

"""How the questions of the node ended, since it started and lately."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable

from glm4v_ros.engine.answer import Answer
from glm4v_ros.errors import ErrorCode, VqaError

LATELY = 60.0  # s
KEPT = 100  # answers whose times are kept
#: Errors that are the node's or the machine's, not the asking side's.
OWN = (ErrorCode.UNKNOWN, ErrorCode.OUT_OF_MEMORY, ErrorCode.ENGINE_FAILED)


class Tally:
    """May be used by any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self.answered = 0
        self.last_error = ""
        self._clock = clock
        self._lock = threading.Lock()
        self._errors: Counter[ErrorCode] = Counter()
        self._own: deque[tuple[float, ErrorCode]] = deque(maxlen=1000)
        self._times: deque[tuple[float, float]] = deque(maxlen=KEPT)

    def add_answer(self, answer: Answer) -> None:
        with self._lock:
            self.answered += 1
            if answer.latency:
                self._times.append((answer.time_to_first_token, answer.latency))

    def add_error(self, error: VqaError) -> None:
        with self._lock:
            self._errors[error.code] += 1
            self.last_error = f"{error.code.name}: {error}"
            if error.code in OWN:
                self._own.append((self._clock(), error.code))

    @property
    def refused(self) -> int:
        """Questions that ended with an error code."""
        return sum(self._errors.values())

    @property
    def errors(self) -> str:
        """Such as "BUSY 3, TIMEOUT 1"."""
        with self._lock:
            return _listed(self._errors)

    @property
    def own_lately(self) -> str:
        """The errors of the last minute that are the node's or the machine's fault; empty: none."""
        with self._lock:
            since = self._clock() - LATELY
            return _listed(Counter(code for when, code in self._own if when > since))

    def times(self) -> dict[str, float]:
        """Medians of the last answers: time to first token and latency, in seconds; empty before the first."""
        with self._lock:
            if not self._times:
                return {}
            first, latency = (sorted(column) for column in zip(*self._times, strict=True))
        middle = len(first) // 2
        return {"time to first token s": first[middle], "latency s": latency[middle], "longest latency s": latency[-1]}


def _listed(errors: Counter[ErrorCode]) -> str:
    return ", ".join(f"{code.name} {count}" for code, count in sorted(errors.items()))

"""How often somebody may do something."""

from __future__ import annotations

import time
from collections import OrderedDict

_MOST_NAMES = 10_000  # that are remembered; a forgotten one starts afresh


class TokenBuckets:
    """One bucket a name: ``burst`` at once, then ``per_minute``. Not thread-safe."""

    def __init__(self, per_minute: float, burst: int, clock=time.monotonic):
        self._rate, self._burst, self._clock = per_minute / 60.0, float(burst), clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # name to (tokens, at)

    def take(self, name: str, per_minute: float = 0.0) -> float:
        """0 if there was a token to take, else the seconds until there is one. ``per_minute`` outranks the common
        rate."""
        wait = self.wait(name, per_minute)
        if wait == 0.0:
            self._set(name, self._level(name, per_minute) - 1.0)
        return wait

    def wait(self, name: str, per_minute: float = 0.0) -> float:
        """What ``take`` would say; takes nothing."""
        missing = 1.0 - self._level(name, per_minute)
        return 0.0 if missing <= 1e-9 else missing / (per_minute / 60.0 or self._rate)

    def _level(self, name: str, per_minute: float) -> float:
        tokens, at = self._buckets.get(name, (self._burst, 0.0))
        return min(self._burst, tokens + (self._clock() - at) * (per_minute / 60.0 or self._rate))

    def _set(self, name: str, tokens: float) -> None:
        self._buckets[name] = tokens, self._clock()
        self._buckets.move_to_end(name)
        if len(self._buckets) > _MOST_NAMES:
            self._buckets.popitem(last=False)

"""How many of a machine's cores this process may count on."""

from __future__ import annotations

import os
import time

_TICK = os.sysconf("SC_CLK_TCK")
_USER, _NICE, _SYSTEM, _IRQ, _SOFTIRQ, _STEAL = 0, 1, 2, 5, 6, 7  # columns of /proc/stat, proc(5)
_SHORTEST = 0.2  # seconds between two looks: a tick is 0.01


class Cores:
    """Threads that wait for each other at every step are as slow as the slowest of them: one more than there are cores to run
    on makes all of them slow, so that where another program takes a core, one thread fewer is faster.

    ``look`` now and then; ``free`` is what the others left at the last looks. What runs at a lower priority than this process
    is no competitor.
    """

    def __init__(self, most: int):
        """``most``: threads that are ever wanted; 0: one for each core."""
        self._allowed = sorted(os.sched_getaffinity(0))
        self._most = most or len(self._allowed)
        self._at, self._others, self._own = time.monotonic(), *self._read()
        self._used = 0.0  # cores that others use, smoothed

    @property
    def free(self) -> int:
        """1 or more."""
        left = int(len(self._allowed) - self._used + 0.5)
        return max(1, min(self._most, left))

    def look(self) -> None:
        now = time.monotonic()
        if now - self._at < _SHORTEST:
            return
        busy, own = self._read()
        used = max(0.0, (busy - self._others - (own - self._own)) / (now - self._at))
        self._at, self._others, self._own = now, busy, own
        self._used += 0.5 * (used - self._used)

    def _read(self) -> tuple[float, float]:
        """Seconds that the allowed cores were busy, and that this process was."""
        wanted = {f"cpu{core}" for core in self._allowed}
        columns = [_USER, _SYSTEM, _IRQ, _SOFTIRQ, _STEAL] + ([_NICE] if os.nice(0) > 0 else [])
        ticks = 0
        with open("/proc/stat") as stat:
            for line in stat:
                name, *fields = line.split()
                if name in wanted:
                    ticks += sum(int(fields[column]) for column in columns)
        return ticks / _TICK, time.process_time()

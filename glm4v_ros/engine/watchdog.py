"""Tells when a worker stands still or takes too much."""

from __future__ import annotations

import time

from glm4v_ros.engine.messages import Beat
from glm4v_ros.errors import EngineFailed, OutOfMemory


class Watchdog:
    """Of one worker at a time."""

    def __init__(self, patience: float, memory_limit_mib: int):
        """``patience``: seconds without a sign of life or without progress while there is work; 0: any time."""
        self._patience = patience
        self.memory_limit_mib = memory_limit_mib  # 0: none
        self._stage, self._resident_mib = "", 0.0
        self._progress: int | None = None
        self._progress_at = 0.0
        #: time.monotonic() of the last beat.
        self.beat_at = 0.0

    def begin(self) -> None:
        """A worker was started."""
        self.beat_at = self._progress_at = time.monotonic()
        self._stage, self._progress, self._resident_mib = "load", None, 0.0

    def take(self, beat: Beat) -> None:
        self.beat_at = time.monotonic()
        if beat.progress != self._progress or not beat.busy:
            self._progress, self._progress_at = beat.progress, self.beat_at
        self._stage, self._resident_mib = beat.stage, beat.resident_mib

    def check(self) -> None:
        """Raises EngineFailed or OutOfMemory when the worker is to be ended."""
        limit, most = self._patience, self.memory_limit_mib
        if limit > 0 and time.monotonic() - self.beat_at > limit:
            raise EngineFailed(f"the worker gave no sign of life for {limit:g} s and was ended")
        if limit > 0 and self.beat_at - self._progress_at > limit:
            raise EngineFailed(f"the worker made no progress for {limit:g} s (stage: {self._stage}) and was ended")
        if most and self._resident_mib > most:
            raise OutOfMemory(f"the worker used {self._resident_mib:.0f} MiB, more than memory_limit_mib ({most})")

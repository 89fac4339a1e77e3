"""Says when an executor may run a callback, and ends that for good."""

from __future__ import annotations

import threading
from collections.abc import Callable

from rclpy.callback_groups import CallbackGroup

PATIENCE = 1.0  # s; a callback behind a gate takes milliseconds


class Gate(CallbackGroup):
    """The callback group of one subscription or timer: an executor may run it while ``is_open``, once at a time.

    A subscription whose gate is closed is in no wait set: what comes wakes nobody, is not deserialised, and the newest
    message lies in the middleware for whoever takes it by hand, between ``beginning_execution`` and
    ``ending_execution``. An executor that was waiting when the gate opened has to be woken. One that asks no callback
    group (EventsExecutor) takes everything as it comes, which costs more and changes nothing else.
    """

    def __init__(self, is_open: Callable[[], bool] = lambda: True):
        super().__init__()
        self._is_open = is_open
        self._running = threading.Lock()

    def can_execute(self, entity) -> bool:
        return self._is_open() and not self._running.locked()

    def beginning_execution(self, entity) -> bool:
        return self._running.acquire(blocking=False)

    def ending_execution(self, entity) -> None:
        self._running.release()

    def wait_to_begin(self) -> bool:
        """As ``beginning_execution``, after what is running."""
        return self._running.acquire(timeout=PATIENCE)

    def shut(self) -> None:
        """For good, after what is running; before the entity is destroyed, at which Humble's executors would raise."""
        self._running.acquire(timeout=PATIENCE)

"""Keeps looking at the machine's sensors without ever holding up who asks."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from glm4v_ros.machine import jetson, nvidia, thermal_zones
from glm4v_ros.machine.readings import Readings

_log = logging.getLogger(__name__)

SOURCES = (jetson.connect, nvidia.connect, thermal_zones.connect)
PERIOD = 2.0  # s between two looks
AGAIN = 60.0  # s after which a source that failed is tried again


class Sensors:
    """``readings`` are of the last look, ``age`` seconds ago; a thread of its own looks, for a driver may hang.

    A source that is not there (no package, no service, no GPU) is left out, and tried again now and then.
    """

    def __init__(self, sources: Sequence[Callable[[], Callable[[], Readings]]] = SOURCES, period: float = PERIOD):
        self.readings = Readings()
        self._looked_at = time.monotonic()
        self._sources = sources
        self._period = period
        self._closing = threading.Event()
        threading.Thread(target=self._run, name="sensors", daemon=True).start()

    @property
    def age(self) -> float:
        """Seconds since the last look ended; grows when a driver hangs."""
        return time.monotonic() - self._looked_at

    def close(self) -> None:
        self._closing.set()

    def _run(self) -> None:
        connected: dict[Callable, Callable[[], Readings]] = {}
        retry_at: dict[Callable, float] = {}
        while not self._closing.is_set():
            readings = Readings()
            for connect in self._sources:
                if time.monotonic() < retry_at.get(connect, 0.0):
                    continue
                try:
                    if connect not in connected:
                        connected[connect] = connect()
                    readings |= connected[connect]()
                except Exception as error:  # whatever a driver's package raises: the node can do without it
                    _log.debug("%s: %s", connect.__module__, error)
                    connected.pop(connect, None)
                    # A package that is not installed will not be there later.
                    retry_at[connect] = float("inf") if isinstance(error, ImportError) else time.monotonic() + AGAIN
            self.readings, self._looked_at = readings, time.monotonic()
            self._closing.wait(self._period)

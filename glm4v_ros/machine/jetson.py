"""A Jetson's power, through jetson-stats (jtop) where it is installed; its temperatures are thermal zones."""

from __future__ import annotations

from collections.abc import Callable

from glm4v_ros.machine.readings import Readings


def connect() -> Callable[[], Readings]:
    """Reads it. ImportError without jetson-stats, another exception without its service."""
    import jtop

    board = jtop.jtop()
    board.start()

    def read() -> Readings:
        if not board.is_alive():
            raise OSError("the jtop service is gone")
        total = board.power.get("tot", {}).get("power")  # mW
        return Readings(watts=None if total is None else total / 1000)

    return read

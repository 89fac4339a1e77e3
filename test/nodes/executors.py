"""rclpy's executors in which the node must work, as robots choose them."""

from __future__ import annotations

import functools
import subprocess
import sys

import pytest
from rclpy.executors import MultiThreadedExecutor, SingleThreadedExecutor

_BARE_TIMER = """
import threading, rclpy
from rclpy.experimental.events_executor import EventsExecutor
rclpy.init()
node, executor, fired = rclpy.create_node("bare"), EventsExecutor(), threading.Event()
node.create_timer(0.01, fired.set)
executor.add_node(node)
threading.Thread(target=executor.spin, daemon=True).start()
import os
os._exit(0 if fired.wait(3) else 1)
"""


@functools.cache
def events_executor_works() -> bool:
    """Whether rclpy has one (Jazzy's and Kilted's have) and a bare timer runs in it; where not, nothing of ours can."""
    return subprocess.run([sys.executable, "-c", _BARE_TIMER], capture_output=True, timeout=60).returncode == 0


def _events(context):
    if not events_executor_works():
        pytest.skip("no bare timer runs in this rclpy's EventsExecutor")
    from rclpy.experimental.events_executor import EventsExecutor

    return EventsExecutor(context=context)


EXECUTORS = {
    "MultiThreaded": lambda context: MultiThreadedExecutor(8, context=context),
    "SingleThreaded": lambda context: SingleThreadedExecutor(context=context),
    "Events": _events,
}

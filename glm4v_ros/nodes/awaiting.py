"""Waits in a callback, in any executor, for what another thread does."""

from __future__ import annotations

import concurrent.futures
import contextlib

from rclpy.executors import Executor
from rclpy.task import Future


def awaitable(done: concurrent.futures.Future, executor: Executor) -> Future:
    """Ends, with ``done`` itself as the result, when ``done`` is done: ``(await awaitable(done, executor)).result()``.

    It is completed by a task of the executor: a set_result from another thread would not wake one that waits.
    """
    waiting = Future(executor=executor)

    def wake(done: concurrent.futures.Future) -> None:
        with contextlib.suppress(Exception):  # the executor was shut down, and nobody waits any more
            executor.create_task(waiting.set_result, done)

    done.add_done_callback(wake)
    return waiting

"""The executor of the node vqa."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable

from rclpy.executors import (
    Executor,
    ExternalShutdownException,
    ShutdownException,
    TimeoutException,
)
from rclpy.logging import get_logger
from rclpy.task import Future


class NodeExecutor(Executor):
    """Runs callbacks in threads, as MultiThreadedExecutor does, with four differences for a node that never dies.

    An exception in a callback is logged and does not end the spinning. A message that cannot be read is logged and
    dropped, and the next one is taken. A coroutine that waits for long costs nothing
    but a look at each wake-up (MultiThreadedExecutor keeps one more reference to it for each). And ``wrap`` makes a
    concurrent.futures.Future awaitable.
    """

    def __init__(self, threads: int, **arguments):
        super().__init__(**arguments)
        self._pool = concurrent.futures.ThreadPoolExecutor(threads, thread_name_prefix="callback")

    def spin_once(self, timeout_sec: float | None = None) -> None:
        self.spin_once_until_future_complete(None, timeout_sec)

    def spin_once_until_future_complete(self, future, timeout_sec: float | None = None) -> None:
        try:
            task, _, _ = self.wait_for_ready_callbacks(timeout_sec=timeout_sec)
        except (ExternalShutdownException, ShutdownException, TimeoutException):
            return
        except RuntimeError:  # RCLError, which has no public name, is one
            if self.context.ok():
                raise
            return  # shut down while a wait set was made
        self._pool.submit(self._run, task)

    def shutdown(self, timeout_sec: float | None = None) -> bool:
        done = super().shutdown(timeout_sec)
        self._pool.shutdown(wait=False, cancel_futures=True)
        return done

    def future(self) -> Future:
        """A future to await in a callback; complete it with ``complete``."""
        return Future(executor=self)

    def complete(self, future: Future, result=None) -> None:
        """Completes ``future`` from any thread. Its set_result alone would not wake an executor that waits."""
        future.set_result(result)
        self.wake()

    def wrap(self, future: concurrent.futures.Future) -> Future:
        """Ends, with ``future`` itself as the result, when ``future`` is done."""
        waiting = self.future()
        future.add_done_callback(lambda done: self.complete(waiting, done))
        return waiting

    # What cannot be read, such as CDR that was cut short, raises where rclpy takes it, which then never looks at that
    # subscription or service again. Taken as nothing it costs a line in the log.

    def _take_subscription(self, subscription):
        return self._taken(super()._take_subscription, subscription)

    def _take_client(self, client):
        return self._taken(super()._take_client, client)

    def _take_service(self, service):
        return self._taken(super()._take_service, service)

    def _take_waitable(self, waitable):
        return self._taken(super()._take_waitable, waitable)

    @staticmethod
    def _taken(take: Callable, entity):
        try:
            return take(entity)
        except Exception as error:
            get_logger("executor").error(f"what came by DDS cannot be read: {error}", throttle_duration_sec=1.0)
            return None

    def _run(self, task: Callable) -> None:
        try:
            task()
            error = task.exception() if task.done() else None
        except Exception as raised:
            error = raised
        if error is not None and not isinstance(error, (ExternalShutdownException, ShutdownException)):
            get_logger("executor").error(f"a callback failed: {type(error).__name__}: {error}")

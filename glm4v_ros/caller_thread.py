"""The node and the thread that the action callers of a process share."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

_WATCH_PERIOD = 0.1  # s


class CallerThread:
    """A private node, spun by a thread of its own: nothing that its users wait for runs in an executor of theirs.

    One for each context, made when the first user joins and ended when the last one leaves. Scripts without a node
    have a context of their own, so they need no rclpy.init().
    """

    _threads: dict[Context | None, CallerThread] = {}
    _lock = threading.Lock()
    _numbers = itertools.count()

    @classmethod
    def join(cls, node: Node | None) -> CallerThread:
        """That of ``node``'s context, or of scripts; to be left by ``leave``."""
        key = node.context if node else None
        with cls._lock:
            thread = cls._threads.get(key)
            if thread is None or thread.ended:
                thread = cls._threads[key] = cls(key, node.get_name() if node else "script")
            thread._users += 1
            return thread

    def __init__(self, context: Context | None, base: str):
        self._key = context
        self._users = 0
        self._watchers: list[Callable[[], None]] = []
        self._on_end: list[Callable[[], None]] = []
        self._waiting: deque[Callable[[], Any]] = deque()
        self.ended = False
        if context is None:
            context = Context()
            rclpy.init(context=context, args=[])
        self.node = Node(
            f"{base}_caller_{next(self._numbers)}",
            context=context,
            use_global_arguments=False,  # a remapped node name is meant for the caller's node
            enable_rosout=False,
            start_parameter_services=False,
        )
        self.node.create_timer(_WATCH_PERIOD, self._watch, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin, name=self.node.get_name(), daemon=True)
        self._thread.start()

    def leave(self) -> None:
        """The last one who leaves ends node and thread."""
        with self._lock:
            self._users -= 1
            if self._users:
                return
            if self._threads.get(self._key) is self:
                del self._threads[self._key]
        self._executor.shutdown()
        self._thread.join()
        self.node.destroy_node()
        if self._key is None:
            self.node.context.try_shutdown()

    def submit(self, function: Callable[[], Any]) -> None:
        """Runs ``function`` in the thread; rclpy's action clients may be used there only."""
        self._waiting.append(function)
        self._executor.create_task(self._work_off)  # rclpy runs its tasks last in, first out

    def run(self, function: Callable[[], Any]) -> Any:
        """Runs ``function`` in the thread and waits for what it returns; None if the thread has ended."""
        if threading.current_thread() is self._thread:
            return function()
        done, results = threading.Event(), []

        def work() -> None:
            try:
                results.append(function())
            finally:
                done.set()

        self.submit(work)
        while not done.wait(0.1) and not self.ended:
            pass
        return results[0] if results else None

    def watch(self, watcher: Callable[[], None], on_end: Callable[[], None]) -> None:
        """Calls ``watcher`` in the thread ten times a second, and ``on_end`` when ROS is shut down under it."""
        self._watchers.append(watcher)
        self._on_end.append(on_end)

    def unwatch(self, watcher: Callable[[], None], on_end: Callable[[], None]) -> None:
        self._watchers.remove(watcher)
        self._on_end.remove(on_end)

    def _watch(self) -> None:
        for watcher in list(self._watchers):
            self._guarded(watcher)

    def _work_off(self) -> None:
        while self._waiting:
            self._guarded(self._waiting.popleft())

    def _guarded(self, function: Callable[[], Any]) -> None:
        """One user's error must not end the thread of all."""
        try:
            function()
        except Exception as error:
            self.node.get_logger().error(f"a call of an action failed: {type(error).__name__}: {error}")

    def _spin(self) -> None:
        try:
            self._executor.spin()
        except ExternalShutdownException:
            pass
        finally:
            self.ended = True
            for on_end in list(self._on_end):
                on_end()

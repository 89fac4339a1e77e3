"""One goal of an action, seen by who sent it."""

from __future__ import annotations

import concurrent.futures
import queue
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from action_msgs.msg import GoalStatus
from rclpy.action.client import ClientGoalHandle
from unique_identifier_msgs.msg import UUID

from glm4v_ros.errors import EngineFailed


class Goal:
    """Sent by an ActionCaller, whose thread alone calls the methods with an underscore."""

    def __init__(self, message: Any, submit: Callable[[Callable[[], None]], None]):
        self.message = message
        self.sends = 0
        self._id = UUID(uuid=list(uuid4().bytes))
        self._submit = submit
        self._handle = None
        self._cancel_wanted = False
        self._feedback: queue.SimpleQueue = queue.SimpleQueue()  # None ends it
        self._outcome: concurrent.futures.Future = concurrent.futures.Future()

    @property
    def accepted(self) -> bool:
        return self._handle is not None

    @property
    def done(self) -> bool:
        return self._outcome.done()

    def result(self, timeout: float | None = None) -> tuple[int, Any]:
        """Waits ``timeout`` seconds (None: for ever) for (action_msgs GoalStatus, result message).

        Raises NotActive if there is no server or it vanished, EngineFailed if it refused the goal, TimeoutError.
        """
        try:
            return self._outcome.result(timeout)
        except concurrent.futures.TimeoutError:  # another class than the builtin one before Python 3.11
            raise TimeoutError(f"no result after {timeout} s") from None

    def feedback(self) -> Iterator[Any]:
        """The feedback messages as they come, until the goal has ended; for one reader."""
        while (message := self._feedback.get()) is not None:
            yield message

    def feedback_now(self) -> list[Any]:
        """The feedback messages that came since the last call, without waiting."""
        messages = []
        while not self._feedback.empty():
            messages.append(self._feedback.get())
        return [message for message in messages if message is not None]

    def cancel(self) -> None:
        """Asks the server to stop; returns at once. The result still comes."""
        self._submit(self._cancel)

    def on_done(self, callback: Callable[[Goal], None]) -> None:
        """Calls ``callback`` in the caller's thread when the goal has ended."""
        self._outcome.add_done_callback(lambda outcome: callback(self))

    def _cancel(self) -> None:
        self._cancel_wanted = True
        if self._handle and not self.done:
            self._handle.cancel_goal_async()

    def _send(self, client) -> None:
        """Sends it, or sends it again under the same id: a server that just appeared may not be able to answer yet."""
        self.sends += 1
        response = client.send_goal_async(self.message, feedback_callback=self._take_feedback, goal_uuid=self._id)
        response.add_done_callback(lambda done: self._answered(client, done.result()))

    def _take_feedback(self, message) -> None:
        self._feedback.put(message.feedback)

    def _answered(self, client, handle: ClientGoalHandle) -> None:
        if self.accepted:
            return
        if handle.accepted:
            self._handle = handle
        elif self.sends > 1:  # the server knows the id already: it took the goal, and its answer was lost
            self._handle = ClientGoalHandle(client, self._id, SimpleNamespace(accepted=True, stamp=handle.stamp))
        else:
            self._fail(EngineFailed("the action server refused the goal"))
            return
        if self.done:  # given up before the server took it
            self._cancel_wanted = True
        self._handle.get_result_async().add_done_callback(self._ended)
        if self._cancel_wanted:
            self._handle.cancel_goal_async()

    def _ended(self, response) -> None:
        response = response.result()
        if response.status == GoalStatus.STATUS_UNKNOWN:
            self._fail(EngineFailed("the action server does not know the goal"))
        elif not self.done:
            self._outcome.set_result((response.status, response.result))
            self._feedback.put(None)

    def _fail(self, error: Exception) -> None:
        if not self.done:
            self._outcome.set_exception(error)
            self._feedback.put(None)

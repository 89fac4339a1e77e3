"""One goal of an action, seen by who sent it."""

from __future__ import annotations

import concurrent.futures
import queue
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

from action_msgs.msg import GoalStatus
from rclpy.action.client import ClientGoalHandle
from unique_identifier_msgs.msg import UUID

from glm4v_ros.errors import EngineFailed

ASK_AGAIN_AFTER = 3.0  # s after which a result is asked for again, doubled each time
_LOST = (
    "the server took the goal, but its word on that got lost; the goal was canceled and is not sent again, for it may "
    "not run twice (resend): ask again if nothing of it was done"
)


class Goal:
    """Sent by an ActionCaller, whose thread alone calls the methods with an underscore."""

    def __init__(
        self,
        message: Any,
        submit: Callable[[Callable[[], None]], None],
        timeout: float | None = None,
        resend: bool = False,
    ):
        self.message = message
        self.timeout = timeout  # s after its acceptance
        self.resend = resend  # it may run twice
        self.servers: frozenset[bytes] = frozenset()  # who was there when it was first sent
        self.accepted = 0.0  # time.monotonic() at which the server said that it took it; 0: it has not
        self.began = False  # feedback came, which may be before that word
        self.sends = 0
        self.sent = 0.0  # time.monotonic() of the last sending
        self.waits_since = 0.0  # sent, or the server took a goal that was sent earlier
        self._id = _new_id()
        self._sends_of_id = 0
        self._ask_again_after = ASK_AGAIN_AFTER
        self._asked = 0.0
        self._submit = submit
        self._handle = None
        self._send_again: Callable[[], None] = lambda: None
        self._restarted = False
        self._cancel_wanted = False
        self._feedback: queue.SimpleQueue = queue.SimpleQueue()  # None ends it
        self._outcome: concurrent.futures.Future = concurrent.futures.Future()

    @property
    def done(self) -> bool:
        return self._outcome.done()

    def result(self, timeout: float | None = None) -> tuple[int, Any]:
        """Waits ``timeout`` seconds (None: for ever) for (action_msgs GoalStatus, result message).

        Raises NotActive if there is no server, it vanished or hangs, DeadlineExceeded after the goal's own timeout,
        EngineFailed if the server refused or lost the goal, TimeoutError.
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

    def _send(self, client, on_taken: Callable[[Goal], None]) -> None:
        """Sends it, or sends it again under the same id, which the server cannot take twice."""
        self._send_again = lambda: self._send(client, on_taken)
        self.sends += 1
        self._sends_of_id += 1
        self.sent = self.waits_since = time.monotonic()
        goal_id = self._id
        response = client.send_goal_async(
            self.message,
            feedback_callback=lambda feedback: self._take_feedback(goal_id, feedback.feedback),
            goal_uuid=goal_id,
        )
        response.add_done_callback(lambda done: self._answered(client, goal_id, done.result(), on_taken))

    def _ask_again(self, now: float) -> None:
        """Asks for the result again from time to time: a server that was just found may miss the first request."""
        if now - self._asked > self._ask_again_after:
            self._ask_again_after *= 2
            self._ask_for_result()

    def _take_feedback(self, goal_id: UUID, feedback: Any) -> None:
        if goal_id is self._id:
            self.began = True
            self._feedback.put(feedback)

    def _answered(self, client, goal_id: UUID, handle: ClientGoalHandle, on_taken: Callable[[Goal], None]) -> None:
        if goal_id is not self._id:  # given up, see below
            if handle.accepted:
                handle.cancel_goal_async()
        elif self._handle:
            pass
        elif handle.accepted:
            self._handle, self.accepted = handle, time.monotonic()
            if self.done:  # given up before the server took it
                self._cancel_wanted = True
            on_taken(self)
            self._ask_for_result()
        elif self._sends_of_id > 1:
            # The server knows the id, yet its acceptance never came. rmw_fastrtps waits only 100 ms for the client's
            # reader to be matched, and rclpy's and rclcpp's servers never begin a goal whose acceptance could not be
            # sent: it would wait for ever. So it is canceled, in case it runs after all, and sent under another id if
            # it may run twice.
            handle.cancel_goal_async()
            if self.resend:
                self._start_over()
            else:
                self._fail(EngineFailed(_LOST))
        else:
            self._fail(EngineFailed("the action server refused the goal"))

    def _start_over(self) -> None:
        """Sends it as another goal."""
        self._id, self._sends_of_id = _new_id(), 0
        self._handle, self.accepted, self.began = None, 0.0, False
        self._send_again()

    def _give_up(self) -> None:
        """Cancels what nobody waits for any more, in case its server comes back to itself."""
        self._cancel_wanted = True
        self._handle.cancel_goal_async()

    def _ask_for_result(self) -> None:
        self._asked = time.monotonic()
        goal_id = self._id
        self._handle.get_result_async().add_done_callback(lambda done: self._ended(goal_id, done.result()))
        if self._cancel_wanted:
            self._handle.cancel_goal_async()

    def _ended(self, goal_id: UUID, response) -> None:
        if goal_id is not self._id:
            return  # of one that was sent over
        if response.status == GoalStatus.STATUS_UNKNOWN:
            if self.resend and not self._restarted and not self._cancel_wanted:
                self._restarted = True  # once: the goal may be what ended the server
                self._start_over()
            else:
                self._fail(EngineFailed("the action server does not know the goal: was its node started anew?"))
        elif not self.done:
            self._outcome.set_result((response.status, response.result))
            self._feedback.put(None)

    def _fail(self, error: Exception) -> None:
        if not self.done:
            self._outcome.set_exception(error)
            self._feedback.put(None)


def _new_id() -> UUID:
    return UUID(uuid=list(uuid4().bytes))

"""Calls an action from anywhere without an executor of the caller's."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

from action_msgs.msg import GoalInfo
from action_msgs.srv import CancelGoal
from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from unique_identifier_msgs.msg import UUID

from glm4v_ros.caller_thread import CallerThread
from glm4v_ros.errors import DeadlineExceeded, NotActive
from glm4v_ros.goal import Goal

SEND_AGAIN_AFTER = 3.0  # s without the server's word on this goal or one sent earlier
_SENDS = 5
_GONE_AFTER = 2.0  # s without the server after which a goal's result is given up
# rclpy's default depth of 10 loses goals, results and deltas when many are under way.
_KEEP_ALL = QoSProfile(history=HistoryPolicy.KEEP_ALL, reliability=ReliabilityPolicy.RELIABLE)


class ActionCaller:
    """An action client in a node and a thread that all callers of the process share (see CallerThread).

    So a call may wait for its result in any thread, also in a callback of a single-threaded executor: nothing that the
    result needs runs in the caller's executor. ``node`` gives the context and the namespace in which ``name`` is
    resolved; without it there is a context of its own, so a plain script needs no rclpy.init().

    ``server_timeout``: seconds to wait for the server to appear. ``hung_after``: seconds without any word from a server
    that is at work on a goal after which the goal fails; None for servers whose executor is busy while they work.
    """

    def __init__(
        self,
        action_type: Any,
        name: str,
        node: Node | None = None,
        server_timeout: float = 10.0,
        hung_after: float | None = None,
    ):
        self.name = name
        self.server_timeout = server_timeout
        self.hung_after = hung_after
        self._goals: dict[Goal, float] = {}  # goals that have not ended -> when the server was last there
        self.closed = False
        self._heard = self._pinged = 0.0  # time.monotonic() of the server's last word, and of the last question for one
        self._thread = CallerThread.join(node)
        absolute = name if name.startswith("/") else f"{node.get_namespace() if node else ''}/{name}".replace("//", "/")
        self._status_topic = f"{absolute}/_action/status"
        self._thread.run(lambda: self._open(action_type, absolute))
        self._thread.watch(self._watch, self._on_end)

    def start(self, message: Any, timeout: float | None = None, resend: bool = False) -> Goal:
        """Sends a goal as soon as there is a server; returns at once.

        The goal fails with DeadlineExceeded when there is no result ``timeout`` seconds after the server took it (None:
        never). ``resend``: it may run twice, so it is sent anew when the server's word on it got lost, or when the
        server was started anew and does not know it. Without that such a goal fails.
        """
        goal = Goal(message, self._thread.submit, timeout, resend)
        self._goals[goal] = time.monotonic()
        goal.on_done(lambda ended: self._goals.pop(ended, None))
        self._thread.submit(lambda: self._watch_goal(goal))
        if self._thread.ended:  # nobody watches it any more
            self._shut_down(goal)
        return goal

    def cancel(self) -> None:
        """Cancels every goal that was started before and has not ended; returns at once."""
        goals = list(self._goals)  # now: the thread may come to it after the next goal was started
        self._thread.submit(lambda: [goal._cancel() for goal in goals])

    def wait_for_server(self, timeout: float) -> bool:
        """Whether the server is there within ``timeout`` seconds."""
        return self._client.wait_for_server(timeout)

    def close(self) -> None:
        """Cancels what runs, gives the server a moment to take it, and leaves the thread."""
        if self.closed:
            return
        self.closed = True
        goals = list(self._goals)
        self.cancel()
        deadline = time.monotonic() + 1.0
        for goal in goals:
            try:
                goal.result(max(0.0, deadline - time.monotonic()))
            except Exception:
                pass
        self._thread.unwatch(self._watch, self._on_end)
        if not self._thread.ended:
            self._thread.run(self._destroy)
        self._thread.leave()

    def _open(self, action_type: Any, absolute: str) -> None:
        node = self._thread.node
        self._client = ActionClient(
            node,
            action_type,
            absolute,
            goal_service_qos_profile=_KEEP_ALL,
            result_service_qos_profile=_KEEP_ALL,
            cancel_service_qos_profile=_KEEP_ALL,
            feedback_sub_qos_profile=_KEEP_ALL,
        )
        self._word = node.create_client(CancelGoal, f"{absolute}/_action/cancel_goal") if self.hung_after else None

    def _destroy(self) -> None:
        # destroy_node leaves actions to the garbage collector, and until it comes the whole participant stays known.
        self._client.destroy()
        if self._word:
            self._thread.node.destroy_client(self._word)

    def _on_end(self) -> None:
        self.closed = True
        for goal in list(self._goals):
            self._shut_down(goal)

    def _shut_down(self, goal: Goal) -> None:
        goal._fail(NotActive(f"ROS was shut down before {self.name} answered"))

    def _watch(self) -> None:
        if self.hung_after:
            self._ask_for_a_word(time.monotonic())
        for goal in list(self._goals):
            self._watch_goal(goal)

    def _ask_for_a_word(self, now: float) -> None:
        """Cancels a goal that nobody has: a server that can still answer says at once that there is none."""
        if not any(goal.accepted for goal in list(self._goals)):
            self._heard = now
        elif now - self._pinged > self.hung_after / 5:
            self._pinged = now
            nobodys = GoalInfo(goal_id=UUID(uuid=list(uuid4().bytes)))
            self._word.call_async(CancelGoal.Request(goal_info=nobodys)).add_done_callback(self._on_word)

    def _on_word(self, response) -> None:
        self._heard = time.monotonic()

    def _watch_goal(self, goal: Goal) -> None:
        if goal.done:
            return
        now = time.monotonic()
        if not self._client.server_is_ready():
            missed = now - self._goals[goal]
            taken = goal.accepted or goal.began
            if taken and missed > _GONE_AFTER:
                goal._fail(NotActive(f"the node behind {self.name} is gone: is it still running?"))
            elif not taken and (goal._cancel_wanted or missed > self.server_timeout):
                goal._fail(
                    NotActive(f"nobody serves {self.name}: start the node, or check name, namespace and ROS_DOMAIN_ID")
                )
            return
        self._goals[goal] = now
        if goal.accepted:
            self._watch_accepted(goal, now)
        elif goal.sends == 0:
            goal.servers = self._servers()
            goal._send(self._client, self._on_taken)
        elif now - goal.waits_since > SEND_AGAIN_AFTER:
            if not goal.resend and self._servers() != goal.servers:
                goal._fail(
                    NotActive(
                        f"the node behind {self.name} was started anew before it took the goal, which may not run "
                        f"twice: send it again if nothing of it was done"
                    )
                )
            elif goal.sends < _SENDS:
                goal._send(self._client, self._on_taken)
            else:
                goal._fail(
                    NotActive(
                        f"the node behind {self.name} did not take the goal, sent {_SENDS} times: is it hanging?"
                    )
                )

    def _watch_accepted(self, goal: Goal, now: float) -> None:
        if goal.timeout is not None and now - goal.accepted > goal.timeout:
            goal._fail(DeadlineExceeded(f"{self.name} gave no result within {goal.timeout:g} s: is its node hanging?"))
            goal._give_up()
        elif self.hung_after and now - max(self._heard, goal.accepted) > self.hung_after:
            goal._fail(NotActive(f"the node behind {self.name} has said nothing for {self.hung_after:g} s: it hangs"))
            goal._give_up()
        else:
            goal._ask_again(now)

    def _servers(self) -> frozenset[bytes]:
        """Who serves the action: another one, if a node was started anew."""
        found = self._thread.node.get_publishers_info_by_topic(self._status_topic)
        return frozenset(bytes(endpoint.endpoint_gid) for endpoint in found)

    def _on_taken(self, taken: Goal) -> None:
        """The server takes goals in their order: it is at work on those that were sent after this one."""
        now = time.monotonic()
        for goal in list(self._goals):
            if goal.sent >= taken.sent:
                goal.waits_since = now

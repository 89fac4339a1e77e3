"""Calls an action from anywhere without an executor of the caller's."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import rclpy
from rclpy.action import ActionClient
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy

from glm4v_ros.errors import NotActive
from glm4v_ros.goal import Goal

_WATCH_PERIOD = 0.1  # s
_SEND_AGAIN_AFTER = 3.0  # s without the server's word on this goal or one sent earlier
_SENDS = 5
_GONE_AFTER = 2.0  # s without the server after which a goal's result is given up
# rclpy's default depth of 10 loses goals, results and deltas when many are under way.
_KEEP_ALL = QoSProfile(history=HistoryPolicy.KEEP_ALL, reliability=ReliabilityPolicy.RELIABLE)


class ActionCaller:
    """A private node with one action client, spun by a thread of its own.

    So a call may wait for its result in any thread, also in a callback of a single-threaded executor: nothing that the
    result needs runs in the caller's executor. ``node`` gives the context and the namespace in which ``name`` is
    resolved; without it there is a context of its own, so a plain script needs no rclpy.init().
    """

    def __init__(self, action_type: Any, name: str, node: Node | None = None, server_timeout: float = 10.0):
        self.name = name
        self.server_timeout = server_timeout  # seconds to wait for the server to appear
        self._owns_context = node is None
        context = Context() if node is None else node.context
        if self._owns_context:
            rclpy.init(context=context, args=[])
        base = node.get_name() if node else "script"
        self._node = Node(
            f"{base}_{name.strip('/').replace('/', '_')}_caller",
            namespace=node.get_namespace() if node else None,
            context=context,
            use_global_arguments=False,  # a remapped node name is meant for the caller's node
            enable_rosout=False,
            start_parameter_services=False,
        )
        self._client = ActionClient(
            self._node,
            action_type,
            name,
            goal_service_qos_profile=_KEEP_ALL,
            result_service_qos_profile=_KEEP_ALL,
            cancel_service_qos_profile=_KEEP_ALL,
            feedback_sub_qos_profile=_KEEP_ALL,
        )
        self._goals: dict[Goal, float] = {}  # goals that have not ended -> when the server was last there
        self._waiting: deque[Callable[[], Any]] = deque()
        self._closed = False
        self._node.create_timer(_WATCH_PERIOD, self._watch)
        self._executor = SingleThreadedExecutor(context=context)
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._spin, name=f"{name} caller", daemon=True)
        self._thread.start()

    def start(self, message: Any) -> Goal:
        """Sends a goal as soon as there is a server; returns at once."""
        goal = Goal(message, self._submit)
        self._submit(lambda: self._begin(goal))
        return goal

    def cancel(self) -> None:
        """Cancels every goal that has not ended; returns at once."""
        self._submit(lambda: [goal._cancel() for goal in list(self._goals)])

    def wait_for_server(self, timeout: float) -> bool:
        """Whether the server is there within ``timeout`` seconds."""
        return self._client.wait_for_server(timeout)

    def close(self) -> None:
        """Cancels what runs, gives the server a moment to take it, and ends the thread."""
        if self._closed:
            return
        self._closed = True
        goals = list(self._goals)
        self.cancel()
        deadline = time.monotonic() + 1.0
        for goal in goals:
            try:
                goal.result(max(0.0, deadline - time.monotonic()))
            except Exception:
                pass
        self._executor.shutdown()
        self._thread.join()
        # destroy_node leaves actions to the garbage collector, and until it comes the whole participant stays known.
        self._client.destroy()
        self._node.destroy_node()
        if self._owns_context:
            self._node.context.try_shutdown()

    def _submit(self, function: Callable[[], Any]) -> None:
        """Runs ``function`` in the thread; rclpy's action client may be used there only."""
        self._waiting.append(function)
        self._executor.create_task(self._work_off)  # rclpy runs its tasks last in, first out

    def _work_off(self) -> None:
        while self._waiting:
            self._waiting.popleft()()

    def _spin(self) -> None:
        try:
            self._executor.spin()
        except ExternalShutdownException:
            pass
        finally:
            self._closed = True
            for goal in list(self._goals):
                goal._fail(NotActive(f"ROS was shut down before {self.name} answered"))

    def _begin(self, goal: Goal) -> None:
        self._goals[goal] = time.monotonic()
        goal.on_done(lambda ended: self._goals.pop(ended, None))
        self._watch_goal(goal)

    def _watch(self) -> None:
        for goal in list(self._goals):
            self._watch_goal(goal)

    def _watch_goal(self, goal: Goal) -> None:
        now = time.monotonic()
        if not self._client.server_is_ready():
            missed = now - self._goals[goal]
            if goal.accepted and missed > _GONE_AFTER:
                goal._fail(NotActive(f"the node behind {self.name} is gone: is it still running?"))
            elif not goal.accepted and (goal._cancel_wanted or missed > self.server_timeout):
                goal._fail(
                    NotActive(f"nobody serves {self.name}: start the node, or check name, namespace and ROS_DOMAIN_ID")
                )
            return
        self._goals[goal] = now
        if goal.accepted:
            goal._ask_again(now)
        elif goal.sends == 0:
            goal._send(self._client, self._on_taken)
        elif now - goal.waits_since > _SEND_AGAIN_AFTER:
            if goal.sends < _SENDS:
                goal._send(self._client, self._on_taken)
            else:
                goal._fail(
                    NotActive(
                        f"the node behind {self.name} did not take the goal, sent {_SENDS} times: is it hanging?"
                    )
                )

    def _on_taken(self, taken: Goal) -> None:
        """The server takes goals in their order: it is at work on those that were sent after this one."""
        now = time.monotonic()
        for goal in self._goals:
            if goal.sent >= taken.sent:
                goal.waits_since = now

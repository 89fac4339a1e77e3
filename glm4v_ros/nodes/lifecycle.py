"""Lifecycle services that always answer, and at once while a transition is under way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from lifecycle_msgs.srv import ChangeState
from rclpy.lifecycle import LifecycleNode

from glm4v_ros.nodes.awaiting import awaitable
from glm4v_ros.nodes.guard import guarded

_THREADS = 4  # one transition at a time; the others are refused at once


def always_answer(node: LifecycleNode) -> None:
    """A transition that is not allowed is answered with false, where rclpy raises and answers nothing.

    Transitions run in threads of their own, so that even an executor of one thread answers get_state meanwhile. Nothing
    that the other services of rclpy raise, such as about a parameter of a type that does not exist, ends the spinning.
    """
    threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="lifecycle")
    for service in node.services:
        if service.srv_type is ChangeState:
            service.callback = _in_thread(node, service.callback, threads)
        else:
            service.callback = guarded(node, service.callback)


def _in_thread(node: LifecycleNode, change_state, threads: ThreadPoolExecutor):
    async def answer(request: ChangeState.Request, response: ChangeState.Response) -> ChangeState.Response:
        done = await awaitable(threads.submit(change_state, request, response), node.executor)
        if error := done.exception():
            asked = request.transition.label or request.transition.id
            node.get_logger().warning(f"transition {asked} is not possible now: {error}")
            return ChangeState.Response(success=False)
        return done.result()

    return answer

"""Callbacks that never raise: an exception in one ends the spinning of rclpy's executors."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TypeVar

from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message
from rclpy.subscription import Subscription

Message = TypeVar("Message")


def guarded(node: Node, callback: Callable) -> Callable:
    """``callback``, whose exception is logged. What it then returns is its last argument: a service's response."""

    def failed(error: Exception, arguments: tuple):
        node.get_logger().error(f"a callback failed: {type(error).__name__}: {error}", throttle_duration_sec=1.0)
        return arguments[-1] if arguments else None

    @functools.wraps(callback)
    def call(*arguments):
        try:
            return callback(*arguments)
        except Exception as error:
            return failed(error, arguments)

    @functools.wraps(callback)
    async def call_and_wait(*arguments):
        try:
            return await callback(*arguments)
        except Exception as error:
            return failed(error, arguments)

    return call_and_wait if inspect.iscoroutinefunction(callback) else call


def subscribe(
    node: Node, message_type: type[Message], topic: str, callback: Callable[[Message], None], qos: QoSProfile, **more
) -> Subscription:
    """As ``node.create_subscription``. Bytes that are no message are logged and dropped.

    rclpy deserialises where an executor takes a message; what fails there ends the spinning, and the topic is never
    looked at again.
    """

    def take(data: bytes) -> None:
        try:
            message = deserialize_message(data, message_type)
        except Exception as error:
            node.get_logger().error(f"what came on {topic} cannot be read: {error}", throttle_duration_sec=1.0)
        else:
            callback(message)

    return node.create_subscription(message_type, topic, guarded(node, take), qos, raw=True, **more)

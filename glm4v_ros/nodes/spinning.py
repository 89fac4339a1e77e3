"""Runs a node's callbacks until the end of its process."""

from __future__ import annotations

from rclpy.executors import Executor, ExternalShutdownException
from rclpy.node import Node


def spin(node: Node, executor: Executor) -> None:
    """Returns when rclpy is shut down, as by Ctrl-C. What a callback of rclpy's own raises is logged, and it goes on."""
    executor.add_node(node)
    while executor.context.ok():
        try:
            executor.spin()
        except (KeyboardInterrupt, ExternalShutdownException):
            return
        except Exception as error:
            if executor.context.ok():  # else it was shut down while a wait set was made
                node.get_logger().error(f"a callback failed: {type(error).__name__}: {error}")

"""Runs a node's callbacks until the end of its process."""

from __future__ import annotations

import time
from collections import deque

from rclpy.executors import Executor, ExternalShutdownException
from rclpy.node import Node

MOST_ERRORS, LATELY = 10, 1.0  # in so many s; an executor that fails more often cannot go on


def spin(node: Node, executor: Executor) -> None:
    """Returns when rclpy is shut down, as by Ctrl-C.

    What a callback of rclpy's own raises is logged, and it goes on; what cannot be spun at all raises.
    """
    executor.add_node(node)
    errors: deque[float] = deque(maxlen=MOST_ERRORS)
    while executor.context.ok():
        try:
            executor.spin()
        except (KeyboardInterrupt, ExternalShutdownException):
            return
        except Exception as error:
            if not executor.context.ok():  # it was shut down while a wait set was made
                return
            node.get_logger().error(f"a callback failed: {type(error).__name__}: {error}")
            now = time.monotonic()
            if len(errors) == MOST_ERRORS and now - errors[0] < LATELY:
                raise
            errors.append(now)

"""The end of a node's process."""

from __future__ import annotations

import contextlib

import rclpy


def shut_down() -> None:
    """Shuts rclpy down, unless it is, or rclpy's own signal handler does so between its question and its deed."""
    with contextlib.suppress(RuntimeError):  # RCLError, which has no public name, is one
        rclpy.try_shutdown()

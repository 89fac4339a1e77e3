"""Tells systemd that the node is well, if systemd started it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from glm4v_ros.nodes.guard import guarded


class ServiceManager:
    """sd_notify(3): datagrams to the socket that NOTIFY_SOCKET names; without it nothing happens.

    READY as soon as the executor runs. Then, three times per WatchdogSec, a sign of life out of the executor itself, so
    that one that is stuck gives none; and none either while ``trouble`` says why only a new process helps.
    """

    def __init__(self, node: Node, trouble: Callable[[], str]):
        self._address = os.environ.get("NOTIFY_SOCKET", "")
        self._trouble = trouble
        self._ready = False
        self._said = ""
        if not self._address:
            return
        period = _watchdog_seconds() / 3 or 1.0
        self.timer = node.create_timer(period, guarded(node, self._on_timer), clock=Clock(clock_type=ClockType.STEADY_TIME))

    def status(self, text: str) -> None:
        """One line that `systemctl status` shows."""
        if text != self._said and self._notify("STATUS=" + text.replace("\n", " ")[:200]):
            self._said = text

    def _on_timer(self) -> None:
        if not self._ready:
            self._ready = self._notify("READY=1")
        if not self._trouble():
            self._notify("WATCHDOG=1")

    def _notify(self, state: str) -> bool:
        if not self._address:
            return False
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as sender:
            try:
                sender.sendto(state.encode(), address)
            except OSError:  # systemd is being replaced, or its queue is full: the next one comes soon
                return False
        return True


def _watchdog_seconds() -> float:
    """0 without a watchdog, or if it is another process's."""
    process = os.environ.get("WATCHDOG_PID", "")
    if process and process != str(os.getpid()):
        return 0.0
    try:
        return int(os.environ.get("WATCHDOG_USEC", "0")) / 1e6
    except ValueError:
        return 0.0

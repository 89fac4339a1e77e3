"""How the node vqa, or tts, is, as it says itself on /diagnostics."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import IntEnum

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node


class Grade(IntEnum):
    """The values are exit codes."""

    OK = 0
    DEGRADED = 1  # it answers, or is about to; something needs looking at
    DOWN = 2  # it does not answer, or is not there


@dataclass(frozen=True)
class Part:
    """One part of the node: node, engine, machine, evidence, or a camera."""

    name: str
    level: str  # OK, WARN, ERROR or STALE
    message: str
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Health:
    grade: Grade
    message: str
    parts: tuple[Part, ...] = ()


_LEVELS = {
    DiagnosticStatus.OK: "OK",
    DiagnosticStatus.WARN: "WARN",
    DiagnosticStatus.ERROR: "ERROR",
    DiagnosticStatus.STALE: "STALE",
}


def look(node_name: str, timeout: float, context: Context | None = None) -> Health:
    """Waits up to ``timeout`` seconds for the node's next word. ``node_name`` has its namespace: /vqa, /robot1/vqa."""
    node_name = "/" + node_name.strip("/")
    own = context is None
    if own:
        context = Context()
        rclpy.init(context=context, args=[])
    node = Node("glm4v_health", context=context, use_global_arguments=False, enable_rosout=False,
                start_parameter_services=False)  # fmt: skip
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    heard: list[DiagnosticArray] = []
    node.create_subscription(DiagnosticArray, "/diagnostics", heard.append, 100)
    deadline = time.monotonic() + timeout
    try:
        while (left := deadline - time.monotonic()) > 0:
            executor.spin_once(timeout_sec=left)
            for message in heard:
                if parts := _parts(message, node_name):
                    return judge(parts)
            heard.clear()
    finally:
        executor.shutdown()
        node.destroy_node()
        if own:
            rclpy.shutdown(context=context)
    return Health(
        Grade.DOWN,
        f"{node_name} said nothing on /diagnostics within {timeout:g} s: is it running, and are name, namespace, "
        f"ROS_DOMAIN_ID and security the same?",
    )


def judge(parts: tuple[Part, ...]) -> Health:
    """What the parts come to together."""
    bad = [part for part in parts if part.level != "OK"]
    said = "; ".join(f"{part.name}: {part.message}" for part in bad)
    named = {part.name: part for part in parts}
    # One that has no lifecycle, as tts, is always active.
    state = named["node"].values.get("lifecycle state", "active") if "node" in named else ""
    if any(part.level in ("ERROR", "STALE") for part in bad):
        return Health(Grade.DOWN, said, parts)
    if state != "active":
        loading = "engine" in named and named["engine"].level == "WARN"
        return Health(Grade.DEGRADED if loading else Grade.DOWN, said or f"the node is {state or 'silent about its state'}", parts)
    well = (named.get("engine") or named["node"]).message
    return Health(Grade.DEGRADED if bad else Grade.OK, said or well, parts)


def _parts(message: DiagnosticArray, node_name: str) -> tuple[Part, ...]:
    """Empty if the message is somebody else's."""
    prefix = f"{node_name}: "
    return tuple(
        Part(
            status.name[len(prefix) :],
            _LEVELS.get(status.level, "STALE"),
            status.message,
            {pair.key: pair.value for pair in status.values},
        )
        for status in message.status
        if status.name.startswith(prefix)
    )

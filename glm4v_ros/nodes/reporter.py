"""Tells on /diagnostics, and to systemd, how the node is."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.clock import Clock
from rclpy.node import Node

from glm4v_ros.asking.activation import Activation
from glm4v_ros.machine.sensors import Sensors
from glm4v_ros.nodes.configuration import Configuration, place
from glm4v_ros.nodes.diagnostics import (
    Restarts,
    camera_status,
    engine_status,
    evidence_status,
    machine_status,
    node_status,
    reader_status,
)
from glm4v_ros.nodes.guard import guarded
from glm4v_ros.nodes.parameters import Parameters
from glm4v_ros.nodes.questions import RELIABLE_QOS
from glm4v_ros.nodes.remote import remote_status
from glm4v_ros.nodes.service_manager import ServiceManager
from glm4v_ros.nodes.tally import Tally
from glm4v_ros.remote.engine import RemoteEngine

State = tuple["Configuration | None", "Activation | None", str]  # the last: why the node is not active; empty: all is well


class Reporter:
    """Looks at the node's ``state`` every ``diagnostics_period``."""

    def __init__(self, node: Node, parameters: Parameters, tally: Tally, clock: Clock, state: Callable[[], State]):
        self._node = node
        self._parameters = parameters
        self._tally = tally
        self._state = state
        self._restarts = Restarts()
        self._sensors = Sensors()
        self._hardware_id = place(node, parameters)["robot"]
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", RELIABLE_QOS)
        self._service_manager = ServiceManager(node, self._lasting_trouble)
        node.create_timer(parameters["diagnostics_period"], guarded(node, self._on_timer), clock=clock)

    def close(self) -> None:
        self._sensors.close()

    def statuses(self) -> list[DiagnosticStatus]:
        """One for each part of the node."""
        statuses = list(self._statuses(*self._state()))
        for status in statuses:
            status.hardware_id = self._hardware_id
        return statuses

    def _statuses(
        self, configuration: Configuration | None, activation: Activation | None, trouble: str
    ) -> Iterable[DiagnosticStatus]:
        name, parameters = self._node.get_fully_qualified_name(), self._parameters
        on_their_way, limit = (len(activation.desk), activation.desk.limit) if activation else (0, 1)
        yield node_status(name, "active" if activation else "not active", trouble, self._tally, on_their_way, limit)
        if configuration:
            status, memory = configuration.engine.status, parameters["memory_limit_mib"]
            replaced = self._restarts.lately(status.worker_restarts)
            yield engine_status(name, status, configuration.wants_gpu, memory, replaced)
            if isinstance(configuration.engine, RemoteEngine):
                yield remote_status(name, configuration.engine)
        yield machine_status(name, self._sensors)
        if configuration and configuration.witness:
            yield evidence_status(name, configuration.witness)
        if activation:
            yield reader_status(name, activation.reader, parameters["verify"])
        for camera in activation.cameras.values() if activation else ():
            yield camera_status(name, camera, parameters["max_image_age"])

    def _lasting_trouble(self) -> str:
        """Why the engine gave up; empty: it did not. A model that cannot be loaded at all is no reason to start again."""
        configuration = self._state()[0]
        return configuration.engine.status.failed if configuration else ""

    def _on_timer(self) -> None:
        activation = self._state()[1]
        if activation:
            activation.engine.limit_memory(self._parameters["memory_limit_mib"])
        message = DiagnosticArray(status=self.statuses())
        worst = max(message.status, key=lambda status: status.level)
        self._service_manager.status(f"{worst.name.partition(': ')[2]}: {worst.message}")
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(message)

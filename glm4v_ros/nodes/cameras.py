"""The cameras of one activation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.timer import Timer

from glm4v_ros.nodes.camera import Camera
from glm4v_ros.nodes.gate import Gate

PERIOD = 0.2  # s between two looks at a camera that nobody asks


class Cameras(Mapping[str, Camera]):
    """Cameras by name, in the order of the parameter ``cameras``, with the timer that steps them. Raises BadRequest."""

    def __init__(self, node: Node, parameters: Mapping[str, Any], is_asked_about: Callable[[Camera], bool]):
        self._node = node
        self._cameras: dict[str, Camera] = {}
        self._gate = Gate()
        self._timer: Timer | None = None
        try:
            for name in parameters["cameras"]:
                self._cameras[name] = Camera(
                    node,
                    name,
                    *(parameters[f"camera.{name}.{field}"] for field in ("topic", "transport", "stamp_source")),
                    warm_threshold=parameters["warm_threshold"],
                    is_asked_about=is_asked_about,
                )
        except Exception:
            self.close()
            raise
        # By the steady clock: a simulation that stands still does not hide what a camera sends.
        self._timer = node.create_timer(PERIOD, self._step, self._gate, Clock(clock_type=ClockType.STEADY_TIME))

    def __getitem__(self, name: str) -> Camera:
        return self._cameras[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._cameras)

    def __len__(self) -> int:
        return len(self._cameras)

    def close(self) -> None:
        timer, self._timer = self._timer, None
        if timer:
            self._gate.shut()
            self._node.destroy_timer(timer)
        for camera in self._cameras.values():
            camera.close()

    def _step(self) -> None:
        for camera in self._cameras.values():
            try:
                camera.step()
            except Exception as error:  # the graph cannot be read, for instance, or ROS shuts down
                self._node.get_logger().error(
                    f"camera {camera.name}: {type(error).__name__}: {error}", throttle_duration_sec=10.0
                )

"""Makes what questions are answered with while the node is active."""

from __future__ import annotations

from collections.abc import Callable

from rclpy.lifecycle import LifecycleNode

from glm4v_ros.asking.activation import Activation
from glm4v_ros.asking.desk import Desk
from glm4v_ros.asking.second_reader import Reader, WatchedReader
from glm4v_ros.asking.sessions import Sessions
from glm4v_ros.nodes.cameras import Cameras
from glm4v_ros.nodes.configuration import Configuration
from glm4v_ros.nodes.parameters import Parameters
from glm4v_ros.nodes.remote import warn
from glm4v_ros.policy.preset import find_preset
from glm4v_ros.reader.config import ReaderConfig


def activate(
    node: LifecycleNode, parameters: Parameters, configuration: Configuration, make_reader: Callable[[ReaderConfig], Reader]
) -> Activation:
    """Raises VqaError that says what is wrong, and leaves nothing behind then."""
    parameters.declare_cameras()
    parameters.check()
    settings, engine = parameters.snapshot, configuration.engine
    find_preset(configuration.presets, settings["preset"])
    engine.start()  # it may have given up since
    warn(node, engine)
    desk = Desk(settings["max_parallel"] + settings["max_queue"], lambda: engine.retry_after)
    cameras = Cameras(node, settings, lambda camera: desk.looks_at(camera.name))
    for camera in cameras.values():
        node.get_logger().info(f"camera {camera.name}: {camera.topic}")
    return Activation(
        settings=settings,
        presets=configuration.presets,
        model=configuration.model,
        engine=engine,
        cameras=cameras,
        sessions=Sessions(settings["session_idle"]),
        reader=WatchedReader(make_reader(parameters.reader_config())),
        witness=configuration.witness,
        desk=desk,
    )


def deactivate(activation: Activation) -> None:
    """Lets no further question in and ends those that are on their way."""
    activation.desk.close()
    activation.cameras.close()
    activation.reader.close()

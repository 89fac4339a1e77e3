"""Makes what questions are answered with while the node is active."""

from __future__ import annotations

from contextlib import ExitStack

from rclpy.exceptions import InvalidTopicNameException
from rclpy.lifecycle import LifecycleNode

from glm4v_ros.asking.activation import Activation
from glm4v_ros.asking.desk import Desk
from glm4v_ros.asking.sessions import Sessions
from glm4v_ros.errors import BadRequest
from glm4v_ros.nodes.camera import Camera
from glm4v_ros.nodes.configuration import Configuration
from glm4v_ros.nodes.parameters import Parameters
from glm4v_ros.policy.preset import find_preset


def activate(node: LifecycleNode, parameters: Parameters, configuration: Configuration) -> Activation:
    """Raises VqaError that says what is wrong, and leaves nothing behind then."""
    parameters.declare_cameras()
    parameters.check()
    find_preset(configuration.presets, parameters["preset"])
    configuration.engine.start()  # it may have given up since
    with ExitStack() as made:
        cameras = {}
        for name in parameters["cameras"]:
            cameras[name] = _camera(node, parameters, name)
            made.callback(cameras[name].close)
            node.get_logger().info(f"camera {name}: {cameras[name].topic}")
        engine = configuration.engine
        activation = Activation(
            settings=parameters.snapshot,
            presets=configuration.presets,
            model=configuration.model,
            engine=engine,
            cameras=cameras,
            sessions=Sessions(parameters["session_idle"]),
            witness=configuration.witness,
            desk=Desk(parameters["max_parallel"] + parameters["max_queue"], lambda: engine.retry_after),
        )
        made.pop_all()
    return activation


def deactivate(activation: Activation) -> None:
    """Lets no further question in and ends those that are on their way."""
    activation.desk.close()
    for camera in activation.cameras.values():
        camera.close()


def _camera(node: LifecycleNode, parameters: Parameters, name: str) -> Camera:
    settings = (parameters[f"camera.{name}.{field}"] for field in ("topic", "transport", "stamp_source"))
    try:
        return Camera(node, name, *settings)
    except (InvalidTopicNameException, ValueError) as error:
        raise BadRequest(f"camera.{name}.topic is no topic's name: {error}") from error

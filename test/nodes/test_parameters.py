"""The parameters: what they are, what they refuse, and the file that shows them."""

import pytest
import rclpy
import yaml
from rclpy.context import Context
from rclpy.exceptions import InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter

from glm4v_ros.catalog.model import Model
from glm4v_ros.nodes.parameters import TABLE, Parameters, as_yaml, camera_table
from glm4v_ros.share import share_dir


@pytest.fixture
def declare():
    context = Context()
    rclpy.init(context=context)
    nodes = []

    def declare(**values):
        overrides = [Parameter(name.replace("__", "."), value=value) for name, value in values.items()]
        nodes.append(Node("parameters", context=context, parameter_overrides=overrides))
        return nodes[-1], Parameters(nodes[-1])

    yield declare
    for node in nodes:
        node.destroy_node()
    rclpy.shutdown(context=context)


def test_file_shows_all_of_them():
    text = (share_dir() / "config" / "vqa.yaml").read_text()
    assert text == as_yaml(), "python3 -m glm4v_ros.nodes.parameters > config/vqa.yaml"
    shown = yaml.safe_load(text)["/**"]["ros__parameters"]
    assert shown == {parameter.name: parameter.default for parameter in TABLE + camera_table("front")}


def test_every_one_is_described(declare):
    node, _ = declare()
    for parameter in TABLE + camera_table("front"):
        descriptor = node.describe_parameter(parameter.name)
        assert descriptor.description == parameter.description
        if isinstance(parameter.default, (int, float)) and not isinstance(parameter.default, bool):
            (bounds,) = descriptor.integer_range or descriptor.floating_point_range
            assert bounds.from_value <= parameter.default <= bounds.to_value


@pytest.mark.parametrize(
    "values",
    [
        {"max_tokens": 0},
        {"timeout": -1.0},
        {"kv_type": "q4_0"},
        {"camera__front__transport": "theora"},
        {"prefer": "oldest"},
        {"cameras": ["a", "a"]},
        {"cameras": ["../a"]},
        {"top_p": 1.5},
    ],
    ids=str,
)
def test_out_of_bounds(declare, values):
    with pytest.raises(InvalidParameterValueException):
        declare(**values)


def test_cameras_have_their_own(declare):
    node, parameters = declare(cameras=["left", "right"], camera__right__topic="/r")
    assert parameters["camera.left.topic"] == "left/image_raw" and parameters["camera.right.topic"] == "/r"
    assert not node.has_parameter("camera.front.topic")
    node.set_parameters([Parameter("cameras", value=["left", "rear"])])
    parameters.declare_cameras()
    assert parameters["camera.rear.transport"] == "auto"


def test_engine_config(declare):
    _, parameters = declare(context_tokens=1024, embedding_mib=3, session_idle=5.0, kv_type="q8_0")
    config = parameters.engine_config(Model("m", "text.gguf", "vision.gguf"))
    assert (config.context_tokens, config.embedding_bytes, config.session_idle_s, config.kv_type) == (
        1024,
        3 << 20,
        5.0,
        "q8_0",
    )

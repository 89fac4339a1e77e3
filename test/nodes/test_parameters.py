"""The parameters: what they are, what they refuse, and the file that shows them."""

import pytest
import rclpy
import yaml
from rclpy.context import Context
from rclpy.node import Node
from rclpy.parameter import Parameter

from glm4v_ros.catalog.model import Model
from glm4v_ros.errors import BadRequest
from glm4v_ros.nodes.parameter import Read
from glm4v_ros.nodes.parameters import TABLE, Parameters, as_yaml, camera_table
from glm4v_ros.share import share_dir


@pytest.fixture
def context():
    context = Context()
    rclpy.init(context=context)
    yield context
    rclpy.shutdown(context=context)


@pytest.fixture
def declare(context):
    nodes = []

    def declare(**values):
        overrides = [Parameter(name.replace("__", "."), value=value) for name, value in values.items()]
        nodes.append(Node("parameters", context=context, parameter_overrides=overrides))
        return nodes[-1], Parameters(nodes[-1])

    yield declare
    for node in nodes:
        node.destroy_node()


def test_file_shows_all_of_them():
    text = (share_dir() / "config" / "vqa.yaml").read_text()
    assert text == as_yaml(), "python3 -m glm4v_ros.nodes.parameters > config/vqa.yaml"
    shown = yaml.safe_load(text)["/**"]["ros__parameters"]
    assert shown == {parameter.name: parameter.default for parameter in TABLE + camera_table("front")}


def test_every_one_is_described(declare):
    node, _ = declare()
    for parameter in TABLE + camera_table("front"):
        descriptor = node.describe_parameter(parameter.name)
        assert descriptor.description == parameter.about
        if isinstance(parameter.default, (int, float)) and not isinstance(parameter.default, bool):
            (bounds,) = descriptor.integer_range or descriptor.floating_point_range
            assert bounds.from_value <= parameter.default <= bounds.to_value


@pytest.mark.parametrize(
    "values",
    [
        {"max_tokens": 0},
        {"timeout": -1.0},
        {"timeout": 5},
        {"max_tokens": "many"},
        {"model": [1, 2]},
        {"kv_type": "q4_0"},
        {"camera__front__transport": "theora"},
        {"prefer": "oldest"},
        {"cameras": ["a", "a"]},
        {"cameras": ["../a"]},
        {"top_p": 1.5},
    ],
    ids=str,
)
def test_one_of_a_wrong_type_or_range_has_its_default_and_is_told_until_it_is_right(declare, values):
    node, parameters = declare(**values)
    ((name, value),) = values.items()
    name = name.replace("__", ".")
    (default,) = [one.default for one in TABLE + camera_table("front") if one.name == name]
    assert parameters[name] == default
    with pytest.raises(BadRequest, match=name):
        parameters.check()
    assert not node.set_parameters([Parameter(name, value=value)])[0].successful
    with pytest.raises(BadRequest, match=name):
        parameters.check()
    assert node.set_parameters([Parameter(name, value=default)])[0].successful
    parameters.check()


def test_all_that_is_wrong_is_told_at_once(declare):
    _, parameters = declare(max_tokens=0, timeout=5, kv_type="q9")
    with pytest.raises(BadRequest, match="(?s)timeout.*kv_type.*max_tokens"):
        parameters.check()


def test_no_cameras(context):
    """An override without a value is what rclpy makes of ``cameras: []`` in a file."""
    node = Node("parameters", context=context, parameter_overrides=[Parameter("cameras")])
    parameters = Parameters(node)
    assert parameters["cameras"] == [] and parameters.snapshot["cameras"] == []
    parameters.check()
    node.destroy_node()


def one_of_each():
    return [
        (Read.START, "diagnostics_period", 4.0),
        (Read.CONFIGURE, "model", "other"),
        (Read.CONFIGURE, "max_parallel", 3),
        (Read.CONFIGURE, "evidence.directory", "/tmp/evidence"),
        (Read.ACTIVATE, "cameras", ["left"]),
        (Read.ACTIVATE, "camera.front.topic", "/other"),
        (Read.ACTIVATE, "warm_rate", 1.0),
        (Read.ALWAYS, "max_tokens", 7),
        (Read.ALWAYS, "speak", True),
        (Read.ALWAYS, "memory_limit_mib", 100),
    ]


@pytest.mark.parametrize("read, name, value", one_of_each(), ids=str)
def test_what_would_do_nothing_is_refused_with_what_to_do(declare, read, name, value):
    node, parameters = declare()
    before = parameters[name]
    parameters.in_use |= {Read.CONFIGURE, Read.ACTIVATE}
    (result,) = node.set_parameters([Parameter(name, value=value)])
    assert result.successful == (read is Read.ALWAYS)
    assert result.successful or (name in result.reason and read.remedy in result.reason and parameters[name] == before)
    (same,) = node.set_parameters([Parameter(name, value=parameters[name])])
    assert same.successful  # such as a whole file of parameters given once more
    parameters.in_use.discard(read)
    assert node.set_parameters([Parameter(name, value=value)])[0].successful and parameters[name] == value


def test_the_description_says_when_each_is_read(declare):
    for parameter in TABLE + camera_table("front"):
        assert parameter.about.endswith(parameter.read.said)


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

"""The launch file, where launch is installed (not among the ROS wheels)."""

import importlib.util
from pathlib import Path

import pytest
import yaml

pytest.importorskip("launch_ros", reason="launch_ros is not installed here: the ROS wheels do not include it")

from launch.actions import DeclareLaunchArgument, SetEnvironmentVariable  # noqa: E402

from launch import LaunchContext  # noqa: E402

PATH = Path(__file__).resolve().parents[2] / "launch" / "vqa.launch.py"


@pytest.fixture
def module():
    spec = importlib.util.spec_from_file_location("vqa_launch", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def node_of(module, **arguments):
    """The node vqa as it would be started with these arguments, its parameters as they reach it."""
    context = LaunchContext()
    for entity in module.generate_launch_description().entities:
        if isinstance(entity, DeclareLaunchArgument):
            context.launch_configurations[entity.name] = arguments.get(
                entity.name,
                "/params.yaml"
                if entity.name == "params_file"
                else "".join(part.perform(context) for part in entity.default_value),
            )
    (node,) = module.vqa(context)
    return node


def parameters_of(node):
    (given,) = [p for p in node._Node__parameters if isinstance(p, dict)]
    return {
        key[0].text: yaml.safe_load(value[0].text) if isinstance(value, tuple) else value
        for key, value in given.items()
    }


def test_arguments(module):
    declared = {
        entity.name
        for entity in module.generate_launch_description().entities
        if isinstance(entity, DeclareLaunchArgument)
    }
    assert declared == {
        "params_file",
        "model",
        "camera_topic",
        "namespace",
        "use_sim_time",
        "autostart",
        "log_level",
        "tts",
        "web",
    }


def test_defaults_leave_the_parameters_file_alone(module):
    assert parameters_of(node_of(module)) == {"use_sim_time": False, "autostart": True}


def test_arguments_override_the_parameters_file(module):
    given = parameters_of(
        node_of(module, model="glm-4.6v-flash", camera_topic="/head/image", autostart="false", tts="true")
    )
    assert given == {
        "use_sim_time": False,
        "autostart": False,
        "model": "glm-4.6v-flash",
        "camera.front.topic": "/head/image",
        "speak": True,
    }


def test_profile_of_the_user_stays(module, monkeypatch):
    monkeypatch.setenv("FASTRTPS_DEFAULT_PROFILES_FILE", "/my/profile.xml")
    (profile,) = [
        entity for entity in module.generate_launch_description().entities if isinstance(entity, SetEnvironmentVariable)
    ]
    context = LaunchContext()
    profile.visit(context)
    assert context.environment["FASTRTPS_DEFAULT_PROFILES_FILE"] == "/my/profile.xml"

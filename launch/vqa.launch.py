"""Starts the node vqa, and the voice and the web page if asked to."""

from pathlib import Path

from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from glm4v_ros.nodes.launch_arguments import ARGUMENTS, Start, read
from glm4v_ros.share import share_dir
from launch import LaunchDescription


def nodes(context):
    """The nodes; what is not given on the command line is left to the parameters files."""
    values = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    start = read(values, share_dir(), context.environment)
    started = [_node(start, "vqa", start.params_file, start.parameters, remappings=start.remappings)]
    if start.tts:
        # A new voice says first that nobody speaks: else a recogniser that muted itself would stay deaf.
        again = {"respawn": True, "respawn_delay": 0.5}
        started.append(_node(start, "tts", start.tts_params_file, start.tts_parameters, **again))
    if start.web:
        started.append(_node(start, "web", start.web_params_file, start.web_parameters))
    return started


def _node(start: Start, name: str, file: Path, parameters: dict, **arguments) -> Node:
    typed = {key: ParameterValue(value, value_type=type(value)) for key, value in parameters.items()}
    return Node(
        package="glm4v_ros",
        executable=name,
        name=name,
        namespace=start.namespace,
        output="screen",
        parameters=[str(file), *([typed] if typed else [])],
        ros_arguments=["--log-level", start.log_level],
        additional_env=start.environment,
        **arguments,
    )


def generate_launch_description():
    return LaunchDescription(
        [
            *(
                DeclareLaunchArgument(name, default_value=default, description=about)
                for name, (default, about) in ARGUMENTS.items()
            ),
            OpaqueFunction(function=nodes),
        ]
    )

"""Starts the node vqa, and the voice if asked to."""

import os

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, GroupAction, SetEnvironmentVariable
from launch.conditions import IfCondition, UnlessCondition
from launch.substitutions import EnvironmentVariable, LaunchConfiguration, PathJoinSubstitution, PythonExpression
from launch_ros.actions import Node, PushRosNamespace, SetParameter
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare


def generate_launch_description():
    config = PathJoinSubstitution([FindPackageShare("glm4v_ros"), "config"])
    arguments = [
        DeclareLaunchArgument("params_file", default_value=[config, "/vqa.yaml"], description="Parameters of the node vqa."),
        DeclareLaunchArgument("model", default_value="", description="Name or path of the model; empty: that of params_file."),
        DeclareLaunchArgument("camera_topic", default_value="", description="Topic of camera 'front'; empty: that of params_file."),
        DeclareLaunchArgument("namespace", default_value="", description="Namespace of the nodes."),
        DeclareLaunchArgument("use_sim_time", default_value="false", description="Take the time from /clock."),
        DeclareLaunchArgument("autostart", default_value="true", description="Load the model and begin without a lifecycle manager."),
        DeclareLaunchArgument("log_level", default_value="info", description="debug, info, warn, error or fatal."),
        DeclareLaunchArgument("tts", default_value="false", description="Start the voice too, and speak every answer."),
    ]

    return LaunchDescription([
        *arguments,
    ])

"""Starts the node vqa, and the voice if asked to."""

from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.conditions import IfCondition
from launch.substitutions import EnvironmentVariable, LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

from launch import LaunchDescription

CONFIG = PathJoinSubstitution([FindPackageShare("glm4v_ros"), "config"])
ARGUMENTS = {
    "params_file": (PathJoinSubstitution([CONFIG, "vqa.yaml"]), "Parameters of the node vqa."),
    "model": ("", "Name or path of the model; empty: that of params_file."),
    "camera_topic": ("", "Topic of the camera 'front'; empty: that of params_file."),
    "namespace": ("", "Namespace of the nodes."),
    "use_sim_time": ("false", "Take the time from /clock: true or false."),
    "autostart": ("true", "Load the model and begin without a lifecycle manager: true or false."),
    "log_level": ("info", "debug, info, warn, error or fatal."),
    "web": ("false", "Start the web page and the API too (config/web.yaml): true or false."),
    "tts": ("false", "Start the voice too and speak every answer: true or false."),
}


def vqa(context):
    """The node vqa; what is not given on the command line is left to params_file."""
    value = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    given = {"use_sim_time": value["use_sim_time"] == "true", "autostart": value["autostart"] == "true"}
    if value["model"]:
        given["model"] = value["model"]
    if value["camera_topic"]:
        given["camera.front.topic"] = value["camera_topic"]
    remappings = []
    if value["tts"] == "true":
        given["speak"] = True
        remappings = [("~/sentences", "tts/say_text"), ("~/stop_speaking", "tts/stopped")]
    return [
        Node(
            package="glm4v_ros",
            executable="vqa",
            name="vqa",
            namespace=value["namespace"],
            output="screen",
            parameters=[value["params_file"], given],
            arguments=["--ros-args", "--log-level", value["log_level"]],
            remappings=remappings,
        )
    ]


def generate_launch_description():
    # A profile that the user has set already stays.
    profile = EnvironmentVariable(
        "FASTRTPS_DEFAULT_PROFILES_FILE", default_value=PathJoinSubstitution([CONFIG, "fastdds.xml"])
    )
    return LaunchDescription(
        [
            *(
                DeclareLaunchArgument(name, default_value=default, description=about)
                for name, (default, about) in ARGUMENTS.items()
            ),
            SetEnvironmentVariable("FASTRTPS_DEFAULT_PROFILES_FILE", profile),
            OpaqueFunction(function=vqa),
            Node(
                package="glm4v_ros",
                executable="web",
                name="web",
                namespace=LaunchConfiguration("namespace"),
                output="screen",
                arguments=["--ros-args", "--log-level", LaunchConfiguration("log_level")],
                parameters=[
                    PathJoinSubstitution([CONFIG, "web.yaml"]),
                    {"use_sim_time": LaunchConfiguration("use_sim_time")},
                ],
                condition=IfCondition(LaunchConfiguration("web")),
            ),
            Node(
                package="glm4v_ros",
                executable="tts",
                name="tts",
                namespace=LaunchConfiguration("namespace"),
                output="screen",
                arguments=["--ros-args", "--log-level", LaunchConfiguration("log_level")],
                parameters=[{"use_sim_time": LaunchConfiguration("use_sim_time")}],
                condition=IfCondition(LaunchConfiguration("tts")),
            ),
        ]
    )

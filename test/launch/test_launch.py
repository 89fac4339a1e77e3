"""The launch file itself, run by launch where that is installed (not among the ROS wheels); values are read over ROS.

test/nodes/test_launch_arguments.py tests the same without launch.
"""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import rclpy
import yaml
from rcl_interfaces.srv import GetParameters
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import parameter_value_to_python
from rclpy.qos import QoSProfile
from robot import eventually
from std_msgs.msg import Bool

from glm4v_ros.client import TtsClient
from glm4v_ros.nodes.launch_arguments import PROFILE

pytest.importorskip("launch_ros", reason="launch_ros is not installed here: the ROS wheels do not include it")

PATH = Path(__file__).resolve().parents[2] / "launch" / "vqa.launch.py"
NAMES = ["autostart", "use_sim_time", "model", "camera.front.topic", "speak"]
IN_FILE = dict(zip(NAMES, (False, True, "of-file", "/of/file", True)))


class Watcher:
    """A node in a context of its own that reads others' parameters."""

    def __init__(self):
        self.context = Context()
        rclpy.init(context=self.context)
        self.node = Node("watcher", context=self.context)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.thread = threading.Thread(target=self.executor.spin, daemon=True)
        self.thread.start()

    def close(self):
        self.executor.shutdown()
        self.thread.join()
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)

    def parameters(self, node: str, names=NAMES) -> dict:
        client = self.node.create_client(GetParameters, f"{node}/get_parameters")
        assert client.wait_for_service(60)
        done = threading.Event()
        future = client.call_async(GetParameters.Request(names=names))
        future.add_done_callback(lambda _: done.set())
        assert done.wait(60)
        self.node.destroy_client(client)
        return dict(zip(names, map(parameter_value_to_python, future.result().values)))


#: A bringup: it includes the launch file, and then tells what is left of our profile in its own environment.
BRINGUP = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource

arguments = [word.split(":=") for word in sys.argv[2:]]
ours = IncludeLaunchDescription(PythonLaunchDescriptionSource(sys.argv[1]), launch_arguments=arguments)
tell = OpaqueFunction(function=lambda context: print("PROFILE", context.environment.get("FASTRTPS_DEFAULT_PROFILES_FILE"), flush=True))
service = LaunchService()
service.include_launch_description(LaunchDescription([ours, tell]))
sys.exit(service.run())
"""


class Launched:
    def __init__(self, log: Path, environment: dict[str, str], arguments: dict[str, str]):
        prefix = os.pathsep.join(filter(None, [sys.prefix, os.environ.get("AMENT_PREFIX_PATH")]))
        environment = {
            **environment,
            "AMENT_PREFIX_PATH": prefix,  # where the package was installed, and ros2 run finds the nodes
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "ROS_LOG_DIR": str(log.parent),
        }
        command = [sys.executable, "-c", BRINGUP, str(PATH), *(f"{name}:={word}" for name, word in arguments.items())]
        self._log = log
        with log.open("w") as file:
            self.process = subprocess.Popen(command, env=environment, stdout=file, stderr=subprocess.STDOUT)

    @property
    def output(self) -> str:
        return self._log.read_text()

    def close(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)


@pytest.fixture(scope="module")
def watcher():
    watcher = Watcher()
    yield watcher
    watcher.close()


@pytest.fixture
def launch(tmp_path):
    launched = []

    def start(environment=os.environ, **arguments):
        launched.append(Launched(tmp_path / f"{len(launched)}.log", dict(environment), arguments))
        return launched[-1]

    yield start
    for each in launched:
        each.close()


def file_of(tmp_path, parameters, section="/**"):
    file = tmp_path / "params.yaml"
    file.write_text(yaml.safe_dump({section: {"ros__parameters": parameters}}))
    return str(file)


@pytest.mark.parametrize("namespace, section", [("ns1", "/**"), ("ns2", "/ns2/vqa"), ("", "vqa")])
def test_what_is_not_given_is_left_to_the_parameters_file(launch, watcher, tmp_path, namespace, section):
    launch(params_file=file_of(tmp_path, IN_FILE, section), namespace=namespace)
    assert watcher.parameters(f"/{namespace}/vqa".replace("//", "/")) == IN_FILE


ARGUMENTS = [
    ("autostart", "True", "autostart", True),
    ("autostart", "0", "autostart", False),
    ("use_sim_time", "No", "use_sim_time", False),
    ("model", "123", "model", "123"),
    ("camera_topic", "/given", "camera.front.topic", "/given"),
    ("speak", "false", "speak", False),
    ("tts", "True", "speak", True),
    ("log_level", "DEBUG", "speak", True),
]


@pytest.mark.parametrize("argument, word, name, value", ARGUMENTS)
def test_each_argument_comes_before_the_parameters_file(launch, watcher, tmp_path, argument, word, name, value):
    namespace = f"{argument}_{word}".lower()
    launch(params_file=file_of(tmp_path, IN_FILE, f"/{namespace}/vqa"), namespace=namespace, **{argument: word})
    assert watcher.parameters(f"/{namespace}/vqa") == {**IN_FILE, name: value}


def test_a_wrong_word_ends_the_launch_and_starts_nothing(launch):
    launched = launch(tts="maybe", namespace="wrong")
    assert launched.process.wait(60) == 1
    assert "tts is true or false" in launched.output and "process started" not in launched.output


def test_the_voice_has_its_file_is_connected_and_comes_back(launch, watcher, tmp_path):
    """Killed while it speaks; who muted a recogniser then, and is no transient local subscriber, hears that nobody speaks."""
    said = tmp_path / "said.wav"
    file = file_of(tmp_path, {"rate": 140, "output": "wav", "wav_file": str(said), "speaking_tail": 9.0})
    launch(tts="true", tts_params_file=file, namespace="voice", autostart="false")
    assert watcher.parameters("/voice/tts", ["rate", "wav_file"]) == {"rate": 140, "wav_file": str(said)}
    node, heard = watcher.node, []
    node.create_subscription(Bool, "/voice/tts/speaking", lambda message: heard.append(message.data), QoSProfile(depth=10))
    for topic in ("speech", "silence"):
        eventually(lambda topic=topic: node.count_publishers(f"/voice/tts/{topic}"))
    assert not node.count_publishers("/voice/vqa/speech")
    with TtsClient(node, "/voice/tts") as client:
        assert client.say("Hello.").spoken
        eventually(lambda: heard and heard[-1])
        (killed,) = [pid for pid in processes("voice") if "/tts" in command_of(pid)]
        heard.clear()
        os.kill(killed, signal.SIGKILL)
        eventually(lambda: heard and set(heard) == {False})
        assert client.wait_for_server(30)


def test_the_profile_reaches_nobody_else_of_a_bringup(launch, watcher):
    environment = {name: value for name, value in os.environ.items() if name != PROFILE}
    launched = launch(environment, namespace="ours", autostart="false")
    watcher.parameters("/ours/vqa")
    assert "PROFILE None" in launched.output
    (node,) = processes("ours")
    assert environment_of(node)[PROFILE].endswith("config/fastdds.xml")


def processes(namespace: str) -> list[int]:
    """Of the nodes in this namespace."""
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [pid for pid in pids if f"__ns:=/{namespace}\0" in command_of(pid)]


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def environment_of(pid: int) -> dict[str, str]:
    entries = Path(f"/proc/{pid}/environ").read_text().split("\0")
    return dict(entry.partition("=")[::2] for entry in entries if "=" in entry)

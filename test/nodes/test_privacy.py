"""Nothing leaves the robot and nothing is kept on its disk: every process of the package is watched while it works."""

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import rclpy
from glm4v_ros.action import Say
from rclpy.action import ActionClient
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from robot import compressed, eventually, image, wait
from test_vqa import DEMO, PARAMETERS, ROOT, next_one_is_right, plate  # noqa: F401
from vqa_process import VqaProcess

DDS = ("libfastrtps", "libfastdds", "libddsc", "librti")
KEPT_BY_ROS = ("/dev/", "/proc/")  # shared memory, null and the like: no disk


@dataclass(frozen=True)
class Call:
    """What a process did that is watched for."""

    pid: int
    name: str  # socket, getaddrinfo, gethostbyname, write
    library: str
    what: str

    @property
    def by_dds(self) -> bool:
        return Path(self.library).name.startswith(DDS)


class Watch:
    """Processes started in ``environment`` write down what watch.c watches for."""

    def __init__(self, directory: Path):
        compiler = shutil.which("cc") or shutil.which("gcc")
        if not compiler:
            pytest.skip("no C compiler to build the watcher with")
        library = directory / "watch.so"
        source = Path(__file__).with_name("watch.c")
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
        self.log = directory / "watch.log"
        self.home = directory / "home"
        (self.home / "tmp").mkdir(parents=True)
        self.environment = {
            "LD_PRELOAD": str(library),
            "GLM4V_WATCH": str(self.log),
            "HOME": str(self.home),
            "TMPDIR": str(self.home / "tmp"),
            "ROS_LOG_DIR": str(self.home / "log"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    @property
    def calls(self) -> list[Call]:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return [Call(int(pid), *rest) for pid, *rest in (line.split("\t", 3) for line in lines)]

    def network(self) -> list[Call]:
        """Calls about the network by anything but DDS, and of DDS those that are no datagrams."""
        calls = [call for call in self.calls if call.name != "write"]
        return [call for call in calls if not call.by_dds or (call.name == "socket" and call.what != "datagram")]

    def written(self) -> list[str]:
        """Files that were opened to be written, apart from ROS's own log."""
        own = (*KEPT_BY_ROS, str(self.home / "log"))
        return [call.what for call in self.calls if call.name == "write" and not call.what.startswith(own)]


def internet_sockets(pid: int) -> list[str]:
    """The lines of /proc/net about sockets that the process holds."""
    inodes = set()
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(fd)
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[len("socket:[") : -1])
    found = []
    for table in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6"):
        path = Path(f"/proc/{pid}/net/{table}")
        for line in path.read_text().splitlines()[1:] if path.exists() else ():
            if line.split()[9] in inodes:
                found.append(f"{table} {line}")
    return found


@pytest.fixture
def watch(tmp_path, monkeypatch):
    watch = Watch(tmp_path)
    for name, value in watch.environment.items():
        monkeypatch.setenv(name, value)
    return watch


def test_the_watcher_sees(watch, tmp_path):
    """Else the tests below could not fail."""
    program = (
        "import socket; socket.socket(socket.AF_INET, socket.SOCK_STREAM); socket.socket(socket.AF_INET6)\n"
        f"socket.getaddrinfo('localhost', 1); open({str(tmp_path / 'file')!r}, 'w')"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    assert [call.name for call in watch.network()] == ["socket", "socket", "getaddrinfo"]
    assert str(tmp_path / "file") in watch.written()


def test_node_and_worker(watch, plate):  # noqa: F811
    """DDS alone opens sockets in the node, nothing does in the worker, and neither writes a file."""
    vqa = VqaProcess(**PARAMETERS)
    try:
        worker = int(vqa.diagnosis("engine")["worker pid"])
        front = vqa.robot.camera("/front/image_raw")
        answers = []
        for name in ("red", "plate"):
            front.publish(image(plate, vqa.robot.now()))
            goal = vqa.robot.goal(
                DEMO["questions"][0]["question"],
                session_id=name,
                compressed_images=[compressed(plate, vqa.robot.now())],
            )
            answers.append(wait(goal.get_result_async()).result.answer.text)
            assert internet_sockets(worker) == []
            held = internet_sockets(vqa.process.pid)
            assert held and all(line.startswith("udp") for line in held), held
        next_one_is_right(vqa, plate)
    finally:
        vqa.close()
    calls = watch.calls
    assert any(call.pid == vqa.process.pid and call.by_dds and call.name == "socket" for call in calls)
    assert watch.network() == []
    assert [call for call in calls if call.pid == worker and call.name != "write"] == []
    assert watch.written() == []
    texts = [path.read_bytes() for path in watch.home.rglob("*") if path.is_file()]
    assert all(answers) and not any(answer.encode() in text for answer in answers for text in texts)


def test_command_line(watch, plate, tmp_path):  # noqa: F811
    picture = ROOT / DEMO["picture"]
    words = [sys.executable, "-m", "glm4v_ros.cli.main", "ask", str(picture), DEMO["questions"][0]["question"]]
    ran = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert ran.stdout == DEMO["questions"][0]["expected"] + "\n", ran.stderr
    assert [call for call in watch.calls if call.name != "write"] == [] and watch.written() == []


def test_voice_and_demo_camera(watch, tmp_path):
    """They open nothing but DDS's sockets; the voice writes the file that it is told to."""
    wav = tmp_path / "said.wav"
    started = [
        subprocess.Popen([sys.executable, "-m", f"glm4v_ros.nodes.{name}", "--ros-args", *words], cwd=ROOT)
        for name, *words in (
            ("tts", "-p", "output:=wav", "-p", f"wav_file:={wav}"),
            ("demo_camera", "-p", f"picture:={ROOT / DEMO['picture']}"),
        )
    ]
    context = Context()
    rclpy.init(context=context)
    node = Node("listener", context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    try:
        say = ActionClient(node, Say, "/tts/say")
        assert say.wait_for_server(60)
        eventually(lambda: node.count_publishers("/front/image_raw"))
        goal = say.send_goal_async(Say.Goal(text="Hello."))
        executor.spin_until_future_complete(goal, 60)
        result = goal.result().get_result_async()
        executor.spin_until_future_complete(result, 60)
        assert result.result().result.spoken, result.result().result.error_msg
        for process in started:
            assert all(line.startswith("udp") for line in internet_sockets(process.pid))
    finally:
        executor.shutdown()
        node.destroy_node()
        rclpy.shutdown(context=context)
        for process in started:
            process.send_signal(signal.SIGINT)
        codes = [process.wait(60) for process in started]
    assert codes == [0, 0]
    assert watch.network() == []
    assert set(watch.written()) == {str(wav)}

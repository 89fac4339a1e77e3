"""The node tts as a process that ends while it speaks: who muted a recogniser for it must hear that nobody speaks."""

import itertools
import os
import signal
import subprocess
import sys
import threading

import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from robot import eventually
from std_msgs.msg import Bool, String

_numbers = itertools.count()


class Listener:
    """A plain subscriber, not transient local: a new publisher's latched word does not reach it by itself."""

    def __init__(self):
        self.name = f"mortal_tts_{next(_numbers)}"  # of one that was killed, its subscriptions are still seen for a while
        self.context = Context()
        rclpy.init(context=self.context)
        self.node = Node("listener", context=self.context)
        self.heard: list[bool] = []
        self.node.create_subscription(Bool, f"/{self.name}/speaking", lambda it: self.heard.append(it.data), QoSProfile(depth=10))
        self.text = self.node.create_publisher(String, f"/{self.name}/say_text", 10)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.thread = threading.Thread(target=self.executor.spin, daemon=True)
        self.thread.start()

    def close(self):
        self.executor.shutdown()
        self.thread.join()
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)


@pytest.fixture
def listener():
    listener = Listener()
    yield listener
    listener.close()


@pytest.fixture
def start(tmp_path, listener):
    processes = []

    def begin():
        parameters = {"output": "wav", "wav_file": tmp_path / "said.wav", "speaking_tail": 10.0}
        words = [word for name, value in parameters.items() for word in ("-p", f"{name}:={value}")]
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path))
        command = [sys.executable, "-m", "glm4v_ros.nodes.tts", "--ros-args", "-r", f"__node:={listener.name}", *words]
        processes.append(subprocess.Popen(command, env=environment))
        return processes[-1]

    yield begin
    for process in processes:
        process.kill()
        process.wait()


def speak(listener):
    """Until the listener knows that it speaks, which it does for ten seconds after the sound."""
    eventually(listener.text.get_subscription_count)
    listener.text.publish(String(data="Hello."))
    eventually(lambda: listener.heard[-1:] == [True])


def test_the_next_one_says_first_that_nobody_speaks(listener, start):
    first = start()
    speak(listener)
    first.kill()
    first.wait()
    listener.heard.clear()
    start()  # as launch and systemd do
    eventually(lambda: listener.heard)
    assert set(listener.heard) == {False}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_that_is_told_to_end_says_it_before(listener, start, number):
    process = start()
    speak(listener)
    process.send_signal(number)
    assert process.wait(60) == 0
    eventually(lambda: listener.heard[-1] is False)

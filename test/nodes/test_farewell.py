"""What others see of a node that has ended: nothing, at once, not when the garbage collector comes."""

import gc
import os
import signal
import subprocess
import sys

import pytest
import rclpy
from rcl_interfaces.srv import ListParameters
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rig import Rig
from robot import eventually

from glm4v_ros.nodes.tts import TtsNode


def interfaces_of(name: str, watcher: Node) -> list[str]:
    offered = watcher.get_service_names_and_types() + watcher.get_topic_names_and_types()
    return [interface for interface, _ in offered if interface.startswith(f"/{name}/")]


def must_be_forgotten(name: str, watcher: Node) -> None:
    try:
        eventually(lambda: not interfaces_of(name, watcher), patience=10)  # s, less than a DDS lease
    except AssertionError:
        left = interfaces_of(name, watcher)
        pytest.fail(f"{name} has ended, and others still see {left}; nodes: {watcher.get_node_names()}")


def test_vqa(tmp_path):
    rig = Rig(tmp_path)
    rig.node.autostart()
    watching = Watcher()
    gc.disable()
    try:
        eventually(lambda: "/vqa/change_state" in interfaces_of("vqa", watching.node))
        rig.close()
        must_be_forgotten("vqa", watching.node)
    finally:
        gc.enable()
        watching.close()


def test_tts():
    context = Context()
    rclpy.init(context=context)
    node = TtsNode(context=context)
    watching = Watcher()
    gc.disable()
    try:
        eventually(lambda: "/tts/stop" in interfaces_of("tts", watching.node))
        node.destroy_node()
        must_be_forgotten("tts", watching.node)
    finally:
        gc.enable()
        watching.close()
        rclpy.shutdown(context=context)


@pytest.mark.parametrize("name, arguments", [("vqa", ["-p", "autostart:=false"]), ("tts", [])])
def test_a_process_that_is_told_to_end(name, arguments):
    watching = Watcher()
    ending = f"ending_{name}"  # not to be taken for another test's
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path))
    command = [sys.executable, "-m", f"glm4v_ros.nodes.{name}", "--ros-args", "-r", f"__node:={ending}", *arguments]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        watching.wait_until_it_answers(ending)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0 and "Traceback" not in said, said
        must_be_forgotten(ending, watching.node)
    finally:
        process.kill()
        watching.close()


class Watcher:
    """A node in a participant of its own."""

    def __init__(self):
        self.context = Context()
        rclpy.init(context=self.context)
        self.node = Node("watcher", context=self.context)

    def wait_until_it_answers(self, name: str) -> None:
        client = self.node.create_client(ListParameters, f"/{name}/list_parameters")
        assert client.wait_for_service(60)
        executor = SingleThreadedExecutor(context=self.context)
        executor.add_node(self.node)
        future = client.call_async(ListParameters.Request())
        executor.spin_until_future_complete(future, 60)
        assert future.done()
        executor.shutdown()
        self.node.destroy_client(client)

    def close(self):
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)

"""What others see of a node that has ended: nothing, at once, not when the garbage collector comes."""

import gc

import rclpy
from rclpy.context import Context
from rclpy.node import Node
from rig import Rig
from robot import eventually

from glm4v_ros.nodes.tts import TtsNode


def interfaces_of(name: str, watcher: Node) -> list[str]:
    offered = watcher.get_service_names_and_types() + watcher.get_topic_names_and_types()
    return [interface for interface, _ in offered if interface.startswith(f"/{name}/")]


def test_vqa(tmp_path):
    rig = Rig(tmp_path)
    rig.node.autostart()
    watching = Watcher()
    gc.disable()
    try:
        eventually(lambda: "/vqa/change_state" in interfaces_of("vqa", watching.node))
        rig.close()
        eventually(lambda: not interfaces_of("vqa", watching.node), patience=10)  # s, less than a DDS lease
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
        eventually(lambda: not interfaces_of("tts", watching.node), patience=10)
    finally:
        gc.enable()
        watching.close()
        rclpy.shutdown(context=context)


class Watcher:
    """A node in a participant of its own."""

    def __init__(self):
        self.context = Context()
        rclpy.init(context=self.context)
        self.node = Node("watcher", context=self.context)

    def close(self):
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)

"""The node vqa with a scripted engine."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import rclpy
from executors import EXECUTORS
from rclpy.context import Context
from rclpy.executors import Executor, ExternalShutdownException
from rclpy.parameter import Parameter
from robot import Robot, eventually
from scripted_engine import ScriptedEngine
from scripted_reader import ScriptedReader
from sensor_msgs.msg import CompressedImage

from glm4v_ros.asking.second_reader import Reader
from glm4v_ros.machine.dds import reserve_domain
from glm4v_ros.nodes.vqa import VqaNode
from glm4v_ros.reader.config import ReaderConfig

LONG = 3600.0  # s
ANOTHER_DOMAIN = reserve_domain()


class Rig:
    """The node in this process, a robot beside it.

    ``alone`` puts them into another DDS domain: of two nodes with one name in a domain, either may answer first.
    """

    def __init__(
        self,
        directory: Path,
        alone: bool = False,
        make_executor: Callable[[Context], Executor] = EXECUTORS["SingleThreaded"],
        make_reader: Callable[[ReaderConfig], Reader] = ScriptedReader,
        **parameters,
    ):
        self._reader_of = make_reader
        self.loading = threading.Event()
        self.loading.set()
        self.context = Context()
        rclpy.init(context=self.context, domain_id=ANOTHER_DOMAIN if alone else None)
        models = directory / "models.yaml"
        models.write_text("script: {text: {file: text.gguf}, vision: {file: vision.gguf}, demo: true}")
        overrides = {
            "cameras": ["front", "left"],
            "camera.left.transport": "compressed",
            "max_image_age": LONG,
            "max_parallel": 2,
            "max_queue": 2,
            "model": "script",
            "models_file": str(models),
            "diagnostics_period": 0.1,
            "verify": "off",
            **parameters,
        }
        self.node = VqaNode(
            lambda config: self.make_engine(config),
            self._make_reader,
            context=self.context,
            parameter_overrides=[Parameter(name, value=value) for name, value in overrides.items()],
        )
        self.executor = make_executor(self.context)
        self.executor.add_node(self.node)
        self.thread = threading.Thread(target=self._spin, daemon=True)
        self.thread.start()
        self.robot = Robot(self.context)

    model_name = "script"  # as answers have it
    endpoint = ""

    def _spin(self):
        """What a callback raises ends it, and the tests with it."""
        try:
            self.executor.spin()
        except ExternalShutdownException:
            pass

    def make_engine(self, config):
        self.engine = ScriptedEngine(config, self.loading)
        return self.engine

    def _make_reader(self, config):
        self.reader = self._reader_of(config)
        return self.reader

    def close(self):
        self.robot.close()
        self.node.close()
        self.executor.shutdown()
        self.thread.join()
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)

    def publish(self, camera, message):
        """Publishes, and returns when the node has it. As with a camera another one follows where one was lost: the node
        subscribes anew when what the publishers offer changes."""
        held = self.node.activation.cameras["left" if isinstance(message, CompressedImage) else "front"]
        resend = 0.0

        def arrived():
            nonlocal resend
            if time.monotonic() > resend:
                camera.publish(message)
                resend = time.monotonic() + 5.0
            return held.newest and held.newest.header == message.header

        eventually(arrived)
        return message

    @property
    def on_their_way(self) -> int:
        """Questions that are being answered."""
        return len(self.node.activation.desk)

    def subscribers(self, topic: str) -> int:
        """That the node's own publisher has found."""
        (publisher,) = [publisher for publisher in self.node.publishers if publisher.topic_name == topic]
        return publisher.get_subscription_count()

"""The demo camera publishes what is in its file."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data
from robot import eventually
from sensor_msgs.msg import CompressedImage, Image

from glm4v_ros.nodes.demo_camera import DemoCamera
from glm4v_ros.vision.converter import to_rgb
from glm4v_ros.vision.decoder import decode

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def context():
    context = Context()
    rclpy.init(context=context)
    yield context
    rclpy.shutdown(context=context)


def test_raw_and_compressed(context, tmp_path):
    rgb = np.zeros((30, 40, 3), np.uint8)
    rgb[:, 20:] = (200, 100, 50)
    cv2.imwrite(str(tmp_path / "picture.png"), rgb[..., ::-1])
    values = {"picture": str(tmp_path / "picture.png"), "topic": "/eye/image", "rate": 50.0}
    camera = DemoCamera(
        context=context, parameter_overrides=[Parameter(name, value=value) for name, value in values.items()]
    )
    node, raw, jpeg = Node("viewer", context=context), [], []
    node.create_subscription(Image, "/eye/image", raw.append, qos_profile_sensor_data)
    node.create_subscription(CompressedImage, "/eye/image/compressed", jpeg.append, qos_profile_sensor_data)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(camera), executor.add_node(node)
    eventually(lambda: executor.spin_once(0.1) or (raw and jpeg))
    image = raw[0]
    assert np.array_equal(to_rgb(image.encoding, image.width, image.height, image.step, False, image.data), rgb)
    assert np.abs(decode(jpeg[0].data, jpeg[0].format).astype(int) - rgb).mean() < 3
    assert image.header.stamp.sec > 0 and image.header.frame_id
    executor.shutdown()


@pytest.mark.parametrize("words, says", [([], "picture is empty"), (["-p", "picture:=/none.png"], "/none.png")])
def test_no_picture(words, says):
    done = subprocess.run(
        [sys.executable, "-m", "glm4v_ros.nodes.demo_camera", "--ros-args", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1 and says in done.stderr

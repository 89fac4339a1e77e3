"""The node demo_camera: publishes a picture from a file, as a camera would."""

from __future__ import annotations

import sys
from array import array

import cv2
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CompressedImage, Image

from glm4v_ros.errors import BadImage
from glm4v_ros.nodes.shutdown import shut_down
from glm4v_ros.vision.decoder import read_picture


class DemoCamera(Node):
    """Publishes on the parameter ``topic`` (bgr8), and on topic/compressed (JPEG), ``rate`` times a second.

    BadImage if the picture cannot be read.
    """

    def __init__(self, **arguments):
        super().__init__("demo_camera", **arguments)
        path = self.declare_parameter("picture", "").value
        topic = self.declare_parameter("topic", "front/image_raw").value
        rate = self.declare_parameter("rate", 10.0).value
        transports = self.declare_parameter("transports", ["raw", "compressed"]).value
        if not path:
            raise BadImage("the parameter picture is empty; give the path of a picture file")
        bgr = cv2.cvtColor(read_picture(path), cv2.COLOR_RGB2BGR)
        self._messages = {}
        if "raw" in transports:
            message = Image(
                encoding="bgr8",
                height=bgr.shape[0],
                width=bgr.shape[1],
                step=bgr.shape[1] * 3,
                data=array("B", bgr.tobytes()),
            )
            self._messages[self.create_publisher(Image, topic, qos_profile_sensor_data)] = message
        if "compressed" in transports:
            jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
            message = CompressedImage(format="bgr8; jpeg compressed bgr8", data=array("B", jpeg))
            self._messages[self.create_publisher(CompressedImage, f"{topic}/compressed", qos_profile_sensor_data)] = (
                message
            )
        self.create_timer(1.0 / rate, self._publish)

    def _publish(self) -> None:
        stamp = self.get_clock().now().to_msg()
        for publisher, message in self._messages.items():
            message.header.stamp, message.header.frame_id = stamp, "demo_camera"
            publisher.publish(message)


def main() -> int:
    rclpy.init()
    try:
        rclpy.spin(DemoCamera())
    except BadImage as error:
        print(f"demo_camera: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        shut_down()
    return 0


if __name__ == "__main__":
    sys.exit(main())

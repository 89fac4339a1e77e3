"""Where the print stands that an answer is confirmed by, on topics: for people to look at, and for programs."""

from __future__ import annotations

import cv2
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CompressedImage

from glm4v_ros.asking.reply import Reply
from glm4v_ros.nodes.picture import JPEG_QUALITY
from glm4v_ros.policy.annotation import annotated
from glm4v_ros.policy.verification import Verification

try:
    from vision_msgs.msg import (
        BoundingBox2D,
        Detection2D,
        Detection2DArray,
        ObjectHypothesisWithPose,
    )
except ImportError:  # no package of ours needs it
    Detection2DArray = None


class EvidenceTopics:
    """``~/answer_image/annotated/compressed``, and ``~/evidence`` where vision_msgs is installed: one message for each
    picture of an answer, made only for somebody who listens."""

    def __init__(self, node: Node, qos: QoSProfile):
        self._pictures = node.create_publisher(CompressedImage, "~/answer_image/annotated/compressed", qos)
        self._detections = Detection2DArray and node.create_publisher(Detection2DArray, "~/evidence", qos)

    def publish(self, reply: Reply) -> None:
        found = reply.checked.verification
        if self._pictures.get_subscription_count():
            for index, picture in enumerate(reply.pictures):
                self._pictures.publish(_framed(picture, found, index))
        if self._detections and self._detections.get_subscription_count():
            for index, picture in enumerate(reply.pictures):
                self._detections.publish(detections(picture.header, found, index))


def _framed(picture, found: Verification, index: int) -> CompressedImage:
    upright = picture.frame(None, "none").rgb
    drawn = annotated(upright, found, index, picture.placement(None, "none").orientation)
    _, data = cv2.imencode(".jpg", cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    message = CompressedImage(header=picture.header, format="jpeg")
    message.data.frombytes(data.tobytes())
    return message


def detections(header, found: Verification, index: int) -> Detection2DArray:
    """The evidence in the ``index``-th picture, in pixels of it as it is stored: what was read is the class, the reader's
    confidence the score, the verdict the id."""
    message = Detection2DArray(header=header)
    for evidence in found.evidence:
        if evidence.image == index:
            x, y, width, height = evidence.region
            box = BoundingBox2D(size_x=float(width), size_y=float(height))
            box.center.position.x, box.center.position.y = x + width / 2, y + height / 2
            read = ObjectHypothesisWithPose()
            read.hypothesis.class_id, read.hypothesis.score = evidence.text, found.confidence
            message.detections.append(Detection2D(header=header, results=[read], bbox=box, id=found.verdict.name.lower()))
    return message

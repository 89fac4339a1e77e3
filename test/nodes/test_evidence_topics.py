"""Evidence as vision_msgs, which is not among the wheels: classes with the fields of its 4.1 (Humble to Kilted) stand in for it.

They take no other field, as the generated ones do not.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass, field
from types import ModuleType

import pytest
from std_msgs.msg import Header

from glm4v_ros.nodes import evidence_topics
from glm4v_ros.policy.verification import Evidence, Verdict, Verification
from glm4v_ros.vision.region import Region


@dataclass(slots=True)
class Point2D:
    x: float = 0.0
    y: float = 0.0


@dataclass(slots=True)
class Pose2D:
    position: Point2D = field(default_factory=Point2D)
    theta: float = 0.0


@dataclass(slots=True)
class BoundingBox2D:
    center: Pose2D = field(default_factory=Pose2D)
    size_x: float = 0.0
    size_y: float = 0.0


@dataclass(slots=True)
class ObjectHypothesis:
    class_id: str = ""
    score: float = 0.0


@dataclass(slots=True)
class ObjectHypothesisWithPose:
    hypothesis: ObjectHypothesis = field(default_factory=ObjectHypothesis)
    pose: object = None


@dataclass(slots=True)
class Detection2D:
    header: Header = field(default_factory=Header)
    results: list = field(default_factory=list)
    bbox: BoundingBox2D = field(default_factory=BoundingBox2D)
    id: str = ""


@dataclass(slots=True)
class Detection2DArray:
    header: Header = field(default_factory=Header)
    detections: list = field(default_factory=list)


@pytest.fixture
def topics(monkeypatch):
    """The module as it is where vision_msgs is installed."""
    package, messages = ModuleType("vision_msgs"), ModuleType("vision_msgs.msg")
    for kind in (BoundingBox2D, Detection2D, Detection2DArray, ObjectHypothesisWithPose):
        setattr(messages, kind.__name__, kind)
    monkeypatch.setitem(sys.modules, "vision_msgs", package)
    monkeypatch.setitem(sys.modules, "vision_msgs.msg", messages)
    yield importlib.reload(evidence_topics)
    monkeypatch.undo()
    importlib.reload(evidence_topics)


def test_each_picture_has_its_own_evidence_by_the_middle_of_its_place(topics):
    found = Verification(
        Verdict.CONFIRMED, (Evidence("XK-7", 1, Region(100, 20, 80, 40)), Evidence("24 V", 0, Region(0, 0, 3, 5))), confidence=0.9
    )
    header = Header(frame_id="lens")
    message = topics.detections(header, found, 1)
    (detection,) = message.detections
    assert message.header == header == detection.header and detection.id == "confirmed"
    assert (detection.bbox.center.position.x, detection.bbox.center.position.y) == (140.0, 40.0)
    assert (detection.bbox.size_x, detection.bbox.size_y) == (80.0, 40.0)
    (read,) = detection.results
    assert read.hypothesis.class_id == "XK-7" and read.hypothesis.score == 0.9
    assert topics.detections(header, found, 0).detections[0].bbox.center.position.x == 1.5
    assert topics.detections(header, Verification(), 0).detections == []


def test_without_vision_msgs_there_is_no_such_topic():
    pytest.importorskip("rclpy")
    assert evidence_topics.Detection2DArray is None or "vision_msgs" in sys.modules

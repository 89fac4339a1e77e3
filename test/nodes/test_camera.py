"""A camera over DDS: when its pictures are taken, from which of its topics, with which QoS, and under which names."""

from __future__ import annotations

import threading
import time
from array import array
from itertools import count

import pytest
import rclpy
from rclpy.context import Context
from rclpy.exceptions import InvalidHandle
from rclpy.executors import MultiThreadedExecutor, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import serialize_message
from robot import PATIENCE, eventually
from sensor_msgs.msg import CompressedImage, Image

from glm4v_ros.errors import BadRequest
from glm4v_ros.nodes.camera import Camera
from glm4v_ros.nodes.cameras import PERIOD, Cameras

EXECUTORS = {
    "single": lambda context: SingleThreadedExecutor(context=context),
    "multi": lambda context: MultiThreadedExecutor(4, context=context),
}
BEST_EFFORT = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
RELIABLE = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
LATCHED = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL)
LONG = 3600.0  # s
numbers = count(1)


class Driver:
    """A node whose camera is under test, in an executor of its own, and one that publishes."""

    def __init__(self, executor: str, *arguments: str, namespace: str = ""):
        self.context = Context()
        rclpy.init(context=self.context, args=["--ros-args", *arguments])
        self.node = Node("eye", context=self.context, namespace=namespace)
        self.driver = Node("driver", context=self.context, use_global_arguments=False)
        self.executor = EXECUTORS[executor](self.context)
        self.executor.add_node(self.node)
        self._closing = False
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()
        self._open: list[Camera | Cameras] = []

    def close(self) -> None:
        for one in self._open:
            one.close()
        self._closing = True
        self.executor.shutdown()
        self._thread.join()
        self.node.destroy_node()
        self.driver.destroy_node()
        rclpy.shutdown(context=self.context)

    def camera(self, topic="front/image_raw", transport="auto", stamp_source="header", **arguments) -> Camera:
        """One that nobody steps."""
        self._open.append(Camera(self.node, "front", topic, transport, stamp_source, **arguments))
        return self._open[-1]

    def cameras(self, is_asked_about=lambda camera: False, **parameters) -> Camera:
        """One that is stepped by the timer of its Cameras."""
        values = {
            "cameras": ["front"],
            "camera.front.topic": "front/image_raw",
            "camera.front.transport": "auto",
            "camera.front.stamp_source": "header",
            "warm_threshold": 4.0,
            **{f"camera.front.{name}": value for name, value in parameters.items()},
        }
        self._open.append(Cameras(self.node, values, is_asked_about))
        return self._open[-1]["front"]

    def publisher(self, topic="/front/image_raw", message=Image, qos=RELIABLE) -> Publisher:
        """One that the camera can see."""
        publisher = self.driver.create_publisher(message, topic, qos)
        eventually(lambda: self.driver.count_publishers(topic))
        return publisher

    def _spin(self) -> None:
        try:
            self.executor.spin()
        except InvalidHandle:  # MultiThreadedExecutor, when it is shut down while a callback ends
            assert self._closing


@pytest.fixture(params=EXECUTORS)
def any_driver(request):
    driver = Driver(request.param)
    yield driver
    driver.close()


@pytest.fixture
def driver():
    driver = Driver("single")
    yield driver
    driver.close()


def picture(kind=Image, format="png", stamp: int | None = None) -> Image | CompressedImage:
    """Known by its frame_id. ``stamp``: seconds; None: now."""
    message = Image(encoding="mono8", width=4, height=2, step=4) if kind is Image else CompressedImage(format=format)
    message.data = array("B", bytes(8))
    message.header.frame_id = str(next(numbers))
    message.header.stamp.sec = int(time.time()) if stamp is None else stamp
    return message


def newest(camera: Camera) -> str:
    picture = camera.fresh(LONG)
    return picture.header.frame_id if picture else ""


# ---- when pictures are taken


def test_while_nobody_asks_a_few_pictures_a_second_are_taken(any_driver):
    out = any_driver.publisher()
    camera = any_driver.cameras()
    began, sent = time.monotonic(), 0
    while camera.received < 8:
        out.publish(picture())
        sent += 1
        time.sleep(0.005)  # the camera's rate
        assert time.monotonic() - began < PATIENCE
    assert camera.received <= (time.monotonic() - began) / PERIOD + 2 and sent > 3 * camera.received


@pytest.mark.parametrize("asked", ["waited for", "asked about"])
def test_while_somebody_asks_every_picture_is_taken_as_it_comes(any_driver, asked):
    """Nobody steps this camera: the executor, which was idle when the question came, takes them."""
    out = any_driver.publisher()
    questions, came = [], threading.Event()
    camera = any_driver.camera(is_asked_about=lambda camera: camera in questions)
    camera.notify(came.set)
    if asked == "asked about":
        questions.append(camera)
        camera.forget(came.set)
    for _ in range(20):
        sent = picture()
        out.publish(sent)
        eventually(lambda: newest(camera) == sent.header.frame_id)
    assert camera.received == 20 and came.is_set() == (asked == "waited for")


def test_a_question_sees_what_came_before_it(any_driver):
    out = any_driver.publisher()
    camera = any_driver.camera()
    for before in range(4):
        for _ in range(before):
            out.publish(picture())
        sent = picture()
        out.publish(sent)
        assert out.wait_for_all_acked() and newest(camera) != sent.header.frame_id
        camera.notify(print)
        assert newest(camera) == sent.header.frame_id
        camera.forget(print)


def test_a_picture_that_lay_waiting_is_not_newer_than_it_is(driver):
    """It came before the robot stood still, and was taken after."""
    out = driver.publisher()
    camera = driver.camera(stamp_source="receipt")
    out.publish(picture())
    assert out.wait_for_all_acked()
    stopped = driver.node.get_clock().now().nanoseconds
    camera.notify(print)
    assert camera.has_picture and camera.fresh(LONG) and not camera.fresh(LONG, not_before=stopped)
    out.publish(picture())
    eventually(lambda: camera.fresh(LONG, not_before=stopped))


@pytest.mark.parametrize("asked", [True, False])
def test_what_is_no_picture_ends_nothing(any_driver, asked):
    out = any_driver.publisher()
    camera = any_driver.cameras(is_asked_about=lambda camera: asked)
    whole = serialize_message(picture())
    for broken in (whole.replace(b"mono8", b"\xff\xff\xff\xff\xff"), whole[:-6], whole[:5]):
        for _ in range(30):
            out.publish(broken)
            assert out.wait_for_all_acked()
            time.sleep(0.01)  # it is taken as it comes, or with one of two looks
        sent = picture()
        out.publish(sent)
        eventually(lambda: newest(camera) == sent.header.frame_id)


def test_cameras_come_and_go_while_pictures_are_taken(any_driver):
    out = any_driver.publisher()
    for _ in range(30):
        camera = any_driver.camera(is_asked_about=lambda camera: True)
        out.publish(picture())
        eventually(lambda: camera.received)
        out.publish(picture())
        camera.close()
    eventually(lambda: out.get_subscription_count() == 0)


# ---- which topic


def test_raw_where_compressed_is_advertised_and_nothing_comes(driver):
    raw, _ = driver.publisher(), driver.publisher("/front/image_raw/compressed", CompressedImage)
    camera = driver.cameras()
    eventually(raw.get_subscription_count)
    sent = picture()
    raw.publish(sent)
    eventually(lambda: newest(camera) == sent.header.frame_id)
    assert camera.topic == "/front/image_raw" and camera.transport == "raw, reliable"


def test_compressed_comes_first_and_raw_fills_in(driver):
    raw, jpegs = driver.publisher(), driver.publisher("/front/image_raw/compressed", CompressedImage)
    camera = driver.cameras()
    for _ in range(2):
        sent = picture(CompressedImage)
        jpegs.publish(sent)
        eventually(lambda: newest(camera) == sent.header.frame_id)
        eventually(lambda: not raw.get_subscription_count())
        assert camera.topic == "/front/image_raw/compressed"
        eventually(raw.get_subscription_count)  # nothing more came
        sent = picture()
        raw.publish(sent)
        eventually(lambda: newest(camera) == sent.header.frame_id)


def test_a_raw_camera_is_heard_at_once(driver):
    driver.publisher()
    assert driver.camera().topic == "/front/image_raw/compressed or /front/image_raw"
    assert eventually(lambda: driver.driver.count_subscribers("/front/image_raw"))


@pytest.mark.parametrize(
    "format", ["16UC1; png compressed ", "mono16; jpeg compressed ", "32FC1; compressedDepth png", "bayer_rggb16; png"]
)
def test_raw_where_compressed_loses_depth(driver, format):
    raw, jpegs = driver.publisher(), driver.publisher("/front/image_raw/compressed", CompressedImage)
    camera = driver.cameras()
    shallow, began = set(), time.monotonic()
    while camera.received < 8 or time.monotonic() - began < 5 * PERIOD:
        flat = picture(CompressedImage, format)
        shallow.add(flat.header.frame_id)
        raw.publish(picture())
        jpegs.publish(flat)
        time.sleep(0.02)  # the camera's rate
        assert newest(camera) not in shallow and time.monotonic() - began < PATIENCE


def test_a_picture_without_its_depth_is_better_than_none(driver):
    jpegs = driver.publisher("/front/image_raw/compressed", CompressedImage)
    camera = driver.cameras()

    def seen():
        jpegs.publish(picture(CompressedImage, "16UC1; png compressed "))
        return camera.has_picture

    eventually(seen)


def test_one_transport_only(driver):
    raw, jpegs = driver.publisher(), driver.publisher("/front/image_raw/compressed", CompressedImage)
    camera = driver.cameras(transport="raw")
    sent = picture()
    eventually(raw.get_subscription_count)
    raw.publish(sent)
    eventually(lambda: newest(camera) == sent.header.frame_id)
    assert not jpegs.get_subscription_count()


# ---- QoS


def reliabilities(driver: Driver, topic="/front/image_raw") -> list[ReliabilityPolicy]:
    return [info.qos_profile.reliability for info in driver.driver.get_subscriptions_info_by_topic(topic)]


def test_reliable_where_every_publisher_is(driver):
    driver.publisher()
    camera = driver.cameras()
    eventually(lambda: reliabilities(driver) == [ReliabilityPolicy.RELIABLE])
    other = driver.publisher(qos=BEST_EFFORT)
    eventually(lambda: reliabilities(driver) == [ReliabilityPolicy.BEST_EFFORT])
    eventually(other.get_subscription_count)
    sent = picture()
    other.publish(sent)
    eventually(lambda: newest(camera) == sent.header.frame_id)
    driver.driver.destroy_publisher(other)
    eventually(lambda: reliabilities(driver) == [ReliabilityPolicy.RELIABLE])


@pytest.mark.parametrize("first", ["camera", "publisher"])
def test_what_was_published_once_is_heard_late(driver, first):
    if first == "camera":
        camera = driver.cameras()
    out, sent = driver.publisher(qos=LATCHED), picture()
    out.publish(sent)
    if first == "publisher":
        camera = driver.cameras()
    eventually(lambda: newest(camera) == sent.header.frame_id)


# ---- names


@pytest.mark.parametrize(
    "namespace, arguments, topic, raw, jpegs",
    [
        ("/robot1", (), "front/image_raw", "/robot1/front/image_raw", "/robot1/front/image_raw/compressed"),
        ("/robot1", (), "/front/image_raw", "/front/image_raw", "/front/image_raw/compressed"),
        ("", ("-r", "/front/image_raw:=/d435/color"), "front/image_raw", "/d435/color", "/d435/color/compressed"),
        ("/a", ("-r", "front/image_raw:=/d435/color"), "front/image_raw", "/d435/color", "/d435/color/compressed"),
        ("", ("-r", "/a/compressed:=/b/jpeg"), "/a", "/a", "/b/jpeg"),
        ("", ("-r", "/a:=/b", "-r", "/b:=/a"), "/a", "/b", "/b/compressed"),
        ("", (), "/a/compressed", None, "/a/compressed"),
        ("", ("-r", "/a:=/b"), "/a/compressed", None, "/b/compressed"),
        ("", ("-r", "/a:=/b/compressed"), "/a", None, "/b/compressed"),
    ],
)
def test_names(namespace, arguments, topic, raw, jpegs):
    driver = Driver("single", *arguments, namespace=namespace)
    try:
        camera = driver.cameras(topic=topic)
        assert camera.topic == " or ".join(filter(None, (jpegs, raw)))
        for name, kind in ((raw, Image), (jpegs, CompressedImage)):
            if name:
                out, sent = driver.publisher(name, kind), picture(kind)
                eventually(out.get_subscription_count)
                out.publish(sent)
                eventually(lambda: newest(camera) == sent.header.frame_id)
                assert camera.topic == name
    finally:
        driver.close()


@pytest.mark.parametrize("topic", ["", "bad name", "/", "1a", "a//b", "{x}"])
def test_no_name_of_a_topic(driver, topic):
    with pytest.raises(BadRequest, match="camera.front.topic"):
        driver.cameras(topic=topic)

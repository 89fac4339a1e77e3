"""What comes by DDS and is no message, and callbacks that raise: neither ends an executor's spinning nor makes a topic deaf."""

import threading

import pytest
import rclpy
from executors import EXECUTORS
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.serialization import serialize_message
from robot import eventually, wait
from std_msgs.msg import String
from std_srvs.srv import Trigger

from glm4v_ros.nodes.guard import guarded, subscribe

QOS = QoSProfile(depth=10)


class Spun:
    """A node in an executor."""

    def __init__(self, make_executor):
        self.context = Context()
        rclpy.init(context=self.context)
        self.node = Node("guarded", context=self.context)
        self.executor = make_executor(self.context)
        self.executor.add_node(self.node)
        self.thread = threading.Thread(target=self._spin, daemon=True)
        self.thread.start()

    def _spin(self):
        try:
            self.executor.spin()
        except ExternalShutdownException:
            pass

    def close(self):
        self.executor.shutdown()
        self.thread.join()
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)


@pytest.fixture(params=EXECUTORS)
def spun(request):
    spun = Spun(EXECUTORS[request.param])
    yield spun
    spun.close()


def test_bytes_that_are_no_message_are_dropped(spun):
    heard = []
    subscribe(spun.node, String, "/heard", lambda message: heard.append(message.data), QOS)
    publisher = spun.node.create_publisher(String, "/heard", QOS)
    eventually(publisher.get_subscription_count)
    for broken in (serialize_message(String(data="whole"))[:6], b"\0\1\0\0" + b"\xff" * 8, b"\0\1\0\0"):
        publisher.publish(broken)
    publisher.publish(String(data="good"))
    eventually(lambda: heard[-1:] == ["good"])
    assert spun.thread.is_alive()


def test_a_callback_that_raises(spun, capfd):
    calls = []

    def fail(message):
        calls.append(message.data)
        raise ValueError("on purpose")

    subscribe(spun.node, String, "/heard", fail, QOS)
    publisher = spun.node.create_publisher(String, "/heard", QOS)
    eventually(publisher.get_subscription_count)
    for text in ("one", "two"):
        publisher.publish(String(data=text))
        eventually(lambda text=text: calls[-1:] == [text])
    assert spun.thread.is_alive() and "on purpose" in capfd.readouterr().err


@pytest.mark.parametrize("waits", [False, True])
def test_a_service_that_raises_answers_all_the_same(spun, waits):
    def fail(request, response):
        raise ValueError("on purpose")

    async def fail_later(request, response):
        raise ValueError("on purpose")

    spun.node.create_service(Trigger, "/fails", guarded(spun.node, fail_later if waits else fail))
    client = spun.node.create_client(Trigger, "/fails")
    assert client.wait_for_service(30)
    for _ in range(2):
        assert wait(client.call_async(Trigger.Request())) == Trigger.Response()

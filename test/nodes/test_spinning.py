"""The end of spinning: when ROS is shut down, and not before."""

import threading

import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from glm4v_ros.nodes.spinning import MOST_ERRORS, spin


@pytest.fixture
def node():
    context = Context()
    rclpy.init(context=context)
    node = Node("spun", context=context)
    yield node
    node.destroy_node()
    rclpy.try_shutdown(context=context)


@pytest.fixture
def executor(node):
    executor = SingleThreadedExecutor(context=node.context)
    yield executor
    executor.shutdown()


def test_what_a_callback_raises_is_logged_and_it_goes_on(node, executor, capfd):
    def fail():
        raise ValueError("on purpose")

    executor.create_task(fail)
    reached = threading.Event()
    thread = threading.Thread(target=spin, args=(node, executor))
    thread.start()
    executor.create_task(reached.set)
    assert reached.wait(60)
    rclpy.shutdown(context=node.context)
    thread.join(10)
    assert not thread.is_alive() and "on purpose" in capfd.readouterr().err


def test_a_context_that_is_shut_down_while_a_wait_set_is_made_is_no_error(node, executor, monkeypatch):
    """As by Ctrl-C at that moment, behind the question whether the context is still valid."""

    def shut_down():
        rclpy.shutdown(context=node.context)
        raise RuntimeError("the context is no longer valid")

    monkeypatch.setattr(executor, "spin", shut_down)
    spin(node, executor)


def test_an_executor_that_cannot_spin_at_all_ends_the_process(node, executor, monkeypatch):
    tries = []

    def fail():
        tries.append(1)
        raise RuntimeError("no memory for a wait set")

    monkeypatch.setattr(executor, "spin", fail)
    with pytest.raises(RuntimeError, match="wait set"):
        spin(node, executor)
    assert len(tries) == MOST_ERRORS + 1

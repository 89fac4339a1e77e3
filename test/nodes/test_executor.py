"""The executor: what a callback's exception and a long wait do to it."""

import threading
from concurrent.futures import Future

import pytest
import rclpy
from rclpy.context import Context
from robot import eventually

from glm4v_ros.nodes.executor import NodeExecutor


@pytest.fixture
def executor():
    context = Context()
    rclpy.init(context=context)
    executor = NodeExecutor(2, context=context)
    thread = threading.Thread(target=executor.spin, daemon=True)
    thread.start()
    yield executor
    executor.shutdown()
    thread.join()
    rclpy.shutdown(context=context)


def result(task, patience=10.0):
    done = threading.Event()
    task.add_done_callback(lambda _: done.set())
    assert done.wait(patience)
    return task.result()


@pytest.mark.parametrize("round", range(50))
def test_a_future_completed_by_another_thread_wakes_an_idle_executor(executor, round):
    future = Future()

    async def wait():
        return (await executor.wrap(future)).result()

    task = executor.create_task(wait)
    threading.Timer(0.01, future.set_result, [round]).start()
    assert result(task) == round


def test_an_error_of_the_future_is_raised_where_it_is_awaited(executor):
    future = Future()
    future.set_exception(KeyError("x"))

    async def wait():
        try:
            (await executor.wrap(future)).result()
        except KeyError:
            return "caught"

    assert result(executor.create_task(wait)) == "caught"


def test_an_exception_does_not_end_the_spinning(executor, capfd):
    failed = threading.Event()

    def fail():
        failed.set()
        raise ValueError("on purpose")

    executor.create_task(fail)
    assert failed.wait(10)
    assert result(executor.create_task(lambda: 7)) == 7
    eventually(lambda: "on purpose" in capfd.readouterr().err)


def test_a_context_that_is_shut_down_while_it_looks_what_to_wait_for_is_no_error():
    """As by Ctrl-C at that moment, behind the question whether the context is still valid."""
    context = Context()
    rclpy.init(context=context)
    executor = NodeExecutor(1, context=context)
    rclpy.shutdown(context=context)
    executor.spin_once(timeout_sec=0.0)
    executor.shutdown()


def test_another_error_while_it_looks_is_one(executor, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("no memory for a wait set")

    monkeypatch.setattr(executor, "wait_for_ready_callbacks", fail)
    with pytest.raises(RuntimeError, match="wait set"):
        executor.spin_once(timeout_sec=0.0)

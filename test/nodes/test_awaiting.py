"""A callback that waits for another thread: it goes on at once, in every executor of rclpy."""

import threading
from concurrent.futures import Future

import pytest
import rclpy
from executors import EXECUTORS
from rclpy.context import Context

from glm4v_ros.nodes.awaiting import awaitable


@pytest.fixture(scope="module", params=EXECUTORS)
def executor(request):
    context = Context()
    rclpy.init(context=context)
    executor = EXECUTORS[request.param](context)
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


@pytest.mark.parametrize("delay", [0.0, 0.0001, 0.001, 0.01])
def test_a_future_completed_by_another_thread_wakes_an_idle_executor(executor, delay):
    for number in range(50):
        future = Future()

        async def wait(future=future):
            return (await awaitable(future, executor)).result()

        task = executor.create_task(wait)
        threading.Timer(delay, future.set_result, [number]).start()
        assert result(task) == number


def test_an_error_of_the_future_is_raised_where_it_is_awaited(executor):
    future = Future()
    future.set_exception(KeyError("x"))

    async def wait():
        try:
            return (await awaitable(future, executor)).result()
        except KeyError:
            return "caught"

    assert result(executor.create_task(wait)) == "caught"


def test_a_future_that_ends_after_the_executor_is_no_error(capfd):
    context = Context()
    rclpy.init(context=context)
    executor, future = EXECUTORS["SingleThreaded"](context), Future()
    awaitable(future, executor)
    executor.shutdown()
    future.set_result(None)
    rclpy.shutdown(context=context)
    assert "Traceback" not in capfd.readouterr().err

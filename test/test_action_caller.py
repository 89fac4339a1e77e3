"""ActionCaller when words between it and the server get lost, as DDS may lose them while both are still being discovered."""

import gc
import os
import signal
import subprocess
import sys
import threading

import pytest
import rclpy
import vqa_double
from glm4v_ros.action import AskImage
from rclpy.action import ActionClient, GoalResponse
from rclpy.action.client import ClientGoalHandle
from rclpy.context import Context
from rclpy.node import Node
from rclpy.task import Future
from robot import eventually
from vqa_double import VqaDouble

from glm4v_ros import action_caller, errors, goal
from glm4v_ros import client as vqa_client
from glm4v_ros.action_caller import ActionCaller
from glm4v_ros.caller_thread import CallerThread
from glm4v_ros.client import VqaClient


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(action_caller, "SEND_AGAIN_AFTER", 0.2)
    monkeypatch.setattr(goal, "ASK_AGAIN_AFTER", 0.2)


@pytest.fixture(scope="module")
def vqa():
    double = VqaDouble(name="forgetful")
    yield double
    double.close()


@pytest.fixture(scope="module")
def client(vqa):
    with VqaClient(name="forgetful") as client:
        yield client


def test_an_acceptance_that_cannot_be_sent(client, vqa, monkeypatch):
    """The server holds such a goal for ever without beginning it."""
    begun = []

    def begin(goal_handle):
        begun.append(goal_handle)
        if len(begun) > 1:
            goal_handle.execute()

    send, lost = ActionClient.send_goal_async, []

    def lose_the_first_word(self, *arguments, **words):
        word = send(self, *arguments, **words)
        if lost:
            return word
        lost.append(word)
        return Future()

    vqa.action.register_handle_accepted_callback(begin)
    monkeypatch.setattr(ActionClient, "send_goal_async", lose_the_first_word)
    assert client.ask("Still there?").text == "Still there?"
    assert len(begun) == 2 and begun[0].is_cancel_requested
    # What may not run twice is canceled and not sent again; so is, unless the caller says otherwise, what is heard or remembered.
    for arguments in ({"resend": False}, {"speak": True}, {"session_id": "s"}):
        begun.clear(), lost.clear()
        with pytest.raises(errors.EngineFailed, match="not sent again"):
            client.ask("Still there?", **arguments)
        assert len(begun) == 1
        eventually(lambda: begun[0].is_cancel_requested)
    vqa.action.register_handle_accepted_callback(lambda goal_handle: goal_handle.execute())


def test_what_is_asked_after_a_cancel_is_not_canceled(client):
    """Also where the thread comes to the cancel only after both; so asks who talks over an answer."""
    thread, held = CallerThread.join(None), threading.Event()
    try:
        before = client.start("slow")
        words = iter(before)
        next(words)
        thread.submit(held.wait)
        client.cancel()
        after = client.start("slow", timeout=1)
        held.set()
        with pytest.raises(errors.Canceled):
            before.result()
        with pytest.raises(errors.DeadlineExceeded):
            after.result()
    finally:
        held.set()
        thread.leave()


@pytest.mark.parametrize("method", ["get_result_async", "cancel_goal_async"])
def test_a_lost_request(client, monkeypatch, method):
    send, lost = getattr(ClientGoalHandle, method), []

    def lose_the_first(self):
        if lost:
            return send(self)
        lost.append(self)
        return Future()

    monkeypatch.setattr(ClientGoalHandle, method, lose_the_first)
    pending = client.start("slow")
    next(iter(pending))
    pending.cancel()
    with pytest.raises(errors.Canceled):
        pending.result()
    assert lost


def test_a_server_that_was_started_anew_does_not_know_the_goal(monkeypatch):
    """It is asked again where it may run twice."""
    monkeypatch.setattr(action_caller, "SEND_AGAIN_AFTER", 10.0)
    before, after = ServerProcess("anew"), None
    with VqaClient(name="anew", server_timeout=20) as client:
        try:
            once, twice = pending = [client.start("slow", timeout=20, resend=resend) for resend in (False, True)]
            streams = [iter(each) for each in pending]  # which cancel when they go
            for stream in streams:
                next(stream)
            after = VqaDouble(name="anew")
            eventually(lambda: after.node.count_subscribers("anew/ask_image_stream/_action/feedback"))  # it has found the client
            before.kill()
            with pytest.raises(errors.EngineFailed, match="started anew"):
                once.result()
            eventually(lambda: after.asked)
            twice.cancel()
            with pytest.raises(errors.Canceled):
                twice.result()
            assert len(after.asked) == 1
        finally:
            before.kill()
            if after:
                after.close()


def test_a_server_that_was_started_anew_before_it_took_the_goal(vqa, monkeypatch):
    """Nobody knows whether the one before began it."""
    monkeypatch.setattr(action_caller, "SEND_AGAIN_AFTER", 1.0)
    with VqaClient(name="twice") as client:
        first = VqaDouble(name="twice")
        assert client.ask("There?").text == "There?"
        send = ActionClient.send_goal_async
        lose_the_word = lambda *arguments, **words: send(*arguments, **words) and Future()  # noqa: E731
        monkeypatch.setattr(ActionClient, "send_goal_async", lose_the_word)
        pending = client.start("Once only.", resend=False)
        eventually(lambda: len(first.asked) == 2)
        second = VqaDouble(name="twice")
        with pytest.raises(errors.NotActive, match="started anew"):
            pending.result()
        assert second.asked == []
        first.close(), second.close()


class Clock:
    """Moves only when told to, and counts who looks."""

    def __init__(self):
        self.now, self.looks = 100.0, 0

    def monotonic(self):
        self.looks += 1
        return self.now


def test_a_busy_server_is_not_sent_everything_again(monkeypatch):
    """It takes one goal after the other, and slowly: none is lost that waits for its turn."""
    clock = Clock()
    monkeypatch.setattr(action_caller, "time", clock)
    monkeypatch.setattr(goal, "time", clock)
    takes_second, takes_all = threading.Event(), threading.Event()

    def take(request):
        (takes_second if request.question == "second" else takes_all).wait()
        return GoalResponse.ACCEPT

    busy, caller = VqaDouble(name="busy"), ActionCaller(AskImage, "busy/ask_image_stream")
    busy.action.register_goal_callback(take)
    try:
        goals = []
        for question in ("first", "second", "third"):
            goals.append(caller.start(AskImage.Goal(question=question)))
            eventually(lambda: goals[-1].sends)
            clock.now += 0.01
        first, second, third = goals
        clock.now += 0.7 * action_caller.SEND_AGAIN_AFTER
        takes_second.set()
        eventually(lambda: second.accepted)
        clock.now += 0.7 * action_caller.SEND_AGAIN_AFTER  # longer than it waits, yet not since the second was taken
        eventually(lambda: first.sends > 1)  # sent before one that was taken
        looks = clock.looks
        eventually(lambda: clock.looks > looks + 10)  # each goal was watched again
        assert [each.sends for each in goals] == [2, 1, 1]
    finally:
        takes_second.set(), takes_all.set()
        caller.close()
        busy.close()


def test_nothing_is_left_of_what_was_closed():
    """A server that is found but does not run takes goals from callers in vain, and a half that lingers blocks the other."""
    context = Context()
    rclpy.init(context=context)
    node = Node("mayfly_user", context=context)
    with VqaClient(name="mayfly") as watcher:
        gc.disable()
        try:
            double, client = VqaDouble(name="mayfly"), VqaClient(node, name="mayfly")
            assert client.ask("hello").text == "hello"
            eventually(lambda: len(mayflies(node)) == 3)
            double.close()
            client.close()
            eventually(lambda: mayflies(node) == ["mayfly_user"], patience=10)  # s, less than a DDS lease
            eventually(lambda: not watcher.wait_for_server(0), patience=10)
        finally:
            gc.enable()
            node.destroy_node()
            rclpy.shutdown(context=context)


def mayflies(node):
    return sorted(name for name in node.get_node_names() if "mayfly" in name)


def test_an_error_of_one_user_does_not_end_the_thread_of_all(client):
    caller, thread = ActionCaller(AskImage, "forgetful/ask_image_stream"), CallerThread.join(None)
    thread.submit(lambda: 1 / 0)
    with pytest.raises(TimeoutError):
        caller.start("no message").result(0.5)
    caller.close()
    thread.leave()
    assert client.ask("Still there?").text == "Still there?"


class ServerProcess:
    """A server in a process that can be stopped or killed at work: all of it is still seen for a while, but it says nothing."""

    def __init__(self, name):
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path))
        self.process = subprocess.Popen([sys.executable, vqa_double.__file__, name], stdin=subprocess.PIPE, env=environment)

    def stop(self):
        self.process.send_signal(signal.SIGSTOP)

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.mark.parametrize("options, error", [({"timeout": 1.5}, errors.DeadlineExceeded), ({}, errors.NotActive)])
def test_a_node_that_hangs_is_noticed(monkeypatch, options, error):
    """By who waits for the result, by who listens to the stream, and by who only looks whether it is done."""
    monkeypatch.setattr(vqa_client, "GRACE", 0.5)
    monkeypatch.setattr(vqa_client, "HUNG_AFTER", 60.0 if options else 1.0)
    name = f"hung_{error.code.name.lower()}"  # of one that was killed, all is still seen for a while
    hung = ServerProcess(name)
    with VqaClient(name=name, server_timeout=20) as client:
        try:
            assert client.ask("There?").text == "There?"
            waited, heard, looked_at = pending = [client.start("slow", **options) for _ in range(3)]
            streams = [iter(each) for each in pending]
            for stream in streams:
                next(stream)  # it has begun
            hung.stop()
            with pytest.raises(error, match="hang"):
                waited.result()
            with pytest.raises(error, match="hang"):
                list(streams[pending.index(heard)])
            eventually(lambda: looked_at.done)
        finally:
            hung.kill()

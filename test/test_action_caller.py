"""ActionCaller when words between it and the server get lost, as DDS may lose them while both are still being discovered."""

import gc
import os
import signal
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest
import rclpy
import vqa_double
from glm4v_ros.action import AskImage
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
from glm4v_ros.goal import Goal


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(action_caller, "_SEND_AGAIN_AFTER", 0.2)
    monkeypatch.setattr(goal, "_ASK_AGAIN_AFTER", 0.2)


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

    answered, lost = Goal._answered, []

    def lose_the_first(self, *arguments):
        if lost:
            answered(self, *arguments)
        else:
            lost.append(arguments)

    vqa.action.register_handle_accepted_callback(begin)
    monkeypatch.setattr(Goal, "_answered", lose_the_first)
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


def test_a_server_that_was_started_anew_does_not_know_the_goal(client, vqa):
    """It is asked again, once, where it may run twice."""
    for resend, error, says in ((False, errors.EngineFailed, "started anew"), (True, errors.DeadlineExceeded, "stopped")):
        asked = len(vqa.asked)
        pending = client.start("slow", timeout=1, resend=resend)
        stream = iter(pending)  # which cancels when it goes
        next(stream)
        running = vqa.action._goal_handles
        vqa.action._goal_handles = {}
        with pytest.raises(error, match=says):
            pending.result()
        assert len(vqa.asked) == asked + 1 + resend
        vqa.action._goal_handles = running
        eventually(lambda running=running: not list(running.values())[-1].is_active)


def test_a_server_that_was_started_anew_before_it_took_the_goal(vqa, monkeypatch):
    """Nobody knows whether the one before began it."""
    monkeypatch.setattr(action_caller, "_SEND_AGAIN_AFTER", 1.0)
    with VqaClient(name="twice") as client:
        first = VqaDouble(name="twice")
        assert client.ask("There?").text == "There?"
        monkeypatch.setattr(Goal, "_answered", lambda self, *arguments: None)  # the word is lost
        pending = client.start("Once only.", resend=False)
        eventually(lambda: len(first.asked) == 2)
        second = VqaDouble(name="twice")
        with pytest.raises(errors.NotActive, match="started anew"):
            pending.result()
        assert second.asked == []
        first.close(), second.close()


def test_a_busy_server_is_not_sent_everything_again():
    """It takes one goal after the other, and slowly: none is lost that waits for its turn."""
    sent = []
    caller = ActionCaller.__new__(ActionCaller)
    caller.hung_after, caller._servers = None, frozenset
    caller._client = SimpleNamespace(
        server_is_ready=lambda: True,
        send_goal_async=lambda message, **arguments: sent.append(message) or Future(),
    )
    first, second, third = goals = [Goal(name, None) for name in ("first", "second", "third")]
    caller._goals = dict.fromkeys(goals, 0.0)
    for each in goals:
        caller._watch_goal(each)
    for each in goals:
        each.sent, each.waits_since = each.sent - 0.3, each.waits_since - 0.3  # longer than it waits
    caller._on_taken(second)
    caller._watch_goal(second)
    caller._watch_goal(third)
    assert sent == ["first", "second", "third"]
    caller._watch_goal(first)  # sent before one that was taken
    assert sent == ["first", "second", "third", "first"]


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


class Hung:
    """A server in a process that was stopped while it was at work: everything of it is still there but its word."""

    def __init__(self, name):
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path))
        self.process = subprocess.Popen([sys.executable, vqa_double.__file__, name], stdin=subprocess.PIPE, env=environment)

    def stop(self):
        self.process.send_signal(signal.SIGSTOP)

    def close(self):
        self.process.kill()
        self.process.wait()


@pytest.mark.parametrize("options, error", [({"timeout": 1.5}, errors.DeadlineExceeded), ({}, errors.NotActive)])
def test_a_node_that_hangs_is_noticed(monkeypatch, options, error):
    """By who waits for the result, by who listens to the stream, and by who only looks whether it is done."""
    monkeypatch.setattr(vqa_client, "_GRACE", 0.5)
    monkeypatch.setattr(vqa_client, "_HUNG_AFTER", 60.0 if options else 1.0)
    name = f"hung_{error.code.name.lower()}"  # of one that was killed, all is still seen for a while
    hung = Hung(name)
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
            hung.close()

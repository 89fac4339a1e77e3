"""ActionCaller when words between it and the server get lost, as DDS may lose them while both are still being discovered."""

import gc
from types import SimpleNamespace

import pytest
from rclpy.action.client import ClientGoalHandle
from rclpy.task import Future
from robot import eventually
from vqa_double import VqaDouble

from glm4v_ros import action_caller, errors, goal
from glm4v_ros.action_caller import ActionCaller
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

    vqa._action.register_handle_accepted_callback(begin)
    monkeypatch.setattr(Goal, "_answered", lose_the_first)
    assert client.ask("Still there?").text == "Still there?"
    assert len(begun) == 2 and begun[0].is_cancel_requested
    vqa._action.register_handle_accepted_callback(lambda goal_handle: goal_handle.execute())


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
    pending = client.start("slow", timeout=1)
    next(iter(pending))
    running = vqa._action._goal_handles
    vqa._action._goal_handles = {}
    with pytest.raises(errors.EngineFailed, match="started anew"):
        pending.result()
    vqa._action._goal_handles = running
    eventually(lambda: not list(running.values())[-1].is_active)


def test_a_busy_server_is_not_sent_everything_again():
    """It takes one goal after the other, and slowly: none is lost that waits for its turn."""
    sent = []
    caller = ActionCaller.__new__(ActionCaller)
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
    with VqaClient(name="mayfly") as watcher:
        node = watcher._caller._node
        gc.disable()
        try:
            double, client = VqaDouble(name="mayfly"), VqaClient(name="mayfly")
            assert client.ask("hello").text == "hello"
            eventually(lambda: len(node.get_node_names()) == 3 + others(node))
            double.close()
            client.close()
            eventually(lambda: len(node.get_node_names()) == 1 + others(node), patience=10)  # s, less than a DDS lease
            eventually(lambda: not watcher._caller._client.server_is_ready(), patience=10)
        finally:
            gc.enable()


def others(node):
    """How many nodes of other tests are there."""
    return sum("mayfly" not in name for name in node.get_node_names())

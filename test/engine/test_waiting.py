import itertools
from collections import Counter

import pytest

from glm4v_ros.engine.question import Question
from glm4v_ros.engine.waiting import Waiting

_numbers = itertools.count()


class Request:
    """As much of one as the order needs."""

    encoded, session = True, None

    def __init__(self, session_id="", **fields):
        self.question = Question("?", "q", session_id, **fields)
        self.number = next(_numbers)


def serve(waiting: Waiting) -> Request | None:
    request = waiting.next(())
    if request is not None:
        waiting.admit(request)
    return request


@pytest.mark.parametrize("silent", [0, 1])
def test_nobody_gets_less_than_a_fair_share(silent):
    """One session with eight questions at a time, three with one and two callers without a session, each of whom asks again at
    once or only after another was served."""
    waiting, shares, late = Waiting(), Counter(), []
    parties = {"eager": 8, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1}
    sessions = {"eager": "eager", "b": "b", "c": "c", "d": "d", "e": "", "f": ""}
    asked_by = {}

    def ask(party):
        request = Request(sessions[party])
        asked_by[request] = party
        waiting.add(request)

    for party, count in parties.items():
        for _ in range(count):
            ask(party)
    for _ in range(600):
        party = asked_by[serve(waiting)]
        shares[party] += 1
        late.append(party)
        if len(late) > silent:
            ask(late.pop(0))
    assert min(shares.values()) >= 0.8 * 600 / len(parties), shares


def test_who_was_silent_gets_no_more_than_the_next_turn():
    waiting = Waiting()
    for _ in range(20):
        waiting.add(Request("eager"))
        serve(waiting)
    for session_id in ("eager", "late", "late", "late"):
        waiting.add(Request(session_id))
    assert [serve(waiting).question.session_id for _ in range(3)][:2] == ["eager", "late"]


def test_a_question_that_was_canceled_costs_no_turn():
    waiting = Waiting()
    canceled = [Request("a") for _ in range(5)]
    for request in canceled:
        waiting.add(request)
    for request in canceled:
        waiting.remove(request)
    waiting.add(Request("b"))
    waiting.add(Request("b"))
    waiting.add(Request("a"))
    assert [serve(waiting).question.session_id for _ in range(3)] == ["b", "a", "b"]


def test_priority_comes_before_fairness():
    waiting = Waiting()
    requests = [Request("a", priority=5), Request("a", priority=5), Request("b")]
    for request in requests:
        waiting.add(request)
    assert [serve(waiting) for _ in requests] == requests


def test_one_that_is_to_be_answered_alone_waits_and_is_waited_for():
    waiting, alone, other = Waiting(), Request(deterministic=True, priority=1), Request()
    waiting.add(alone)
    waiting.add(other)
    assert waiting.next((other,)) is None
    assert serve(waiting) is alone
    assert waiting.next((alone,)) is None
    assert waiting.next(()) is other

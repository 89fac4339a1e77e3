"""Whatever is asked of the engine ends once, with an answer or a typed error, and in the same worker.

80 cases; GLM4V_FUZZ_CASES=20000 for a proof.
"""

from __future__ import annotations

import math
import threading
from dataclasses import fields

import fuzz
import numpy as np
import pytest
from asking import PATIENCE, ask, noise, question
from fuzz import Outcomes, cases
from hypothesis import given
from hypothesis import strategies as st

from glm4v_ros.engine.answer import Answer
from glm4v_ros.engine.client import EngineClient
from glm4v_ros.engine.config import EngineConfig
from glm4v_ros.engine.question import Question, Sampling
from glm4v_ros.errors import ErrorCode, VqaError
from glm4v_ros.policy import question_check
from glm4v_ros.vision.frame import Frame

CASES = cases(80)
FLAWED = 50  # per cent of the questions
PLAIN_EVERY = 200  # cases between two looks at whether the engine still answers as it did
_MISTYPED = st.sampled_from((None, 5, 1.5, b"x", "x", (), [1], {"a", "b"}, object))
_NUMBERS = st.sampled_from((-1, 2**31, 2**65, 1.5, True, *fuzz.NOT_FINITE, "4", None, -(2**40)))


@st.composite
def pictures(draw) -> list[Frame]:
    size = st.sampled_from((1, 2, 28, 31, 60))
    made = st.builds(noise, st.integers(0, 3), size, size)
    if draw(st.integers(0, 9)) == 9:
        made = st.builds(noise, st.integers(0, 10**6), st.integers(1, 60), st.integers(1, 60))
    return draw(st.lists(made, min_size=1, max_size=2))


@st.composite
def samplings(draw) -> Sampling:
    return Sampling(
        temperature=draw(st.sampled_from((0.0, 0.0, 1e-30, 0.7, 100.0))),
        top_p=draw(st.floats(0, 1)),
        top_k=draw(st.sampled_from((0, 1, 40, 10_000_000))),
        min_p=draw(st.floats(0, 1)),
        repeat_penalty=draw(st.sampled_from((1.0, 0.01, 1.3, 100.0))),
        seed=draw(st.integers(0, 2**64)),
    )


def _right(draw) -> dict:
    """Fields of a question that must be answered."""
    asked = dict(
        text=draw(fuzz.texts),
        session_id=draw(fuzz.session_ids),
        max_tokens=draw(st.integers(1, 4)),
        max_image_tokens=draw(st.sampled_from((0, 0, 64, 10**6))),
        timeout=draw(st.sampled_from((0.0, 60.0, 1e300, math.inf))),
        priority=draw(st.integers(-3, 255)),
        deterministic=draw(st.integers(0, 9)) == 0,
        retry_on_crash=draw(st.booleans()),
        ignore_eos=draw(st.booleans()),
        sampling=draw(samplings()),
        needs_picture=draw(st.booleans()),
        stop=tuple(draw(st.lists(fuzz.texts.map(lambda text: text[:4]), max_size=2))),
    )
    kind = draw(st.integers(0, 5))
    if kind == 0:
        asked["choices"] = tuple(draw(fuzz.choices))
    elif kind == 1:
        asked["json_schema"] = draw(fuzz.schemas)
    if kind != 0:
        asked["logprobs"] = draw(st.sampled_from((None, None, 0, 3, 20)))
    return asked


_FLAWS = {
    "text": fuzz.bad_texts | st.sampled_from(("\ud800", "a\0b", "words " * 900)),
    "session_id": fuzz.bad_session_ids | st.just("\0"),
    "choices": fuzz.bad_choices.map(tuple) | st.sampled_from((("a", 5), ("a", "\ud800"), {"a", "b"}, "ab")),
    "json_schema": fuzz.odd_schemas,
    "max_tokens": _NUMBERS | st.just(0),
    "max_image_tokens": _NUMBERS | st.integers(1, 7),
    "timeout": st.sampled_from((-1.0, math.nan, -math.inf, 1e-9, 0.001, "1", None)),
    "logprobs": _NUMBERS | st.just(21),
    "priority": _NUMBERS.filter(lambda number: number not in (-1, 2**31)),
    "sampling": st.builds(
        lambda name, value: Sampling(**{name: value}), st.sampled_from([f.name for f in fields(Sampling)]), _NUMBERS
    ),
}


@st.composite
def questions(draw) -> tuple[dict, object, str]:
    """(fields, frames, what else is done)."""
    asked, frames = _right(draw), draw(pictures())
    if not asked["needs_picture"] and draw(st.booleans()):
        frames = []
    also = draw(st.sampled_from(("",) * 6 + ("reset", "warm", "bad warm")))
    flaw = draw(st.sampled_from((*_FLAWS, "frames", "type", "cancel"))) if draw(st.integers(0, 99)) < FLAWED else None
    if flaw == "frames":
        frames = draw(
            st.sampled_from(([], None, 5, [5], [noise(1, 8, 8)] * 17, [Frame(np.zeros((1, 16385, 3), np.uint8))], "ab"))
        )
    elif flaw == "type":
        asked[draw(st.sampled_from([f.name for f in fields(Question) if f.name != "request_id"]))] = draw(_MISTYPED)
    elif flaw == "cancel":
        also = "cancel"
    elif flaw:
        asked[flaw] = draw(_FLAWS[flaw])
    return asked, frames, also


def test_every_question_ends_once_in_the_same_worker(engine):
    def plain() -> str:
        return ask(engine, [noise(900)], deterministic=True, max_tokens=6).text

    outcomes, right, pid = Outcomes(), plain(), engine.status.worker_pid

    @fuzz.fuzz(CASES)
    @given(questions())
    def every(case):
        fields, frames, also = case
        if outcomes.total() % 10 == 0:
            engine.reset_session("")  # long conversations are slow, and another matter
        outcomes[_outcome(engine, fields, frames, also)] += 1
        assert engine.status.worker_pid == pid, "the worker was replaced"
        if outcomes.total() % PLAIN_EVERY == 0:
            assert plain() == right

    every()
    assert plain() == right and engine.status.worker_pid == pid
    assert engine.status.queue_length == engine.status.running == 0
    outcomes.check_shares()


def _outcome(engine, fields: dict, frames, also: str) -> ErrorCode:
    """What came of it; AssertionError if it is none of the things that may come."""
    asked = question(**{"text": "?", **fields})
    if also == "reset":
        engine.reset_session("one")
    elif also == "warm":
        engine.warm(noise(901, 20, 20))
    elif also == "bad warm":
        engine.warm(noise(902, 20, 20), max_image_tokens=1)
    ends, deltas, ended = [], [], threading.Event()

    def end(future):
        ends.append(future)
        ended.set()

    try:
        question_check.check(asked, frames)  # as all callers do
        future = engine.ask(asked, frames, deltas.append)
    except VqaError as error:
        return _code(error)
    if also == "cancel":
        engine.cancel(asked.request_id)
    future.add_done_callback(end)
    assert ended.wait(PATIENCE), "it hangs"
    error = future.exception()
    if error is not None:
        return _code(error)
    answer = future.result()
    assert len(ends) == 1 and isinstance(answer, Answer) and answer.request_id == asked.request_id
    assert answer.choice_index >= 0 or "".join(delta.text for delta in deltas) == answer.text
    assert tuple(token for delta in deltas for token in delta.logprobs) == answer.logprobs
    assert bool(answer.logprobs) == (asked.logprobs is not None and answer.text != "")
    assert answer.completion_tokens <= asked.max_tokens or asked.choices
    answer.text.encode()
    return ErrorCode.NONE


def _code(error: BaseException) -> ErrorCode:
    assert isinstance(error, VqaError), f"{type(error).__name__}: {error}"
    assert error.code not in (ErrorCode.UNKNOWN, ErrorCode.ENGINE_FAILED), f"{error.code.name}: {error}"
    assert str(error) and str(error).encode() and "\0" not in str(error)
    return error.code


@pytest.mark.parametrize("session_id", [5, None, ["one"]])
def test_what_no_session_is_called(engine, session_id):
    with pytest.raises(VqaError, match="session_id"):
        engine.reset_session(session_id)


def test_a_warm_frame_that_cannot_be_encoded_is_given_up(nano):
    """Then the worker has nothing to do, which its CPU time shows."""
    times, warmed, idle = [], threading.Event(), threading.Event()

    def look(status):
        if not warmed.is_set():
            return
        with open(f"/proc/{status.worker_pid}/stat") as stat:
            times.append(stat.read().rpartition(")")[2].split()[11:13])  # clock ticks
        if times[-1] == times[-2:][0] and len(times) > 1:
            idle.set()

    with EngineClient(EngineConfig(nano, threads=1, context_tokens=2048), on_status=look) as engine:
        engine.start()
        engine.warm(noise(905), max_image_tokens=1)
        warmed.set()
        assert idle.wait(PATIENCE)

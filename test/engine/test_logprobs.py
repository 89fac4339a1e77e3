"""How likely each token of an answer is, on the embedded model."""

import math
import os
import signal
import threading

import pytest
from asking import PATIENCE, READ, WATCHDOG, ask, noise, plate, question, rambling, reading

from glm4v_ros.engine.answer import Stage
from glm4v_ros.engine.client import EngineClient
from glm4v_ros.engine.config import EngineConfig
from glm4v_ros.engine.question import Sampling
from glm4v_ros.errors import BadRequest, Canceled


def spelled(logprobs) -> str:
    return b"".join(token.bytes for token in logprobs).decode("utf-8", "replace")


def test_each_token_with_its_alternatives(engine):
    heard = []
    asked, frame = reading("型号是什么?"), plate()
    answer = engine.ask(question(logprobs=3, **asked), [frame], heard.append).result(PATIENCE)
    assert answer.text and spelled(answer.logprobs).strip() == answer.text
    assert tuple(token for delta in heard for token in delta.logprobs) == answer.logprobs
    assert all(bool(delta.logprobs) == bool(delta.text) for delta in heard)
    for token in answer.logprobs:
        assert token.top[0].bytes == token.bytes and token.top[0].logprob == token.logprob  # greedy
        assert len(token.top) == 3 and sorted(token.top, key=lambda one: -one.logprob) == list(token.top)
        assert sum(math.exp(one.logprob) for one in token.top) < 1 + 1e-6 and not token.top[0].top
    plain = ask(engine, [frame], **asked)
    assert plain.text == answer.text == READ["型号是什么?"] and plain.logprobs == ()


def test_none_and_twenty_alternatives(engine):
    assert all(token.top == () for token in ask(engine, [noise(801)], logprobs=0).logprobs)
    assert all(len(token.top) == 20 for token in ask(engine, [noise(801)], logprobs=20).logprobs)


def test_they_are_the_models_own_before_sampling(engine):
    """The same for the first token, whatever is done to the logits then. Only a question that is not sampled finds words of
    the one before it in the KV cache, and words that are read in another batch move a logit by a tenth; sampling by far more."""
    frame = plate()
    greedy = ask(engine, [frame], logprobs=20, max_tokens=1).logprobs[0].top
    for sampling in (Sampling(temperature=5.0, seed=3), Sampling(temperature=1.0, top_k=1), Sampling(repeat_penalty=1.8)):
        for token in ask(engine, [frame], logprobs=20, max_tokens=1, sampling=sampling).logprobs:
            assert token.top[0].bytes == greedy[0].bytes
            assert [one.logprob for one in token.top] == pytest.approx([one.logprob for one in greedy], abs=0.5)


def test_a_schema_takes_what_is_unlikely(engine):
    answer = ask(engine, [noise(803)], logprobs=1, json_schema='{"type": "boolean"}', ignore_eos=False)
    assert spelled(answer.logprobs) == answer.text and min(token.logprob for token in answer.logprobs) < -1


def test_a_stop_and_what_comes_behind_it_have_none(engine):
    whole, frame = READ["型号是什么?"], plate()
    cut = ask(engine, [frame], **reading("型号是什么?"), stop=(whole[2:4],), logprobs=0)
    assert cut.text == whole[:2].rstrip() and spelled(cut.logprobs).strip() == cut.text


def test_what_was_written_before_a_cancel_has_its_own(engine):
    began, asked = threading.Event(), question(max_tokens=100_000, logprobs=1)
    future = engine.ask(asked, [noise(805)], lambda delta: began.set() if delta.text else None)
    assert began.wait(PATIENCE)
    engine.cancel(asked.request_id)
    with pytest.raises(Canceled) as caught:
        future.result(PATIENCE)
    assert caught.value.answer.text == spelled(caught.value.answer.logprobs).strip() != ""


def test_a_second_worker_tells_none_twice(nano):
    """Nor leaves any out."""
    heard, began = [], threading.Event()

    def hear(delta):
        heard.append(delta)
        if delta.stage == Stage.ANSWERING:
            began.set()

    with EngineClient(EngineConfig(nano, threads=1, context_tokens=2048, watchdog_timeout=WATCHDOG)) as engine:
        engine.start()
        future = engine.ask(rambling(max_tokens=400, retry_on_crash=True, logprobs=0), [noise(806)], hear)
        assert began.wait(PATIENCE)
        os.kill(engine.status.worker_pid, signal.SIGKILL)
        answer = future.result(PATIENCE)
    told = [token.bytes for delta in heard for token in delta.logprobs]
    assert told == [token.bytes for token in answer.logprobs] and len(told) == len(answer.logprobs) > 100


def test_where_the_gpu_samples_the_logits_are_asked_for(run, gpu_run):
    """And not by those who want none of it."""
    figures = []
    for one in (run, gpu_run):
        asked = [one.ask(plate(), **reading("型号是什么?"), logprobs=n) for n in (None, 2)]
        texts = one.answers(*asked)
        assert texts[0] == texts[1]
        figures.append(one.found_answer(asked[1]).logprobs)
    assert [token.bytes for token in figures[0]] == [token.bytes for token in figures[1]]
    assert [token.logprob for token in figures[0]] == pytest.approx([token.logprob for token in figures[1]], abs=1e-4)


@pytest.mark.parametrize("fields", [dict(logprobs=21), dict(logprobs=-1), dict(logprobs=True), dict(logprobs="3"),
                                    dict(logprobs=1.0), dict(logprobs=0, choices=("a", "b"))])  # fmt: skip
def test_what_cannot_be_asked_for(engine, fields):
    with pytest.raises(BadRequest, match="logprobs"):
        ask(engine, [noise(1)], **fields)

"""Questions without a picture, on the embedded model."""

import json
import threading

import pytest
from asking import PATIENCE, ask, noise, question
from stepping import PIECE

from glm4v_ros.engine.answer import Stage
from glm4v_ros.engine.pace import Pace
from glm4v_ros.engine.question import Exchange
from glm4v_ros.errors import BadRequest, Canceled

ASKED = "What is written on the plate?"  # without a plate the model is sure that it cannot see one


def chat(engine, text=ASKED, frames=(), **fields):
    return ask(engine, frames, text, needs_picture=False, **{"ignore_eos": False, "max_tokens": 32, **fields})


def test_a_question_without_a_picture_is_answered(engine):
    heard = []
    asked = question(ASKED, needs_picture=False, ignore_eos=False, max_tokens=32)
    answer = engine.ask(asked, [], heard.append).result(PATIENCE)
    assert answer.text == "not visible" == "".join(delta.text for delta in heard)
    assert answer.image_tokens == 0 and answer.prompt_tokens == len(ASKED) + 6  # the template's
    stages = {delta.stage for delta in heard}
    assert Stage.PREFILL in stages and Stage.ENCODING not in stages


def test_unless_it_needs_one(engine):
    with pytest.raises(BadRequest, match="image"):
        ask(engine, [], ASKED)


def test_a_conversation_in_words_remembers_and_takes_a_picture_later(engine):
    first = chat(engine, session_id="words")
    second = chat(engine, "Sure?", session_id="words")
    told = chat(engine, "Sure?", past=(Exchange(ASKED, first.text),))
    assert (second.text, second.prompt_tokens) == (told.text, told.prompt_tokens) and second.prompt_tokens > first.prompt_tokens
    assert chat(engine, "And here?", [noise(701)], session_id="words").image_tokens == 12
    with pytest.raises(BadRequest, match="image"):  # of a conversation that was forgotten
        engine.reset_session("words")
        ask(engine, [], "And here?", session_id="words")


def test_a_past_in_words_comes_before_a_picture(engine):
    answer = chat(engine, "And here?", [noise(702)], past=(Exchange(ASKED, "not visible"), Exchange("Sure?", "yes")))
    assert answer.image_tokens == 12 and answer.prompt_tokens > len(ASKED) + 12


def test_choices(engine):
    answer = chat(engine, choices=("not visible", "H3U-32MR"))
    assert answer.text == "not visible" and answer.confidence > 0.9 and answer.time_to_first_token <= answer.latency


def test_a_json_schema(engine):
    schema = {"type": "object", "properties": {"seen": {"enum": ["yes", "no"]}}, "required": ["seen"]}
    assert json.loads(chat(engine, json_schema=json.dumps(schema), max_tokens=100).text)["seen"] in ("yes", "no")


@pytest.mark.parametrize("fields", [dict(deterministic=True), dict(stop=("visible",)), dict(system_prompt="Be brief.")])
def test_whatever_else_it_asks_for(engine, fields):
    assert chat(engine, **fields).text in ("not visible", "not")


def test_it_waits_for_no_picture_of_others(engine):
    """It is answered while another question's frame is encoded, and leaves that one's answer as it is."""
    began, large = threading.Event(), noise(703, width=1120, height=840)
    other = question(max_tokens=4)
    future = engine.ask(other, [large], lambda delta: began.set() if delta.stage == Stage.ENCODING else None)
    assert began.wait(PATIENCE)
    assert chat(engine).text == "not visible" and not future.done()
    engine.cancel(other.request_id)
    with pytest.raises(Canceled):
        future.result(PATIENCE)


def test_equal_beginnings_are_read_once(run):
    """A conversation in words that goes on finds what was read and written before."""
    text = "Say what you see and how sure you are of it. " * 4
    first = run.ask(None, text=text, needs_picture=False, session_id="long", max_tokens=4)
    run.answer(first)
    run.batches.clear()
    run.answer(run.ask(None, text="Sure?", needs_picture=False, session_id="long", max_tokens=1))
    assert sum(entries for entries, _, _ in run.batches) < 40 < len(text)


@pytest.mark.parametrize("frame", [None, noise(704)])
def test_a_conversation_that_the_asker_keeps_is_not_read_anew(run, frame):
    """From its third question on, and what the two before it left in the KV cache is there once."""
    past, fields = [], dict(needs_picture=frame is not None, max_tokens=24, ignore_eos=False)
    for number in range(4):
        run.batches.clear()
        text = f"{number}: say what you see and how sure you are of it, in as few words as you can."
        answer = run.answer(run.ask(frame, text=text, past=tuple(past), **fields))
        read, kept = sum(entries for entries, _, _ in run.batches), run.scheduler.kv.kept
        past.append(Exchange(text, answer, 1 if frame is not None and not past else 0))
        if number == 2:
            before = kept
    assert read < 2 * len(text) and kept - before < 2 * len(text)
    if frame is None:  # of noise it is not sure
        alone = run.answer(run.ask(None, text=past[-1].text, past=tuple(past[:-1]), deterministic=True, **fields))
        assert alone == past[-1].answer


def test_a_long_text_keeps_nobody_waiting(run):
    """A question that came later is answered while it is being read."""
    known = noise(705)
    run.answer(run.ask(known, max_tokens=1))
    long = run.ask(None, text="words " * 200, needs_picture=False, max_tokens=1)
    run.until(lambda: run.batches[-1][0] == PIECE)
    run.batches.clear()
    short = run.ask(known, text="is it?", max_tokens=1)
    run.until(lambda: run.begun(short))
    assert not run.begun(long) and len(run.batches) <= 3
    assert run.answer(long) is not None and max(entries for entries, _, _ in run.batches) <= PIECE


def test_a_decode_has_no_more_of_a_long_text_than_others_can_wait_for(run, monkeypatch):
    monkeypatch.setattr(Pace, "entries", lambda *_: 16)
    monkeypatch.setattr("glm4v_ros.engine.plan.TILE", 4)
    run.answer(run.ask(None, text="words " * 20, needs_picture=False, max_tokens=1))
    assert {entries for entries, _, _ in run.batches[:-1]} == {16} and 4 <= run.batches[-1][0] < 20

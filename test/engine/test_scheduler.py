"""What the scheduler does step by step, with the embedded model."""

import pytest
from asking import noise


def test_after_a_cancel_whoever_waited_for_the_same_frame_is_answered(run):
    frame = noise(13, 336, 252)
    expected = run.answer(run.ask(frame, text="what?", max_tokens=8))
    run.scheduler._kv.let_go(())
    left, stays = run.ask(frame, text="where?"), run.ask(frame, text="what?", max_tokens=8)
    run.batches.clear()
    run.until(lambda: len([batch for batch in run.batches if batch[1]]) == 2)
    run.cancel(left)
    assert run.answer(stays) == expected


@pytest.mark.parametrize("pieces_before", [0, 1, 2, 3])
def test_a_decode_that_was_stopped_is_done_again(run, pieces_before, monkeypatch):
    """Its frame and the questions that were read with it begin anew."""
    frame = noise(14, 336, 252)
    texts = ("what?", "where?")
    expected = run.answers(*(run.ask(frame, text=text, max_tokens=8) for text in texts))
    run.scheduler._kv.let_go(())
    ids = [run.ask(frame, text=text, max_tokens=8) for text in texts]
    run.batches.clear()
    run.until(lambda: len([batch for batch in run.batches if batch[1]]) == pieces_before)
    arm = run.model.interrupt.arm
    with monkeypatch.context() as patch:
        patch.setattr(run.model.interrupt, "arm", run.model.interrupt.trip)
        run.scheduler.step()
        run.scheduler.step()
    arm()
    assert run.answers(*ids) == expected


def test_frames_are_encoded_one_ahead_of_the_prefill(run):
    ids = [run.ask(noise(seed, 336, 252), max_tokens=1) for seed in (15, 16)]
    run.until(lambda: run.scheduler._active)
    run.encoder.holds_back = True
    run.encoder.pauses.clear()
    ids.append(run.ask(noise(17, 336, 252), max_tokens=1))
    run.until(lambda: run.begun(ids[0]))
    assert run.encoder.pauses[-1] is False and set(run.encoder.pauses[:-1]) == {True}
    for request_id in ids:
        run.cancel(request_id)
    run.encoder.pauses.clear()
    run.until(lambda: run.encoder.pauses)
    assert run.encoder.pauses == [False]


@pytest.mark.parametrize("new, kept", [(3, True), (4, False)])
def test_in_a_rush_of_new_frames_the_old_ones_leave_the_kv_cache(run, new, kept):
    old = noise(18)
    run.answer(run.ask(old, max_tokens=1))
    run.answer(run.ask(old, max_tokens=1, session_id="talk"))
    other = noise(19)
    run.answer(run.ask(other, max_tokens=1))
    run.answers(*[run.ask(noise(seed), max_tokens=1) for seed in range(20, 20 + new)])
    assert (other.key in run.scheduler._kv.frame_keys) == kept
    assert other.key in run.scheduler._embeddings.frame_keys
    assert old.key in run.scheduler._kv.frame_keys  # a conversation is about it


def test_a_warm_frame_is_prefilled_while_nobody_asks(run):
    frame = noise(30, 336, 252)
    run.warm(frame)
    run.until(lambda: frame.key in run.scheduler._kv.frame_keys)
    run.batches.clear()
    run.answer(run.ask(frame, max_tokens=1))
    assert [images for _, images, _ in run.batches] == [0]


def test_a_question_about_another_frame_ends_the_prefill_of_a_warm_one(run):
    warm, asked = noise(31, 336, 252), noise(32)
    expected = run.answer(run.ask(asked))
    run.warm(warm)
    run.until(lambda: run.batches[-1][1])
    run.answer(run.ask(asked))
    assert warm.key not in run.scheduler._kv.frame_keys
    assert run.answer(run.ask(asked)) == expected


def test_a_question_about_a_frame_that_gets_warm_takes_over_what_was_prefilled(run):
    frame = noise(33, 336, 252)
    run.warm(frame)
    run.until(lambda: run.batches and run.batches[-1][1])
    run.answer(run.ask(frame, max_tokens=1))
    assert sum(images for _, images, _ in run.batches) == 4  # 108 image tokens, once


def test_a_newer_warm_frame_replaces_one_that_waits_for_its_turn(run):
    old, new = noise(34), noise(35)
    run.warm(old)
    run.warm(new)
    run.until(lambda: new.key in run.scheduler._kv.frame_keys)
    assert old.key not in run.scheduler._kv.frame_keys | run.scheduler._embeddings.frame_keys

"""What goes into one decode, step by step, with the embedded model."""

import pytest
from asking import noise
from stepping import PIECE


def test_a_question_is_read_with_the_last_piece_of_its_frame(run):
    run.answer(run.ask(noise(1), max_tokens=1))
    run.batches.clear()
    run.answer(run.ask(noise(2, 224, 168), max_tokens=1))  # 48 image tokens
    assert [(images, outputs) for _, images, outputs in run.batches] == [(1, 0), (1, 1)]


def test_all_who_wait_for_a_frame_are_read_with_its_last_piece_as_far_as_there_is_room(run):
    frame = noise(3, 224, 168)
    ids = [run.ask(frame, text=text, max_tokens=3) for text in ("what?", "哪里?", "which?")]
    together = run.answers(*ids)
    assert sum(images for _, images, _ in run.batches) == 2  # one frame's, once
    assert together == run.answers(*(run.ask(frame, text=text, max_tokens=3) for text in ("what?", "哪里?", "which?")))


def test_running_answers_go_on_with_each_piece_of_a_new_frame(run):
    first = run.ask(noise(4), max_tokens=1500)
    run.until(lambda: run.begun(first))
    run.batches.clear()
    second = run.ask(noise(5, 336, 252), max_tokens=1)  # 108 image tokens
    run.until(lambda: run.begun(second))
    pieces = [batch for batch in run.batches if batch[1]]
    assert len(pieces) == 4 and all(outputs >= 1 for _, _, outputs in pieces)
    assert pieces[0][0] == PIECE


def test_words_come_before_pieces_of_images_that_were_asked_for_earlier(run):
    known = noise(20)
    run.answer(run.ask(known, max_tokens=1))
    run.batches.clear()
    earlier = run.ask(noise(21, 336, 252), max_tokens=1)
    run.until(lambda: any(images for _, images, _ in run.batches))
    pieces = len(run.batches)
    later = run.ask(known, text="and this?", max_tokens=1)
    run.answer(later)
    assert [images for _, images, _ in run.batches[pieces:]] == [0] and not run.begun(earlier)
    assert run.answer(earlier) is not None


def test_questions_in_words_alone_do_not_keep_an_image_waiting_for_ever(run):
    known = noise(22)
    run.answer(run.ask(known, max_tokens=1))
    ids = [run.ask(noise(23, 336, 252), max_tokens=1)]
    run.until(lambda: run.reading(ids[0]))
    run.batches.clear()
    while not run.begun(ids[0]):
        ids.append(run.ask(known, text=f"{len(ids)}?", max_tokens=1))
        run.scheduler.step()
    assert len(run.batches) <= 8 and sum(images for _, images, _ in run.batches) == 3


def test_an_image_of_higher_priority_comes_first(run):
    frame = noise(25, 224, 168)
    run.answer(run.ask(frame, max_tokens=1))
    run.forget_frames()
    low = run.ask(noise(24, 336, 252), max_tokens=1)
    run.until(lambda: run.reading(low))
    high = run.ask(frame, max_tokens=1, priority=1)
    run.until(lambda: run.begun(high))
    assert not run.begun(low)


def test_on_a_gpu_answers_wait_for_the_frames_of_several_until_a_question_is_read(gpu_run, monkeypatch):
    run = gpu_run
    monkeypatch.setattr("glm4v_ros.engine.plan._TOKEN_EVERY", 3600.0)
    frames = [noise(seed, 224, 168) for seed in (7, 8)]
    run.answers(*[run.ask(frame, max_tokens=1) for frame in frames])
    run.forget_frames()
    first = run.ask(noise(6), max_tokens=1500)
    run.until(lambda: run.begun(first))
    run.batches.clear()
    ids = [run.ask(frame, max_tokens=1) for frame in frames]
    run.until(lambda: all(map(run.begun, ids)))
    pieces = [outputs for _, images, outputs in run.batches if images]
    assert pieces[0] == 0  # nothing to wait for
    assert next(filter(None, pieces)) == 2  # a question's first token and the running answer's next one


@pytest.mark.parametrize("mixes", [True, False])
def test_choices_share_decodes_with_answers_and_each_other(make_run, mixes):
    run = make_run(mixes)
    frame = noise(26)
    expected = run.answer(run.ask(frame, text="what?", max_tokens=24))
    writing = run.ask(frame, text="what?", max_tokens=24)
    run.until(lambda: run.begun(writing))
    run.batches.clear()
    choices = [run.ask(frame, text=text, choices=("yes it is", "no it is not")) for text in ("is it?", "is it not?")]
    together = run.answers(*choices)
    assert any(outputs >= 1 + 2 * 9 for _, _, outputs in run.batches)  # a token, and choices of both questions
    assert run.answer(writing) == expected
    alone = [run.answer(run.ask(frame, text=text, choices=("yes it is", "no it is not"))) for text in ("is it?", "is it not?")]
    assert together == alone


def test_answers_are_the_same_where_text_and_images_are_decoded_apart(make_run):
    """As with an architecture whose token embeddings cannot be looked up on the host."""
    answers = []
    for mixes in (True, False):
        run = make_run(mixes)
        ids = [run.ask(noise(seed, 224, 168), text=f"{seed}?", max_tokens=24) for seed in (9, 10, 11)]
        run.until(lambda: run.begun(ids[0]))
        answers.append(run.answers(*ids, run.ask(noise(12, 336, 252), max_tokens=8)))
    assert answers[0] == answers[1]

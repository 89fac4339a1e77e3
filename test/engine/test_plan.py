"""What goes into one decode, step by step, with the embedded model."""

import pytest
from asking import READ, noise, plate, reading
from stepping import PIECE


def test_a_question_is_read_with_the_last_piece_of_its_frame(run):
    run.answer(run.ask(noise(1), max_tokens=1))
    run.batches.clear()
    run.answer(run.ask(noise(2, 224, 168), max_tokens=1))  # 48 image tokens
    assert [(images, outputs) for _, images, outputs in run.batches] == [(1, 0), (1, 1)]


def test_all_who_wait_for_a_frame_are_read_with_its_last_piece_as_far_as_there_is_room(run):
    ids = [run.ask(plate(), **reading(text)) for text in READ]
    assert run.answers(*ids) == [*READ.values()]
    assert sum(images for _, images, _ in run.batches) == 4  # one frame's, once


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
    monkeypatch.setattr("glm4v_ros.engine.plan.TOKEN_EVERY", 3600.0)
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
    writing = run.ask(plate(), **reading("型号是什么?"))
    run.until(lambda: run.begun(writing))
    run.batches.clear()
    sides = {"型号是什么?": ("LVV9-70S1-9", "57F77A0C"), "What is the serial number?": ("LVV9-70S1-9", "57F77A0C")}
    choices = [run.ask(plate(), text=text, choices=sides[text]) for text in sides]
    assert run.answers(*choices) == [READ[text] for text in sides]
    assert any(outputs >= 1 + 2 * 9 for _, _, outputs in run.batches)  # a token, and choices of both questions
    assert run.answer(writing) == READ["型号是什么?"]


@pytest.mark.parametrize("mixes", [True, False])
def test_answers_are_right_where_text_and_images_are_decoded_together_and_apart(make_run, mixes):
    """Apart as with an architecture whose token embeddings cannot be looked up on the host."""
    run = make_run(mixes)
    ids = [run.ask(plate(shade), **reading(text)) for shade, text in enumerate(READ)]
    run.until(lambda: run.begun(ids[0]))
    assert run.answers(*ids, run.ask(plate(10), **reading("生产日期是什么?"))) == [*READ.values(), "JUL. 2024"]

"""What goes into one decode, step by step, with the embedded model."""

from asking import noise
from stepping import PIECE


def test_a_question_is_read_with_the_last_piece_of_its_frame(run):
    run.answer(run.ask(noise(1), max_tokens=1))
    run.batches.clear()
    run.answer(run.ask(noise(2, 224, 168), max_tokens=1))  # 48 image tokens
    assert [(images, outputs) for _, images, outputs in run.batches] == [(1, 0), (1, 1)]
    assert run.batches[0][0] == PIECE


def test_all_who_wait_for_a_frame_are_read_with_its_last_piece_as_far_as_there_is_room(run):
    frame = noise(3, 224, 168)
    ids = [run.ask(frame, text=text, max_tokens=3) for text in ("what?", "哪里?", "which?")]
    together = run.answers(*ids)
    assert sum(images for _, images, _ in run.batches) == 2  # one frame's, once
    assert together == run.answers(*(run.ask(frame, text=text, max_tokens=3) for text in ("what?", "哪里?", "which?")))


def test_running_answers_go_on_with_each_piece_of_a_new_frame(run):
    first = run.ask(noise(4), max_tokens=64)
    run.until(lambda: run.begun(first))
    run.batches.clear()
    second = run.ask(noise(5, 336, 252), max_tokens=1)  # 108 image tokens
    run.until(lambda: run.begun(second))
    pieces = [batch for batch in run.batches if batch[1]]
    assert len(pieces) == 4 and all(outputs >= 1 for _, _, outputs in pieces)
    assert pieces[0][0] == PIECE


def test_on_a_gpu_they_wait_for_the_frames_of_several_until_a_question_is_read(run, monkeypatch):
    monkeypatch.setattr("glm4v_ros.engine.decode_planner._TOKEN_EVERY", 3600.0)
    monkeypatch.setattr(type(run.model), "gpu_offload", True)
    first = run.ask(noise(6), max_tokens=64)
    run.until(lambda: run.begun(first))
    run.batches.clear()
    ids = [run.ask(noise(seed, 224, 168), max_tokens=1) for seed in (7, 8)]
    run.until(lambda: all(map(run.begun, ids)))
    pieces = [outputs for _, images, outputs in run.batches if images]
    assert pieces[0] == 0  # nothing to wait for
    assert next(filter(None, pieces)) == 2  # a question's first token and the running answer's next one


def test_answers_are_the_same_where_text_and_images_take_turns(run):
    """As with an architecture whose token embeddings cannot be looked up on the host."""

    def asked():
        ids = [run.ask(noise(seed, 224, 168), text=f"{seed}?", max_tokens=24) for seed in (9, 10, 11)]
        run.until(lambda: run.begun(ids[0]))
        return run.answers(*ids, run.ask(noise(12, 336, 252), max_tokens=8))

    mixed = asked()
    assert any(images and outputs for _, images, outputs in run.batches)
    run.batches.clear()
    run.scheduler._kv.let_go(())
    run.scheduler._batch._token_embeddings = None
    assert asked() == mixed
    assert not any(images and outputs for _, images, outputs in run.batches)

"""What the scheduler does step by step, with the embedded model."""

import pytest
from asking import READ, noise, plate, reading

from glm4v_ros.engine.answer import Delta, Stage
from glm4v_ros.engine.messages import Done, Failed
from glm4v_ros.engine.session import History
from glm4v_ros.errors import EngineFailed, HostOutOfMemory, OutOfMemory
from glm4v_ros.llama.interrupt import Interrupt
from glm4v_ros.llama.sampling import Sampling


def test_after_a_cancel_whoever_waited_for_the_same_frame_is_answered(run):
    left, stays = run.ask(plate(), text="where?"), run.ask(plate(), **reading("型号是什么?"))
    run.until(lambda: len([batch for batch in run.batches if batch[1]]) == 2)
    run.cancel(left)
    assert run.answer(stays) == READ["型号是什么?"]


def test_a_question_that_begins_as_the_one_before_it_pays_for_the_other_words_only(run):
    first, other, third = (reading(f"What is {what} number?") for what in ("the serial", "the serial or what", "which"))
    frame = plate()
    prompt = run.found_answer(run.ask(frame, **first)).prompt_tokens
    words = prompt - run.found_answer(run.ask(frame, **first)).image_tokens
    for asked in (first, other, third):
        del run.batches[:]
        answer = run.found_answer(run.ask(frame, **asked))
        assert 0 < run.batches[0][0] < words - 4
        if asked is first:
            assert answer.text == READ["What is the serial number?"] and run.batches[0][0] == 1
    run.until(lambda: run.scheduler.stage == "idle")
    assert run.scheduler.kv.kept == answer.prompt_tokens  # the frame once, and the words of the last question alone


def test_a_question_that_is_sampled_reads_all_of_its_words_each_time(run):
    """So that its seed gives the same answer whatever was asked before."""
    frame, asked = plate(), dict(text="型号是什么?", sampling=Sampling(temperature=2.0, top_k=50, seed=1))
    run.answer(run.ask(frame, max_tokens=1))
    texts, entries = set(), set()
    for _ in range(3):
        del run.batches[:]
        texts.add(run.answer(run.ask(frame, **asked)))
        entries.add(run.batches[0][0])
    assert len(texts) == len(entries) == 1 and entries.pop() > 8


def test_choices_that_begin_as_a_question_before_them_are_scored_alike(run):
    frame, asked = plate(), dict(text="型号是什么?", choices=("LVV9-70S1-9", "LVV8-70S1-9"))
    scores = []
    for _ in range(2):
        scores.append(run.found_answer(run.ask(frame, **asked)).choice_probabilities)
        run.answer(run.ask(frame, **reading("型号是什么?")))
    assert scores[0] == pytest.approx(scores[1], abs=0.05)


def stopped(run, monkeypatch, steps=2):
    """So many steps whose decodes are stopped in their midst."""
    with monkeypatch.context() as patch:
        patch.setattr(run.model.interrupt, "arm", run.model.interrupt.trip)
        for _ in range(steps):
            run.scheduler.step()
    run.model.interrupt.arm()


@pytest.mark.parametrize("pieces_before", [0, 1, 2, 3])
def test_a_decode_that_was_stopped_is_done_again(run, pieces_before, monkeypatch):
    """And nothing but that one: the pieces of the image before it stay."""
    ids = [run.ask(plate(), **reading(text)) for text in READ]
    run.until(lambda: len([batch for batch in run.batches if batch[1]]) == pieces_before)
    stopped(run, monkeypatch)
    assert run.answers(*ids) == [*READ.values()]
    assert sum(images for _, images, _ in run.batches) <= 4 + 2


def test_choices_that_were_stopped_are_scored_again(run, monkeypatch):
    frame, asked = noise(40), dict(text="is it?", choices=("yes it is", "no it is not", "who can tell?"))
    run.answer(run.ask(frame, max_tokens=1))
    alone = run.ask(frame, **asked)
    run.answer(alone)
    request_id = run.ask(frame, **asked)
    run.until(lambda: Delta(request_id, Stage.ANSWERING) in run.sent)
    stopped(run, monkeypatch)
    run.answer(request_id)
    first, second = (run.found(Done, one)[0].answer.choice_probabilities for one in (alone, request_id))
    assert first == pytest.approx(second, abs=0.05)  # the second finds words of the first, and reads the rest in another batch


def test_a_cancel_does_not_stop_a_decode_that_is_mostly_of_others(run, monkeypatch):
    trips = []
    monkeypatch.setattr(run.model.interrupt, "trip", lambda: trips.append(1))
    writing = run.ask(noise(41), max_tokens=1500)
    run.until(lambda: run.begun(writing))
    other = run.ask(noise(42, 336, 252), max_tokens=1)
    run.until(lambda: run.reading(other))
    run.cancel(writing)
    assert not trips
    run.cancel(other)
    assert trips


def test_frames_are_encoded_one_ahead_of_the_prefill(run):
    """The second of three is encoded while the first is prefilled, the third not before that is done."""
    ids = [run.ask(noise(seed, 336, 252), max_tokens=1) for seed in (15, 16, 17)]

    def encoding(request_id):
        return Delta(request_id, Stage.ENCODING) in run.sent

    run.until(lambda: encoding(ids[2]))
    assert run.begun(ids[0]) or sum(images for _, images, _ in run.batches) >= 3
    assert all(answer is not None for answer in run.answers(*ids))


@pytest.mark.parametrize("new, kept", [(3, True), (4, False)])
def test_in_a_rush_of_new_frames_the_old_ones_leave_the_kv_cache(run, new, kept):
    old = noise(18)
    run.answer(run.ask(old, max_tokens=1))
    run.answer(run.ask(old, max_tokens=1, session_id="talk"))
    other = noise(19)
    run.answer(run.ask(other, max_tokens=1))
    run.answers(*[run.ask(noise(seed), max_tokens=1) for seed in range(20, 20 + new)])
    assert (other.key in run.scheduler.kv.frame_keys) == kept
    assert other.key in run.scheduler.frames.keys
    assert old.key in run.scheduler.kv.frame_keys  # a conversation is about it


def test_an_error_of_one_questions_sampling_ends_that_one(run, monkeypatch):
    logits, bad = run.model.logits, []

    def failing(index):
        if bad and bad.pop():
            raise EngineFailed("llama.cpp gave no logits")
        return logits(index)

    monkeypatch.setattr(run.model, "logits", failing)
    victim, other = run.ask(plate(), text="who?"), run.ask(plate(), **reading("型号是什么?"))
    run.until(lambda: run.begun(victim) and run.begun(other))
    bad.append(True)
    assert isinstance(run.error(victim), EngineFailed)
    assert run.answer(other) == READ["型号是什么?"]


@pytest.fixture
def short(parts, monkeypatch):
    """Keys of frames that the tower fails to encode, and the error."""
    _, _, tower, _ = parts
    encode, errors = tower.encode, {}

    def failing(frame, *arguments):
        if frame.key in errors:
            raise errors[frame.key]
        return encode(frame, *arguments)

    monkeypatch.setattr(tower, "encode", failing)
    return errors


@pytest.mark.parametrize("error", [OutOfMemory("no memory for this picture"), MemoryError()])
def test_a_picture_for_which_memory_is_short_ends_its_question_alone(run, short, error):
    large = noise(44, 336, 252)
    short[large.key] = error
    victim, other = run.ask(large), run.ask(noise(45), max_tokens=4)
    assert isinstance(run.error(victim), OutOfMemory)
    assert run.answer(other) is not None


def test_several_frames_in_a_row_without_memory_of_the_system_end_the_worker(run, short):
    frames = [noise(seed) for seed in (50, 51, 52)]
    short.update((frame.key, MemoryError()) for frame in frames)
    for frame in frames[:2]:
        assert type(run.error(run.ask(frame))) is HostOutOfMemory
    last, beside = run.ask(frames[2]), run.ask(frames[2])
    with pytest.raises(HostOutOfMemory, match="ask again"):
        run.error(last)
    assert run.found(Failed, last) and run.found(Failed, beside)  # was sent before


def test_a_frame_that_is_encoded_between_shows_that_there_is_memory(run, short):
    frames = [noise(seed) for seed in range(53, 59)]
    short.update((frame.key, MemoryError()) for index, frame in enumerate(frames) if index % 3)
    ends = [run.ask(frame, max_tokens=1) for frame in frames]
    run.until(lambda: all(run.found(Done, one) or run.found(Failed, one) for one in ends))
    assert [bool(run.found(Failed, one)) for one in ends] == [False, True, True] * 2


def test_the_same_frame_again_without_memory_may_be_too_large_alone(run, short):
    frame = noise(59)
    short[frame.key] = MemoryError()
    for budget in (0, 0, 8, 6, 4):
        assert type(run.error(run.ask(frame, max_image_tokens=budget))) is HostOutOfMemory
    assert run.answer(run.ask(noise(60), max_tokens=1)) is not None


def test_frames_for_which_a_gpu_has_no_room_leave_the_worker_as_it_is(run, short):
    """The next one would have no more."""
    frames = [noise(seed) for seed in range(61, 66)]
    short.update((frame.key, OutOfMemory("no room")) for frame in frames)
    for frame in frames:
        assert type(run.error(run.ask(frame))) is OutOfMemory
    assert run.answer(run.ask(noise(66), max_tokens=1)) is not None


def test_every_decode_is_progress_where_its_nodes_are_not_counted(gpu_run, monkeypatch):
    """A GPU never asks whether it is to stop, so that the interrupt alone sees nothing move."""
    monkeypatch.setattr(Interrupt, "progress", 1)
    request_id = gpu_run.ask(noise(46), max_tokens=16)
    seen = []
    while not gpu_run.found(Done, request_id):
        before = len(gpu_run.batches)
        gpu_run.scheduler.step()
        if len(gpu_run.batches) > before:
            seen.append(gpu_run.model.progress)
    assert len(seen) > 15 and len(set(seen)) == len(seen)


def test_the_end_of_a_question_costs_as_much_with_many_sessions_as_with_few(run, monkeypatch):
    frame, looks = noise(47), []
    for number in range(40):
        run.answer(run.ask(frame, max_tokens=1, session_id=f"talk {number}"))
    pictures = History.all_pictures.fget
    monkeypatch.setattr(History, "all_pictures", property(lambda self: looks.append(1) or pictures(self)))
    run.answer(run.ask(frame, max_tokens=1))
    assert len(looks) <= 4

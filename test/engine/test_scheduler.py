"""What the scheduler puts into one decode, step by step, with the embedded model."""

import time

import pytest
from asking import noise, question

from glm4v_ros.catalog.pair import Pair
from glm4v_ros.engine.answer import Delta
from glm4v_ros.engine.chat_template import ChatTemplate
from glm4v_ros.engine.config import EngineConfig
from glm4v_ros.engine.language_model import LanguageModel
from glm4v_ros.engine.llama_log import LlamaLog
from glm4v_ros.engine.messages import Ask, Cancel, Done
from glm4v_ros.engine.scheduler import Scheduler
from glm4v_ros.vision.towers import make_tower

PIECE = 32  # tokens in one decode
MOST_STEPS = 1000


class Shared:
    """A frame as the worker sees it."""

    def __init__(self, frame):
        self._frame, self.key = frame, frame.key

    def frame(self):
        return self._frame


class Encoder:
    """Encodes at once, in the scheduler's thread, unless it is told to hold back."""

    def __init__(self, scheduler, tower):
        self._scheduler, self._tower = scheduler, tower
        self.busy, self.holds_back, self.pauses = False, False, []

    def submit(self, job):
        if not self.holds_back:
            job.image = self._tower.encode(job.shared.frame(), job.budget)
            self._scheduler.post(job)

    def pause(self, paused):
        self.pauses.append(paused)

    def look(self):
        pass


class Run:
    """A scheduler, what it decoded as (entries, image pieces, outputs), and what it sent."""

    def __init__(self, parts, monkeypatch):
        config, self.model, tower, template = parts
        self.sent, self.batches = [], []
        self.model.clear()
        self.scheduler = Scheduler(config, self.model, tower, template, self.sent.extend)
        self.encoder = self.scheduler._encoder = Encoder(self.scheduler, tower)
        decode = self.model.decode

        def recorded(batch):
            self.batches.append((batch.size, len(batch._images), len(batch.outputs)))
            decode(batch)

        monkeypatch.setattr(self.model, "decode", recorded)

    def ask(self, frame, **fields):
        asked = question(**fields)
        self.scheduler.post((Ask(asked, (), time.monotonic()), [Shared(frame)]))
        return asked.request_id

    def cancel(self, request_id):
        self.scheduler.post((Cancel(request_id), []))

    def until(self, condition):
        for _ in range(MOST_STEPS):
            if condition():
                return
            self.scheduler.step()
        raise AssertionError(f"not within {MOST_STEPS} steps: {self.batches[-20:]}")

    def begun(self, request_id) -> bool:
        return any(isinstance(m, Delta) and m.request_id == request_id and m.text for m in self.sent)

    def answer(self, request_id) -> str:
        def found():
            return [m.answer.text for m in self.sent if isinstance(m, Done) and m.answer.request_id == request_id]

        self.until(found)
        return found()[0]

    def answers(self, *request_ids) -> list[str]:
        return [self.answer(request_id) for request_id in request_ids]


@pytest.fixture(scope="module")
def parts(nano_f32):
    config = EngineConfig(
        Pair.of(nano_f32).complete(nano_f32), threads=1, gpu_layers=0, kv_type="f32", context_tokens=2048, batch_tokens=PIECE,
        max_parallel=6, speculation=False,
    )  # fmt: skip
    log = LlamaLog()
    model = LanguageModel(config, log, lambda _: True)
    tower = make_tower(config, model, log, lambda: None)
    tower.load()
    yield config, model, tower, ChatTemplate(model.chat_template, model.tokenize)
    tower.free()
    model.free()


@pytest.fixture
def run(parts, monkeypatch):
    return Run(parts, monkeypatch)


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
    monkeypatch.setattr("glm4v_ros.engine.scheduler._TOKEN_EVERY", 3600.0)
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

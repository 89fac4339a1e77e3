"""What one caller may not do to another: the engine as its callers see it, with several of them or with a worker that is lost."""

import os
import signal
import threading
import time
from collections import Counter

import pytest
from asking import PATIENCE, ask, noise, question, rambling

from glm4v_ros.engine import supervisor
from glm4v_ros.engine.answer import Stage
from glm4v_ros.engine.client import EngineClient
from glm4v_ros.engine.config import EngineConfig
from glm4v_ros.errors import BadRequest, Canceled, EngineFailed
from glm4v_ros.vision import shared_frame


class Deltas(list):
    """Collects what comes, and tells when a stage is reached."""

    def __init__(self):
        self.stage = {stage: threading.Event() for stage in Stage}

    def __call__(self, delta):
        self.append(delta)
        self.stage[delta.stage].set()

    def wait_for(self, stage):
        assert self.stage[stage].wait(PATIENCE)

    @property
    def text(self) -> str:
        return "".join(delta.text for delta in self)


@pytest.fixture
def fresh(nano):
    """Makes engines of a test's own."""
    clients = []

    def make(**fields):
        clients.append(EngineClient(EngineConfig(nano, **{"threads": 1, "context_tokens": 2048, **fields})))
        clients[-1].start()
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def test_a_question_about_a_known_frame_does_not_wait_for_the_prefill_of_another(fresh):
    engine = fresh(image_max_tokens=1200)  # a long prefill
    known = noise(200)
    ask(engine, [known])
    deltas = Deltas()
    other = engine.ask(question(), [noise(201, 1120, 840)], deltas)
    deltas.wait_for(Stage.PREFILL)
    for number in range(3):
        ask(engine, [known], f"{number}?", max_tokens=1)
        assert not deltas.stage[Stage.ANSWERING].is_set()
    assert other.result(PATIENCE).image_tokens == 1200


def test_cancels_of_others_do_not_undo_a_prefill(fresh):
    engine = fresh(image_max_tokens=1200)  # a long prefill
    known, new = noise(202), noise(203, 1120, 840)
    ask(engine, [known])
    deltas, canceled = Deltas(), 0
    future = engine.ask(question(), [new], deltas)
    deltas.wait_for(Stage.PREFILL)
    while not future.done():
        talk, asked = Deltas(), question(max_tokens=1000)
        other = engine.ask(asked, [known], talk)
        talk.wait_for(Stage.ANSWERING)
        engine.cancel(asked.request_id)
        with pytest.raises(Canceled):
            other.result(PATIENCE)
        canceled += 1
    assert future.result(PATIENCE).text
    assert canceled < 100  # with a prefill that began anew each time there would be no end of it


def test_nobody_gets_less_than_a_fair_share(fresh):
    """One session with eight questions in flight, three with one, and callers without a session."""
    engine = fresh(max_parallel=1)
    frame, shares, total = noise(204), Counter(), 240
    ask(engine, [frame])
    stop, lock = threading.Event(), threading.Lock()
    parties = {"eager": 8, "b": 1, "c": 1, "d": 1, "": 1}

    def caller(session_id):
        while not stop.is_set():
            ask(engine, [frame], "?", session_id=session_id, max_tokens=1)
            with lock:
                shares[session_id] += 1
                if sum(shares.values()) >= total:
                    stop.set()
            if session_id:
                engine.reset_session(session_id)

    threads = [threading.Thread(target=caller, args=(one,)) for one, count in parties.items() for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert min(shares[party] for party in parties) >= 0.8 * total / len(parties), shares


def test_a_session_whose_question_waits_is_not_idle(fresh):
    engine = fresh(max_parallel=1, session_idle_s=1.5, context_tokens=16384)
    deltas, running, enough, asked_at = Deltas(), rambling(max_tokens=100_000), threading.Event(), []

    def hear(delta):
        deltas(delta)
        if asked_at and time.monotonic() - asked_at[0] > 3.0:
            enough.set()

    ask(engine, [noise(206)], max_tokens=1)
    ask(engine, [noise(205)], session_id="talk")
    long = engine.ask(running, [noise(206)], hear)
    deltas.wait_for(Stage.ANSWERING)
    follow_up = engine.ask(question(session_id="talk"), [])
    asked_at.append(time.monotonic())
    assert enough.wait(PATIENCE)  # longer than a session may be idle
    assert not follow_up.done()
    engine.cancel(running.request_id)
    with pytest.raises(Canceled):
        long.result(PATIENCE)
    assert follow_up.result(PATIENCE).image_tokens == 12


def test_a_session_whose_question_waits_keeps_its_picture_though_memory_is_short(fresh):
    engine = fresh(max_parallel=1, embedding_bytes=14_000)  # of one picture
    ask(engine, [noise(207)], session_id="talk")
    deltas = Deltas()
    other = engine.ask(question(session_id="other", max_tokens=60), [noise(208)], deltas)
    deltas.wait_for(Stage.ANSWERING)
    follow_up = engine.ask(question(session_id="talk"), [])
    assert other.result(PATIENCE).text and follow_up.result(PATIENCE).image_tokens == 12
    with pytest.raises(BadRequest):
        ask(engine, [], session_id="other")


def test_more_image_tokens_for_a_sessions_frame_are_used(fresh):
    engine, frame = fresh(), noise(209, 448, 336)
    assert ask(engine, [frame], session_id="talk", max_image_tokens=40).image_tokens <= 40
    assert ask(engine, [frame], session_id="talk").image_tokens == 192
    assert ask(engine, [], session_id="talk").image_tokens == 192


def test_the_beginning_of_an_answer_is_streamed_once_though_the_worker_is_lost(fresh):
    engine = fresh()
    deltas, asked = Deltas(), rambling(max_tokens=400, retry_on_crash=True)
    future = engine.ask(asked, [noise(210)], deltas)
    deltas.wait_for(Stage.ANSWERING)
    os.kill(engine.status.worker_pid, signal.SIGKILL)
    answer = future.result(PATIENCE)
    assert answer.completion_tokens == 400 and deltas.text == answer.text and engine.status.worker_restarts == 1


def test_start_hears_nothing_of_the_engine_before(nano, monkeypatch):
    """While the engine that gave up still tells its callers so, the next one is started."""
    monkeypatch.setattr(supervisor, "BACK_OFF", (0.0,))
    begun, outcome = threading.Event(), []

    def start_again():
        try:
            outcome.append(engine.start(lambda _: begun.set()))
        except EngineFailed as error:
            outcome.append(error)

    again = threading.Thread(target=start_again)

    def on_status(status):
        if not status.alive and not status.failed and not again.ident:  # it may be the last time
            engine.ask(question(), [noise(211)]).add_done_callback(on_end)

    def on_end(future):
        if "in a row" in str(future.exception()) and not again.ident:
            engine.limit_memory(0)
            again.start()
            assert begun.wait(PATIENCE)

    with EngineClient(EngineConfig(nano, threads=1), on_status=on_status) as engine:
        engine.start()
        engine.limit_memory(1)
        while not again.ident:
            assert not begun.wait(0.05)
        again.join(PATIENCE)
        assert outcome == [None]
        assert ask(engine, [noise(211)]).text


def test_too_many_open_files_cost_one_question_and_not_the_worker(fresh, monkeypatch):
    engine = fresh()
    expected = ask(engine, [noise(212)], deterministic=True).text
    pid = engine.status.worker_pid

    def fail(_frame):
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(shared_frame, "descriptor", fail)
        with pytest.raises(EngineFailed, match="Too many open files"):
            ask(engine, [noise(213)])
    assert ask(engine, [noise(212)], deterministic=True).text == expected and engine.status.worker_pid == pid


def test_as_many_as_are_allowed_are_answered(nano):
    with EngineClient(EngineConfig(nano, threads=1, context_tokens=4096, max_parallel=256)) as engine:
        engine.start()
        futures = [engine.ask(question(f"{number}?", max_tokens=3), [noise(1)]) for number in range(130)]
        assert all(future.result(PATIENCE).completion_tokens == 3 for future in futures)

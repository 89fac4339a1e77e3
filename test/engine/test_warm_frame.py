"""A frame made ready while nobody asks, step by step with the embedded model."""

from asking import READ, noise, plate, reading

from glm4v_ros.engine.messages import Encoded
from glm4v_ros.errors import EngineFailed


def ready(run, frame) -> bool:
    return frame.key in run.scheduler.kv.frame_keys


def test_a_warm_frame_is_prefilled_while_nobody_asks(run):
    frame = noise(30, 336, 252)
    run.warm(frame)
    run.until(lambda: ready(run, frame))
    assert Encoded(frame.key) in run.sent
    run.batches.clear()
    run.answer(run.ask(frame, max_tokens=1))
    assert [images for _, images, _ in run.batches] == [0]


def test_a_question_about_another_frame_ends_the_prefill_of_a_warm_one(run):
    warm = noise(31, 336, 252)
    run.warm(warm)
    run.until(lambda: run.batches and run.batches[-1][1])
    first, *others = READ
    assert run.answer(run.ask(plate(), **reading(first))) == READ[first]
    assert not ready(run, warm)
    assert [run.answer(run.ask(plate(), **reading(text))) for text in others] == [READ[text] for text in others]


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
    run.until(lambda: ready(run, new))
    assert not ready(run, old)


def test_one_that_cannot_be_prefilled_is_given_up(run, monkeypatch, caplog):
    frame, decodes = noise(36), []

    def fail(*batches):
        decodes.append(batches)
        raise EngineFailed("llama.cpp could not decode")

    with monkeypatch.context() as patch:
        patch.setattr(run.model, "decode", fail)
        run.warm(frame)
        run.until(lambda: decodes)
        for _ in range(3):
            run.scheduler.step()
    assert len(decodes) == 1 and caplog.text.count("made ready ahead") == 1
    assert run.answer(run.ask(frame, max_tokens=4))


def test_one_that_cannot_be_encoded_is_given_up(run, parts, monkeypatch, caplog):
    _, _, tower, _ = parts

    def fail(*_):
        raise EngineFailed("no tower")

    monkeypatch.setattr(tower, "encode", fail)
    run.warm(noise(37))
    run.until(lambda: "no tower" in caplog.text)
    run.scheduler.step()
    assert caplog.text.count("no tower") == 1

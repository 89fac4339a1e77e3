"""Sentences of owners who are known by name, with a speaker whose sound lasts until it is told."""

import pytest
from speech_doubles import Stage, Words

from glm4v_ros.speech.owners import Owners
from glm4v_ros.speech.speaker import Speaker
from glm4v_ros.speech.voice import SpeechError


@pytest.fixture
def stage():
    return Stage(held=True)


@pytest.fixture
def speaker(stage):
    speaker = Speaker(Words(), stage, tail=0.0, repeat_window=60.0, max_queue=4)
    yield speaker
    speaker.close()


@pytest.fixture
def owners(speaker):
    return Owners(speaker)


@pytest.fixture
def finish(stage, speaker):
    """Lets everything be said; what it was."""

    def finish():
        stage.cue.set()
        assert speaker.say("The end.").future.result(60)
        assert stage.words[-1] == "en:The end."
        return stage.words[:-1]

    return finish


def test_each_sentence_of_an_owner_is_said_once(owners, finish):
    for index, text in enumerate(("", "One.", "One.", "Two.")):
        owners.take("a", index, text, index == 3)
        owners.take("a", index, text, index == 3)
    assert finish() == ["en:One.", "en:One.", "en:Two."]


def test_those_who_are_there(owners, finish):
    owners.take("announced", 0, "", False)
    owners.take("a", 0, "", False)
    owners.take("a", 1, "One.", True)
    owners.take("empty", 0, "", True)
    assert owners.there == ["announced", "a"]
    finish()
    assert owners.there == ["announced"]


def test_silence_takes_what_is_said_what_waits_and_what_comes(owners, stage, finish):
    owners.take("a", 0, "One.", False)
    stage.began.acquire(timeout=60)
    owners.take("b", 0, "B.", True)
    owners.take("a", 1, "Two.", False)
    owners.silence("a")
    owners.take("a", 2, "Three.", True)
    assert owners.there == ["b"]
    assert finish() == ["en:One.", "en:B."]


def test_silence_of_all_names_them(owners, finish):
    owners.take("a", 0, "One.", False)
    owners.take("b", 0, "", False)
    assert owners.silence_all() == ["a", "b"] and owners.there == []
    owners.take("b", 1, "Two.", True)
    owners.take("c", 0, "Three.", True)
    assert finish()[-1] == "en:Three."


def test_what_has_no_room_is_refused_and_the_owner_goes_on(owners, stage):
    owners.take("a", 0, "Zero.", False)
    stage.began.acquire(timeout=60)
    for index in range(1, 5):
        owners.take("a", index, f"{index}.", False)
    with pytest.raises(SpeechError, match="max_queue"):
        owners.take("a", 5, "Five.", False)
    stage.cue.set()


def test_owners_that_never_end_are_forgotten(owners):
    for number in range(1000):
        owners.take(str(number), 0, "", False)
        owners.silence(f"other {number}")
    assert 100 < len(owners.there) < 500 and owners.there[-1] == "999"

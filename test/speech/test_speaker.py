"""The queue in front of the voice. The voice is real unless the test is about the order of things."""

import threading
import time

import pytest
from speech_doubles import Stage, Words

from glm4v_ros.speech.speaker import Speaker
from glm4v_ros.speech.synthesizer import Synthesizer
from glm4v_ros.speech.voice import Repeated, SpeechError


@pytest.fixture
def make():
    speakers = []

    def speaker(output, synthesizer=None, **arguments):
        speakers.append(Speaker(synthesizer or Words(), output, **{"tail": 0.0, **arguments}))
        return speakers[-1]

    yield speaker
    for each in speakers:
        each.close()


def test_each_sentence_in_its_own_language(make):
    stage = Stage()
    heard = []
    assert make(stage).say("It is 5 V. 电压5V。", on_sentence=heard.append).future.result(60) is True
    assert stage.words == ["en:It is five volts.", "zh:电压五伏。"]
    assert heard == ["It is 5 V.", "电压5V。"]


def test_the_real_voice(make):
    stage = Stage()
    assert make(stage, Synthesizer()).say("It is 5 V. 电压5V。").future.result(60) is True
    assert [0.5 < pcm.seconds < 4 for pcm in stage.heard] == [True, True]


def test_stop_silences_and_drops_what_waits(make):
    stage = Stage(held=True)
    speaker = make(stage)
    utterances = [speaker.say(text) for text in ("One. Two.", "Three.")]
    stage.began.acquire(timeout=60)
    assert speaker.stop() == 3
    assert [utterance.future.result(60) for utterance in utterances] == [False, False]
    stage.cue.set()
    assert speaker.say("Four.").future.result(60)
    assert stage.words == ["en:One.", "en:Four."]


def test_interrupt(make):
    stage = Stage(held=True)
    speaker = make(stage)
    first = speaker.say("One.")
    stage.began.acquire(timeout=60)
    second = speaker.say("Two.", interrupt=True)
    assert first.future.result(60) is False
    stage.cue.set()
    assert second.future.result(60) is True


def test_cancel_takes_one_utterance_only(make):
    stage = Stage(held=True)
    speaker = make(stage)
    utterances = [speaker.say(text) for text in ("One.", "Two.", "Three.")]
    stage.began.acquire(timeout=60)
    speaker.cancel(utterances[1])
    speaker.cancel(utterances[0])
    stage.cue.set()
    assert [utterance.future.result(60) for utterance in utterances] == [False, False, True]


def test_priority_goes_first_and_order_is_kept(make):
    stage = Stage(held=True)
    speaker = make(stage)
    texts = [("now", 0), ("a", 0), ("b", 0), ("urgent", 9), ("c", 0)]
    utterances = [speaker.say(text, priority=priority) for text, priority in texts[:1]]
    stage.began.acquire(timeout=60)
    utterances += [speaker.say(text, priority=priority) for text, priority in texts[1:]]
    stage.cue.set()
    assert all(utterance.future.result(60) for utterance in utterances)
    assert stage.words == ["en:now", "en:urgent", "en:a", "en:b", "en:c"]


def test_a_full_queue_refuses_and_goes_on(make):
    stage = Stage(held=True)
    speaker = make(stage, max_queue=2)
    first = speaker.say("now")
    stage.began.acquire(timeout=60)
    kept = [speaker.say("a"), speaker.say("b")]
    with pytest.raises(SpeechError, match="2 sentences wait already"):
        speaker.say("c")
    stage.cue.set()
    assert all(utterance.future.result(60) for utterance in [first, *kept])
    assert speaker.say("c").future.result(60)


@pytest.mark.parametrize(
    "text, language, says", [("a" * 10_001, "", "10000"), ("a", "en us", "BCP 47"), ("a", "<|user|>", "BCP 47"), ("a", "e" * 99, "BCP 47")]
)
def test_what_nobody_says(make, text, language, says):
    with pytest.raises(SpeechError, match=says):
        make(Stage()).say(text, language)


def test_the_same_sentence_is_not_repeated_within_the_window(make):
    stage = Stage()
    speaker = make(stage, repeat_window=60.0)
    assert speaker.say("Hello. You. Hello.").future.result(60) is True
    for text in ("hello.", "HELLO.  ", "Hello. You."):
        with pytest.raises(Repeated, match="repeat_window"):
            speaker.say(text).future.result(60)
    assert stage.words == ["en:Hello.", "en:You.", "en:Hello."]
    with pytest.raises(Repeated, match="'You.'"):
        speaker.say("You. And me.").future.result(60)  # the rest is said
    assert stage.words[3:] == ["en:And me."]
    speaker.say("Hello.", interrupt=True).future.result(60)
    assert speaker.say("Hello.", again=True).future.result(60)
    speaker.repeat_window = 0.0
    assert speaker.say("Hello.").future.result(60)
    assert stage.words[4:] == ["en:Hello."] * 3


def test_what_is_said_four_times_in_one_text_is_said_four_times(make):
    stage = Stage()
    assert make(stage, repeat_window=60.0).say("Stop! Stop! Stop! Fire.").future.result(60) is True
    assert stage.words == ["en:Stop!"] * 3 + ["en:Fire."]


def test_after_a_stop_the_same_answer_may_be_said_again(make):
    stage = Stage()
    speaker = make(stage, repeat_window=60.0)
    for _ in range(2):
        assert speaker.say("24 V").future.result(60)
        speaker.stop()
    assert len(stage.words) == 2


def test_a_sentence_that_was_cut_off_may_be_said_again(make):
    stage = Stage(held=True)
    speaker = make(stage, repeat_window=60.0)
    speaker.say("Hello.")
    stage.began.acquire(timeout=60)
    speaker.stop()
    stage.cue.set()
    assert speaker.say("Hello.").future.result(60) is True
    assert len(stage.words) == 2


def test_a_sentence_that_fails_ends_its_utterance_only(make):
    errors = []
    stage = Stage()
    speaker = make(stage, on_error=errors.append)
    for text in ("crash", "crash 2", "bug"):
        with pytest.raises(SpeechError):
            speaker.say(text).future.result(60)
    assert speaker.say("fine").future.result(60) is True
    with pytest.raises(SpeechError):
        speaker.say("crash").future.result(60)
    # Reported once while the same trouble lasts.
    assert ["failed" in str(error) for error in errors] == [True, False, True]


def test_speaking_is_true_from_before_the_first_sound_to_after_the_last(make):
    stage = Stage(held=True)
    changes = []
    silent = threading.Event()

    def on_speaking(speaking):
        changes.append((speaking, len(stage.heard)))
        if not speaking:
            silent.set()

    speaker = make(stage, on_speaking=on_speaking)
    speaker.say("One. Two. Three.")
    stage.began.acquire(timeout=60)
    assert changes == [(True, 0)]
    stage.cue.set()
    assert silent.wait(60)
    assert changes == [(True, 0), (False, 3)]


def test_rate_and_volume_change_while_it_runs(make):
    stage, words = Stage(), Words()
    speaker = make(stage, words)
    speaker.say("one").future.result(60)
    speaker.rate, speaker.volume = 300, 0.0
    speaker.say("two").future.result(60)
    assert words.rates == [170, 300]
    assert stage.heard[1].data == bytes(64)


@pytest.mark.parametrize("text", [" ... ", "😀", "👍🏽 ❤️", "***", "___", "<think>Hm.</think>", "（）", ""])
def test_nothing_to_say_is_not_said(make, text):
    with pytest.raises(SpeechError, match="nothing to say"):
        make(Stage()).say(text)


def test_what_is_silent_is_no_part_of_a_text(make):
    stage = Stage()
    assert make(stage).say("😀 Hello.\n\n___\n\nYou.").future.result(60) is True
    assert stage.words == ["en:Hello.", "en:You."]


def test_a_voice_that_makes_no_sound_has_not_spoken(make):
    with pytest.raises(SpeechError, match="made no sound"):
        make(Stage()).say("mute").future.result(60)


def test_trouble_is_known_before_anything_is_said_and_goes_by_itself(make):
    stage, words, errors = Stage(), Words(), []
    stage.broken, words.missing = "no card", "no voice"
    speaker = make(stage, words, recheck=0.01, on_error=errors.append)
    for _ in range(3):
        assert stage.checked.acquire(timeout=60)
    assert (speaker.voice_trouble.text, speaker.output_trouble.text) == ("no voice", "no card")
    with pytest.raises(SpeechError, match="no card"):
        speaker.say("Hello.").future.result(60)
    assert [str(error) for error in errors] == ["no voice", "no card"]  # each is told once
    assert speaker.voice_trouble.text == ""  # it spoke
    stage.broken = ""
    deadline = time.monotonic() + 10
    while speaker.output_trouble.text and time.monotonic() < deadline:
        time.sleep(0.001)
    assert speaker.output_trouble.text == ""
    assert speaker.say("Hello.").future.result(60) is True and speaker.said == 1


def test_without_recheck_nothing_is_tried_ahead(make):
    stage = Stage()
    stage.broken = "no card"
    speaker = make(stage)
    with pytest.raises(SpeechError, match="no card"):
        speaker.say("Hello.").future.result(60)
    assert not stage.checked.acquire(blocking=False)


def test_close_ends_everything(make):
    stage = Stage(held=True)
    speaker = make(stage)
    utterance = speaker.say("One. Two.")
    stage.began.acquire(timeout=60)
    speaker.close()
    assert utterance.future.result(60) is False
    with pytest.raises(SpeechError, match="shut down"):
        speaker.say("Three.")


def test_five_hundred_answers_at_once(make):
    """Bounded, in order, and the voice is alive at the end."""
    stage = Stage(held=True)
    speaker = make(stage, max_queue=500, repeat_window=0.0)
    utterances = [speaker.say(f"Answer {i}.") for i in range(500)]
    deepest = speaker.queued
    stage.cue.set()
    assert all(utterance.future.result(60) for utterance in utterances)
    assert len(stage.heard) == 500 and deepest <= 500
    order = [words for words in stage.words]
    stage.heard.clear()
    for i in range(500):
        assert speaker.say(f"Answer {i}.").future.result(60)
    assert order == stage.words


def test_prefetch_lets_no_gap_between_sentences(make):
    """While one sentence is heard the next is synthesised."""
    stage = Stage(held=True)
    words = Words()
    speaker = make(stage, words)
    speaker.say("One.")
    stage.began.acquire(timeout=60)
    speaker.say("Two.")
    speaker.say("Three.")
    deadline = time.monotonic() + 0.2
    while len(words.rates) < 2 and time.monotonic() < deadline:
        time.sleep(0.001)
    assert stage.words == ["en:One."]

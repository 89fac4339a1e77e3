"""What a speech recogniser understands of the voice: pocketsphinx, which ships its English model."""

import difflib
import os

import numpy as np
import pytest

from glm4v_ros.speech.spoken_form import spoken_form
from glm4v_ros.speech.synthesizer import Synthesizer

pocketsphinx = pytest.importorskip("pocketsphinx", reason="pocketsphinx has no wheel for this Python")

ANSWERS = ["1029384756", "0471", "192-168-0012", "0038", "5550123", "0907", "0062184", "7319402", "008826", "003501"]
DIGITS = "zero one two three four five six seven eight nine".split()
GRAMMAR = f"#JSGF V1.0;\ngrammar digits;\npublic <digits> = <digit>+;\n<digit> = {' | '.join(DIGITS)};\n"
WORD_INSERTION_PROBABILITY = 0.002  # the default hears one digit as two


@pytest.fixture(scope="module")
def recognise(tmp_path_factory):
    grammar = tmp_path_factory.mktemp("recogniser") / "digits.jsgf"
    grammar.write_text(GRAMMAR)
    decoder = pocketsphinx.Decoder(jsgf=str(grammar), samprate=16000, wip=WORD_INSERTION_PROBABILITY, loglevel="FATAL",
                                   logfn=os.devnull)  # fmt: skip
    noise = np.random.default_rng(0)

    def recognise(pcm):
        samples = np.frombuffer(pcm.resampled(16000).data, "<i2")
        # A room is never silent; digital silence misleads the recogniser.
        samples = np.pad(samples, 6000) + noise.normal(0, 20, len(samples) + 12000)
        decoder.start_utt()
        decoder.process_raw(samples.astype("<i2").tobytes(), full_utt=True)
        decoder.end_utt()
        return "".join(str(DIGITS.index(word)) for word in decoder.hyp().hypstr.split()) if decoder.hyp() else ""

    return recognise


def test_the_digits_of_ten_answers(recognise, record_property):
    synthesizer = Synthesizer()
    right = total = whole = 0
    for answer in ANSWERS:
        expected = answer.replace("-", "")
        words = spoken_form(answer, "en").replace("dash", ",")
        heard = recognise(synthesizer.synthesize(words, "en", 140))
        right += sum(block.size for block in difflib.SequenceMatcher(None, expected, heard).get_matching_blocks())
        total += len(expected)
        whole += heard == expected
    synthesizer.close()
    record_property("digits", f"{right}/{total}, {whole} of {len(ANSWERS)} answers")
    print(f"{right} of {total} digits, {whole} of {len(ANSWERS)} whole answers")
    # espeak-ng is a formant voice and pocketsphinx was trained on people: single digits are lost.
    assert right / total > 0.85

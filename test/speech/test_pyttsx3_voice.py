"""The voice pyttsx3 in a process of its own, as the synthesiser has it: espeak-ng is one for a whole process."""

import json
import subprocess
import sys

#: Prints how many bytes each of two sentences has, at two rates, twenty times over.
SCRIPT = """
import json
from glm4v_ros.speech.pyttsx3_voice import Pyttsx3Voice

voice = Pyttsx3Voice()
from pyttsx3.drivers import _espeak

_espeak.Synchronize = lambda: 0
print(json.dumps([
    [len(voice.synthesize(words, language, rate).data) for _ in range(20)]
    for words, language in (("The pressure is two bar.", "en"), ("压力是两巴。", "zh")) for rate in (120, 240)
]))
"""


def test_every_sentence_is_heard_whole_and_at_its_rate():
    """Also where espeak_Synchronize() does not wait, as on a crowded machine: a sentence came silent, or at another rate."""
    environment = {"PYTHONPATH": ":".join(path for path in sys.path if path)}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, stdout=subprocess.PIPE, text=True, check=True)
    lengths = json.loads(done.stdout.splitlines()[-1])
    # espeak-ng itself varies a sound by some samples.
    assert all(min(one) > 10_000 and max(one) < 1.01 * min(one) for one in lengths), lengths
    english, chinese = lengths[:2], lengths[2:]
    assert english[0][0] > 1.5 * english[1][0] and chinese[0][0] > 1.5 * chinese[1][0]

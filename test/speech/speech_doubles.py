"""A voice and an output for tests about the order of things."""

import threading

from glm4v_ros.speech.pcm import Pcm
from glm4v_ros.speech.voice import SpeechError


class Words:
    """A synthesiser whose sound is the words themselves."""

    def __init__(self):
        self.rates = []
        self.missing = ""  # why the voice cannot be loaded

    def start(self):
        if self.missing:
            raise SpeechError(self.missing)

    def synthesize(self, words, language, rate):
        if "crash" in words:
            raise SpeechError("the voice failed")
        if "bug" in words:
            raise ZeroDivisionError
        if "mute" in words:
            return Pcm(b"", 22050)
        self.rates.append(rate)
        return Pcm(f"{language}:{words}|".encode().ljust(64), 22050)

    def close(self):
        pass


class Stage:
    """An output on which a piece of sound lasts until ``cue`` is set."""

    def __init__(self, held=False):
        self.heard = []
        self.began = threading.Semaphore(0)
        self.cue = threading.Event()
        self.broken = ""  # why it does not play
        self.checked = threading.Semaphore(0)
        if not held:
            self.cue.set()

    def check(self):
        self.checked.release()
        if self.broken:
            raise SpeechError(self.broken)

    def play(self, pcm):
        if self.broken:
            raise SpeechError(self.broken)
        self.heard.append(pcm)
        self.began.release()
        return Playback(self.cue)

    @property
    def words(self):
        return [pcm.data.decode().strip().rstrip("|") for pcm in self.heard]

    def close(self):
        pass


class Playback:
    def __init__(self, cue):
        self._cue, self._stopped = cue, threading.Event()

    def wait(self):
        while not self._cue.wait(0.001) and not self._stopped.is_set():
            pass

    def stop(self):
        self._stopped.set()

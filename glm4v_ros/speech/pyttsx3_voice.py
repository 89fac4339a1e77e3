"""The voice that needs no model: pyttsx3 with espeak-ng."""

from __future__ import annotations

import ctypes
import os

from glm4v_ros.speech.language import base_language
from glm4v_ros.speech.pcm import Pcm
from glm4v_ros.speech.voice import SpeechError

_IDS = {"zh": ("cmn", "zh"), "en": ("en-us", "en")}  # espeak-ng's names, the better one first


class Pyttsx3Voice:
    """espeak-ng of the system or, where there is none, of the wheel espeakng-loader.

    Through pyttsx3's binding, not its engine: that lets espeak-ng work in a thread, of whose end there is no sure sign.
    Its own espeak_Synchronize() returns at once if a command has not begun yet, which on a crowded machine loses a
    sentence or its rate. And the engine speaks by way of a file; here what is said never comes to lie on a disk.
    """

    def __init__(self):
        _make_espeak_available()
        try:
            from pyttsx3.drivers import _espeak as espeak
        except ImportError as error:
            raise SpeechError("the voice pyttsx3 is not installed: build this package again (docs/install.md)") from error
        except RuntimeError as error:
            raise SpeechError(f"espeak-ng does not start ({error}): apt install libespeak-ng1") from error
        self._sample_rate = espeak.Initialize(espeak.AUDIO_OUTPUT_SYNCHRONOUS)
        if self._sample_rate <= 0:
            raise SpeechError("espeak-ng does not start: apt install --reinstall libespeak-ng1 espeak-ng-data")
        self._espeak = espeak
        espeak.SetSynthCallback(self._take)
        identifiers = [voice.identifier.decode().lower() for voice in espeak.ListVoices()]
        self._ids = {identifier.rpartition("/")[2]: identifier for identifier in identifiers}
        self._sound = bytearray()

    def _voice_id(self, language: str) -> str:
        names = (language.lower(), *_IDS.get(base_language(language), ()), base_language(language))
        for name in names:
            if name in self._ids:
                return self._ids[name]
        raise SpeechError(f"espeak-ng has no voice for the language {language!r}")

    def synthesize(self, words: str, language: str, rate: int) -> Pcm:
        espeak, self._sound = self._espeak, bytearray()
        failed = espeak.SetVoiceByName(self._voice_id(language).encode())
        failed = failed or espeak.SetParameter(espeak.RATE, rate, 0)
        failed = failed or espeak.Synth(words, flags=espeak.ENDPAUSE | espeak.CHARS_UTF8)
        if failed:
            raise SpeechError(f"espeak-ng gave no sound for {words!r} (its error {failed})")
        return Pcm(bytes(self._sound), self._sample_rate, channels=1)

    def _take(self, samples, count: int, events) -> int:
        if count > 0:
            self._sound += ctypes.string_at(samples, count * ctypes.sizeof(ctypes.c_short))
        return 0  # go on


def _make_espeak_available() -> None:
    """Loads espeak-ng, so that pyttsx3, which looks for it by its shared-object name, finds it loaded."""
    try:
        ctypes.CDLL("libespeak-ng.so.1")
        return
    except OSError:
        pass
    try:
        import espeakng_loader
    except ImportError as error:
        raise SpeechError(
            "espeak-ng is not installed: apt install libespeak-ng1 (rosdep install does it)"
        ) from error
    # The wheel's library has the folder of the machine it was built on compiled in.
    os.environ["ESPEAK_DATA_PATH"] = espeakng_loader.get_data_path()
    ctypes.CDLL(espeakng_loader.get_library_path())

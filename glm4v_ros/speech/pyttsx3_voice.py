"""The voice that needs no model: pyttsx3 with espeak-ng."""

from __future__ import annotations

import ctypes
import os
import wave

from glm4v_ros.speech.language import base_language
from glm4v_ros.speech.pcm import Pcm
from glm4v_ros.speech.voice import SpeechError

_IDS = {"zh": ("cmn", "zh"), "en": ("en-us", "en")}  # espeak-ng's names, the better one first


class Pyttsx3Voice:
    """espeak-ng of the system or, where there is none, of the wheel espeakng-loader."""

    def __init__(self):
        _make_espeak_available()
        try:
            import pyttsx3
            from pyttsx3.drivers import _espeak

            self._espeak = _espeak
            self._engine = pyttsx3.init("espeak")
        except ImportError as error:
            raise SpeechError("the voice pyttsx3 is not installed: build this package again (docs/install.md)") from error
        except RuntimeError as error:
            raise SpeechError(
                f"espeak-ng does not start ({error}): apt install libespeak-ng1"
            ) from error
        self._ids = {identifier.rpartition("/")[2]: identifier for identifier in self._voices()}
        # In memory and without a name: what is said never comes to lie on a disk.
        self._memory = os.memfd_create("glm4v_sentence")
        self._file = f"/proc/self/fd/{self._memory}"

    def _voices(self) -> list[str]:
        return [voice.id for voice in self._engine.getProperty("voices")]

    def _voice_id(self, language: str) -> str:
        names = (language.lower(), *_IDS.get(base_language(language), ()), base_language(language))
        for name in names:
            if name in self._ids:
                return self._ids[name]
        raise SpeechError(f"espeak-ng has no voice for the language {language!r}")

    def synthesize(self, words: str, language: str, rate: int) -> Pcm:
        self._engine.setProperty("voice", self._voice_id(language))
        self._engine.setProperty("rate", rate)
        # espeak-ng works in a thread of its own: unless it has caught up, a new rate or voice comes too late for its
        # sentence (seen with 12 of 100 sentences).
        self._espeak.Synchronize()
        os.ftruncate(self._memory, 0)
        self._engine.save_to_file(words, self._file)
        self._engine.runAndWait()
        self._espeak.Synchronize()
        try:
            with wave.open(self._file, "rb") as file:
                return Pcm(file.readframes(file.getnframes()), file.getframerate(), file.getnchannels())
        except (OSError, EOFError, wave.Error) as error:
            raise SpeechError(f"espeak-ng gave no sound for {words!r}") from error


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

"""Writes what is said to a WAV file."""

from __future__ import annotations

import os
import wave
from pathlib import Path

from glm4v_ros.speech.pcm import Pcm
from glm4v_ros.speech.voice import SpeechError


class WavFile:
    """One file for everything that is said; it can be played at any moment. Written at once, not at speaking speed."""

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self._file: wave.Wave_write | None = None
        self._bytes = None

    def play(self, pcm: Pcm) -> _Written:
        try:
            if self._file is None:
                self._bytes = open(self.path, "wb")
                self._file = wave.open(self._bytes, "wb")
                self._file.setnchannels(1)
                self._file.setsampwidth(2)
                self._file.setframerate(pcm.sample_rate)
            self._file.writeframes(pcm.resampled(self._file.getframerate()).data)
            self._bytes.flush()
        except OSError as error:
            raise SpeechError(f"cannot write {self.path}: {error.strerror}") from error
        return _Written()

    def check(self) -> None:
        place = self.path if self.path.exists() else self.path.parent
        if not os.access(place, os.W_OK):
            raise SpeechError(f"cannot write {self.path}: {place} is not there or not writable; see wav_file")

    def close(self) -> None:
        if self._file:
            self._file.close()
            self._bytes.close()


class _Written:
    def wait(self) -> None:
        pass

    def stop(self) -> None:
        pass

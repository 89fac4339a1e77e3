"""Something that turns words into sound, and how to choose it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from glm4v_ros.speech.pcm import Pcm


class SpeechError(Exception):
    """Not all was said. The message tells a person why, and what to do."""


class Repeated(SpeechError):
    """A sentence was left out because it was said a moment ago."""


class Voice(Protocol):
    """Runs in a process of its own (``synthesis_worker``), so it may block and may crash."""

    def synthesize(self, words: str, language: str, rate: int) -> Pcm:
        """``words`` (a spoken form) in ``language`` (BCP 47) at ``rate`` words a minute; SpeechError if it cannot."""
        ...


@dataclass(frozen=True)
class VoiceConfig:
    """Which voice speaks. It crosses the border to the synthesiser's process."""

    name: str = "pyttsx3"
    piper_models: dict[str, str] = field(default_factory=dict)  # language -> path of an .onnx file

    def load(self) -> Voice:
        """The voice itself; SpeechError if it is not installed."""
        if self.name == "pyttsx3":
            from glm4v_ros.speech.pyttsx3_voice import Pyttsx3Voice

            return Pyttsx3Voice()
        if self.name == "piper":
            from glm4v_ros.speech.piper_voice import PiperVoice

            return PiperVoice(self.piper_models)
        raise SpeechError(f"there is no voice {self.name!r}: choose 'pyttsx3' or 'piper'")

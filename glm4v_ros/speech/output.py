"""Where sound goes: the interface of the sound device, the WAV file and the stream."""

from __future__ import annotations

from typing import Protocol

from glm4v_ros.speech.pcm import Pcm


class Playback(Protocol):
    """One piece of sound that is being played."""

    def wait(self) -> None:
        """Returns when it has been played or stopped; SpeechError if it could not be played."""
        ...

    def stop(self) -> None:
        """Silence, at once; from any thread, also when it has ended."""
        ...


class Output(Protocol):
    """Plays one piece of sound at a time."""

    def play(self, pcm: Pcm) -> Playback:
        """Begins to play ``pcm`` and returns; SpeechError if that is impossible."""
        ...

    def check(self) -> None:
        """Returns if it could play now, without a sound; SpeechError if not."""
        ...

    def close(self) -> None: ...

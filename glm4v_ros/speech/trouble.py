"""What is wrong with a part of the voice."""

from __future__ import annotations

from collections.abc import Callable

from glm4v_ros.speech.voice import SpeechError


class Trouble:
    """As it was when the part was last tried. ``report`` is called once for each new trouble."""

    def __init__(self, report: Callable[[SpeechError], None]):
        self.text = ""  # what to do about it; empty: the part is well
        self._report = report

    def clear(self) -> None:
        self.text = ""

    def note(self, error: Exception) -> SpeechError:
        """The same error, for a person."""
        told = error if isinstance(error, SpeechError) else SpeechError(f"cannot say it: {error!r}")
        if str(told) != self.text:
            self.text = str(told)
            self._report(told)
        return told

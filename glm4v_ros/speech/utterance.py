"""A text that is to be said, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from glm4v_ros.speech.pcm import Pcm
from glm4v_ros.speech.sentence import split
from glm4v_ros.speech.spoken_form import spoken_runs


class Utterance:
    """One text. ``future`` gives True when all of it was said, False when it was interrupted, or raises SpeechError.

    Sentences of which nothing can be heard, such as an emoji, are no part of it.
    """

    def __init__(
        self, text: str, language: str = "", priority: int = 0, on_sentence: Callable[[str], None] | None = None
    ):
        self.text = text
        self.language = language
        self.priority = priority
        self.on_sentence = on_sentence
        self.future: Future[bool] = Future()
        self.sentences = [Sentence(self, sentence) for sentence in split(text) if spoken_runs(sentence, language)]
        self._left = len(self.sentences)
        self._left_out: Exception | None = None

    @property
    def done(self) -> bool:
        return self.future.done()

    def leave_out(self, sentences: int, why: Exception) -> None:
        """So many of them will not be said; once the others are, the future raises ``why``."""
        self._left_out = why
        self._count_down(sentences)

    def sentence_said(self) -> None:
        self._count_down(1)

    def _count_down(self, sentences: int) -> None:
        self._left -= sentences
        if self._left <= 0:
            self.end(self._left_out or True)

    def end(self, outcome: bool | Exception) -> None:
        """The first outcome counts."""
        if self.future.done():
            return
        if isinstance(outcome, Exception):
            self.future.set_exception(outcome)
        else:
            self.future.set_result(outcome)


@dataclass(eq=False)
class Sentence:
    """A part of an utterance; ``sound`` is its synthesis once that has begun."""

    utterance: Utterance
    text: str
    sound: Future[Pcm] | None = field(default=None, repr=False)

    @property
    def key(self) -> str:
        """Equal for sentences that sound the same."""
        return " ".join(self.text.casefold().split())

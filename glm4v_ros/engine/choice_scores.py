"""How likely each of a question's choices is as the whole answer."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from glm4v_ros.llama.token_sampler import log_sum


class ChoiceScores:
    """Adds up log-probabilities token by token.

    A choice's score is log P(its tokens, then end of answer | prompt), and its probability the softmax over the choices: exactly
    P(choice | the answer is one of the choices). There is no division by length: with the end counted, a short choice that
    begins a longer one has no advantage, and a mean per token would no longer be a probability.
    """

    def __init__(self, choices: Sequence[tuple[int, ...]], end_tokens: np.ndarray):
        self._choices = choices
        self._end_tokens = end_tokens
        self._log_probabilities: list[list[float]] = [[] for _ in choices]  # of each token, and then of the end

    @property
    def done(self) -> bool:
        return all(len(known) > len(tokens) for known, tokens in zip(self._log_probabilities, self._choices))

    def tokens_of(self, index: int) -> int:
        return len(self._choices[index])

    def fed(self, index: int) -> int:
        """How many of a choice's tokens were fed, once it was started."""
        return len(self._log_probabilities[index]) - 1

    def start(self, logits: np.ndarray) -> None:
        """``logits`` (vocabulary,) after the prompt."""
        total = log_sum(logits)
        for known, tokens in zip(self._log_probabilities, self._choices):
            known.append(float(logits[tokens[0]]) - total)

    def next(self, room: int) -> list[tuple[int, int, tuple[int, ...]]]:
        """(choice, tokens fed before, tokens to feed now): at most ``room`` tokens."""
        work = []
        for index, tokens in enumerate(self._choices):
            fed = self.fed(index)
            if fed < len(tokens) and room:
                work.append((index, fed, tokens[fed : fed + room]))
                room -= len(work[-1][2])
        return work

    def feed(self, index: int, logits: Iterable[np.ndarray]) -> bool:
        """The logits (vocabulary,) after each of the next tokens of a choice. True when the choice is complete."""
        tokens, known = self._choices[index], self._log_probabilities[index]
        for row in logits:  # any end-of-answer token ends it
            score = float(row[tokens[len(known)]]) if len(known) < len(tokens) else log_sum(row[self._end_tokens])
            known.append(score - log_sum(row))
        return len(known) > len(tokens)

    @property
    def _scores(self) -> np.ndarray:
        return np.array([sum(row) for row in self._log_probabilities])

    @property
    def probabilities(self) -> tuple[float, ...]:
        total = log_sum(self._scores)
        return tuple(math.exp(score - total) for score in self._scores)

    @property
    def best(self) -> int:
        return int(np.argmax(self._scores))

    @property
    def mean_token_probability(self) -> float:
        """Of the best choice, its end included."""
        return float(np.exp(self._log_probabilities[self.best]).mean())

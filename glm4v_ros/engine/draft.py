"""Guesses the next tokens from what was read or written before, so that one decode can check several."""

from __future__ import annotations

from collections.abc import Iterable

from glm4v_ros.llama.config import MOST_DRAFTED

_NEEDED = 3  # equal tokens before a guess is made


class Draft:
    """Prompt lookup: where the last three tokens stood before, what followed then may follow again.

    A guess that paid makes the next one longer; one that did not is followed by silence, for longer each time in a row. Where
    nothing is copied, or where a wide decode takes as much longer as it says more, guessing costs next to nothing.
    """

    def __init__(self, tokens: Iterable[int]):
        """``tokens``: the text of the prompt."""
        self._tokens: list[int] = []
        self._seen: dict[tuple[int, ...], int] = {}  # three tokens to the index behind them
        self._last_seen: int | None = None  # where the three last tokens stood before
        self._most = 2
        self._silence = self._silent_for = 0
        for token in tokens:
            self.add(token)

    def add(self, token: int) -> None:
        self._tokens.append(token)
        tail = tuple(self._tokens[-_NEEDED:])
        self._last_seen = self._seen.get(tail)
        self._seen[tail] = len(self._tokens)

    def guess(self, room: int) -> list[int]:
        """Up to ``room`` tokens that may come next."""
        if self._silent_for:
            self._silent_for -= 1
            return []
        last = self._last_seen
        return [] if last is None else self._tokens[last : last + max(0, min(self._most, room))]

    def learn(self, paid: bool) -> None:
        """Whether the last guess brought more tokens than its decode took longer."""
        if paid:
            self._most, self._silence = min(MOST_DRAFTED, 2 * self._most), 0
        else:
            self._most, self._silence = 2, min(64, 2 * self._silence + 4)
            self._silent_for = self._silence

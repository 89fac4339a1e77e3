"""Tells when an answer goes round in circles."""

from __future__ import annotations

_LONGEST_CYCLE = 64  # tokens
_LEAST_ROUNDS = 4
_LEAST_TOKENS = 64  # a row of sixteen zeros in a serial number is no circle


class Repetition:
    """Watches the tokens of one answer: a circle is a cycle repeated at least 4 times over at least 64 tokens."""

    def __init__(self):
        self._tokens: list[int] = []
        self._runs = [0] * (_LONGEST_CYCLE + 1)  # per cycle length: how many tokens equal the one a cycle before

    def add(self, token: int) -> bool:
        """Whether the answer now goes in circles."""
        tokens, runs = self._tokens, self._runs
        tokens.append(token)
        circle = False
        for cycle in range(1, min(_LONGEST_CYCLE, len(tokens) - 1) + 1):
            if tokens[-1 - cycle] == token:
                runs[cycle] += 1
                circle |= runs[cycle] + cycle >= max(_LEAST_TOKENS, _LEAST_ROUNDS * cycle)
            else:
                runs[cycle] = 0
        return circle

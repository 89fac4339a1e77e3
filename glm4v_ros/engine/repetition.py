"""Tells when an answer goes round in circles."""

from __future__ import annotations

from collections import defaultdict, deque

_LONGEST_CYCLE = 64  # tokens
_LEAST_ROUNDS = 4
_LEAST_TOKENS = 64  # a row of sixteen zeros in a serial number is no circle
_LEAST_RUN = _LEAST_TOKENS * (_LEAST_ROUNDS - 1) // _LEAST_ROUNDS  # max(tokens - cycle, (rounds - 1) * cycle) at its least


class Repetition:
    """Watches the tokens of one answer: a circle is a cycle repeated at least 4 times over at least 64 tokens."""

    def __init__(self):
        self._count = 0
        self._places: defaultdict[int, deque[int]] = defaultdict(deque)  # where a token stood lately
        self._runs: dict[int, int] = {}  # per length of cycle: how many last tokens equal the one a cycle before

    def add(self, token: int) -> bool:
        """Whether the answer now goes in circles."""
        places = self._places[token]
        while places and self._count - places[0] > _LONGEST_CYCLE:
            places.popleft()
        cycles = [self._count - place for place in places]
        self._runs = {cycle: self._runs.get(cycle, 0) + 1 for cycle in cycles}
        places.append(self._count)
        self._count += 1
        if max(self._runs.values(), default=0) < _LEAST_RUN:  # nearly always
            return False
        return any(run + cycle >= max(_LEAST_TOKENS, _LEAST_ROUNDS * cycle) for cycle, run in self._runs.items())

"""Tells when an answer goes round in circles."""

from __future__ import annotations

from collections import defaultdict, deque

_LONGEST_CYCLE = 64  # tokens
_LEAST_ROUNDS = 4
_LEAST_TOKENS = 64  # a row of sixteen zeros in a serial number is no circle
_GRAM = 4  # tokens in a row that were there before say nothing new
_MEMORY = 1024  # tokens
_LEAST_STALE = 256  # tokens more that said nothing new than that did


class Repetition:
    """Watches the tokens of one answer. A circle is a cycle repeated at least 4 times over at least 64 tokens, or a longer text
    that says little new for long: a cycle of any length, one that counts on, a list of the same over and over."""

    def __init__(self):
        self._count = 0
        self._places: defaultdict[int, deque[int]] = defaultdict(deque)  # where a token stood lately
        self._runs: dict[int, int] = {}  # per length of cycle: how many last tokens equal the one a cycle before
        self._last: deque[int] = deque(maxlen=_GRAM)
        self._seen: dict[tuple[int, ...], int] = {}  # where four tokens in a row stood last
        self._stale = 0

    def add(self, token: int) -> bool:
        """Whether the answer now goes in circles."""
        places = self._places[token]
        while places and self._count - places[0] > _LONGEST_CYCLE:
            places.popleft()
        cycles = [self._count - place for place in places]
        self._runs = {cycle: self._runs.get(cycle, 0) + 1 for cycle in cycles}
        places.append(self._count)
        self._count += 1
        return self._says_little_new(token) or any(
            run + cycle >= max(_LEAST_TOKENS, _LEAST_ROUNDS * cycle) for cycle, run in self._runs.items()
        )

    def _says_little_new(self, token: int) -> bool:
        self._last.append(token)
        gram = tuple(self._last)
        known = self._count - self._seen.get(gram, -_MEMORY) < _MEMORY
        self._seen[gram] = self._count
        self._stale = max(0, self._stale + (1 if known else -1))
        return self._stale >= _LEAST_STALE

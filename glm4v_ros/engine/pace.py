"""How fast decodes are, lately, and what follows from it."""

from __future__ import annotations

_NEW = 0.1  # weight of the newest decode
_PIECE_SECONDS = 0.08  # on a CPU: who asks while a piece of a prompt is decoded waits for its end
TILE = 64  # tokens that ggml's attention works on at once on a CPU: fewer take nearly as long, one more as long as twice as many
_SHARED_PIECE = 512  # on a GPU while others wait


class Pace:
    """Of one language model."""

    def __init__(self, gpu: bool, capacity: int):
        """``capacity``: tokens in one decode."""
        self._gpu = gpu
        self._capacity = capacity
        self._entries = float(TILE)
        self._token_seconds = 0.0  # that one token of one answer takes
        self.tokens_per_second = 0.0  # of all answers together

    def entries(self, alone: bool, fixed: bool) -> int:
        """In a decode with pieces of prompts. ``alone``: nobody else's answer would wait for it; ``fixed``: as many each time."""
        if self._gpu or fixed:
            return self._capacity if alone else min(self._capacity, _SHARED_PIECE)
        return min(self._capacity, int(self._entries) // TILE * TILE)

    def pays(self, tokens: int, seconds: float) -> bool:
        """Whether so many tokens of one answer would have taken longer one by one."""
        return tokens * self._token_seconds > seconds

    def decoded(self, entries: int, images: bool, written: int, seconds: float) -> None:
        """A decode of so many entries, pieces of images among them or not, wrote so many tokens."""
        if images or entries >= TILE:
            self._entries = max(TILE, _smooth(self._entries, _PIECE_SECONDS * entries / seconds, 0.5))
        if entries == 1:
            self._token_seconds = _smooth(self._token_seconds, seconds)
        if written:
            self.tokens_per_second = _smooth(self.tokens_per_second, written / seconds)


def _smooth(old: float, new: float, weight: float = _NEW) -> float:
    return old + weight * (new - old) if old else new

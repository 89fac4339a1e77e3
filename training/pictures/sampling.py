"""Random choices, characters, and strings that belong to a split.

Strings that could be learnt by heart are drawn until they belong to the split (see splits.belongs). In training half of
the names or more are on no list (free.py, remedies.py); the test keeps its grammar, so that its figures can be compared
from version to version.
"""

from __future__ import annotations

from training.pictures.splits import belongs

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
LOOK_ALIKES = "001155S8BZ22SBOI"
FREE = 0.5  # share of the names that are on no list, in training
UNLISTED = 0.8  # of medicines and manufacturers, which were recalled from the lists with half of them on none


def pick(rng, options):
    return options[int(rng.integers(len(options)))]


def chance(rng, probability: float) -> bool:
    return rng.random() < probability


def digits(rng, count: int) -> str:
    return "".join("0123456789"[i] for i in rng.integers(0, 10, count))


def letters(rng, count: int) -> str:
    return "".join(LETTERS[i] for i in rng.integers(0, len(LETTERS), count))


def look_alikes(rng, count: int) -> str:
    return "".join(LOOK_ALIKES[i] for i in rng.integers(0, len(LOOK_ALIKES), count))


def until(make, other=None, share: float = FREE):
    """Draws again until the string belongs to the split; `other` makes those that are on no list."""

    def draw(rng, split: str) -> str:
        chosen = other if other and split == "train" and chance(rng, share) else make
        while True:
            text = chosen(rng)
            if belongs(text, split):
                return text

    draw.__doc__ = make.__doc__
    return draw


def or_free(other, share: float = FREE):
    return lambda make: until(make, other, share)

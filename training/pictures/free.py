"""Names that are on no list: random characters and syllables, so that print is read and not recalled."""

from __future__ import annotations

from functools import cache
from pathlib import Path

CONSONANTS = "b br bl c ch cl cr d dr f fl fr g gl gr h j k kl kn l m n p ph pl pr qu r rh s sc sh sk sl sn st str t th tr v w x y z zh".split()
VOWELS = "a a a e e e i i i o o o u u y ae ai au ea ee ei eu ia ie io oa oe oi oo ou ua ue".split()
CODAS = "b c ck d f g k l ld ll lm m n nd ng nt p r rd rm rn rt s ss st t th x z".split()
CAPITALS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
SMALL = "abcdefghjkmnpqrstuvwxyz"


@cache
def characters() -> str:
    """The Chinese characters of charset.txt."""
    text = (Path(__file__).parents[1] / "charset.txt").read_text(encoding="utf-8")
    return "".join(sorted(c for c in text if "\u4e00" <= c <= "\u9fff"))


def some(rng, pool: str, low: int, high: int) -> str:
    """`low` to `high` characters of the pool."""
    return "".join(pool[i] for i in rng.integers(0, len(pool), rng.integers(low, high + 1)))


def hanzi(rng, low: int, high: int) -> str:
    return some(rng, characters(), low, high)


def latin(rng, low: int = 1, high: int = 4) -> str:
    """A word of so many syllables, or now and then of letters in any order."""
    if rng.random() < 0.12:
        return some(rng, SMALL, 3, 9).capitalize()
    parts = []
    for _ in range(rng.integers(low, high + 1)):
        if not parts or rng.random() < 0.9:
            parts.append(CONSONANTS[rng.integers(len(CONSONANTS))])
        parts.append(VOWELS[rng.integers(len(VOWELS))])
        if rng.random() < 0.3:
            parts.append(CODAS[rng.integers(len(CODAS))])
    text = "".join(parts)
    text = text if len(text) > 2 else text + "n"
    point = rng.random()
    return text.upper() if point < 0.2 else text if point < 0.26 else text.capitalize()


def code(rng, low: int = 4, high: int = 14) -> str:
    """Letters, digits and separators in any order."""
    pool = ("0123456789" * 2 + CAPITALS, "0123456789", CAPITALS + SMALL + "0123456789")[rng.integers(3)]
    text = some(rng, pool, low, high)
    for _ in range(rng.integers(0, 3)):
        place = int(rng.integers(1, len(text)))
        if text[place - 1].isalnum() and text[place].isalnum():
            text = text[:place] + "-/. _+"[rng.integers(6)] + text[place:]
    return text


def maker(rng, trades: list[str], kinds: list[str]) -> str:
    """A company of one or two Latin words; two of five say nothing of their legal form, as many a plate does not."""
    words = [latin(rng) for _ in range(rng.integers(1, 3))]
    if rng.random() < 0.6:
        return " ".join([*words, kinds[rng.integers(len(kinds))]])
    text = " ".join([words[0], trades[rng.integers(len(trades))] if rng.random() < 0.5 else latin(rng)])
    return text.upper() if rng.random() < 0.3 else text


def company(rng, tails: list[str]) -> str:
    """A Chinese company whose place, name and trade are characters in any order; `tails` are what such names end in."""
    return hanzi(rng, 0, 2) + hanzi(rng, 2, 4) + hanzi(rng, 0, 2) + tails[rng.integers(len(tails))]

"""What a second reader would have found in a picture, with its mistakes: lines that a question comes with."""

from __future__ import annotations

from training.pictures import free
from training.pictures.sampling import chance

ERRORS = (0.0, 0.0, 0.01, 0.06)  # share of the characters that are misread: of each four pictures one
MISSED = 0.06  # share of the rows that are not found
MOST = 220  # characters; the engine gives up to 1500, but a batch is as long as its longest conversation
ALIKE = dict(zip("0O1Il5S8B2Z6GDUVCc日目未末土士己已℃：，（）", "O0Il1S5B8Z2G60VU(C目日末未士土已己C:,()"))


def rows(printed: list[tuple[float, float, float, str]]) -> list[str]:
    """Lines of print (baseline, left end, px an em, text), each row's from left to right, the rows from top to bottom."""
    found: list[tuple[float, list[tuple[float, str]]]] = []
    for baseline, x, em, text in sorted(printed):
        if found and baseline - found[-1][0] < 0.4 * em:
            found[-1][1].append((x, text))
        else:
            found.append((baseline, [(x, text)]))
    return [" ".join(text.strip() for _, text in sorted(row)) for _, row in found]


def misread(rng, rows: list[str]) -> list[str]:
    """Rows as a reader gives them: some missing, some characters taken for others or lost."""
    share, found, room = ERRORS[rng.integers(len(ERRORS))], [], MOST
    for row in rows:
        if chance(rng, MISSED) or len(row) > room:
            continue
        room -= len(row)
        if share:
            row = "".join(_taken(rng, c) if c != " " and chance(rng, share) else c for c in row)
        if row:
            found.append(row)
    return found


def _taken(rng, character: str) -> str:
    if character in ALIKE and chance(rng, 0.7):
        return ALIKE[character]
    if chance(rng, 0.25):
        return ""
    return free.hanzi(rng, 1, 1) if "\u4e00" <= character <= "\u9fff" else free.some(rng, free.SMALL + free.CAPITALS + "0123456789", 1, 1)

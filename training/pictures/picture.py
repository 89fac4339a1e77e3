"""A drawn picture with what can be asked about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable

import numpy as np


@dataclass(frozen=True)
class Turn:
    """A question with its one right answer. `tag` is the skill it is scored under, `tolerance` the error that a number may have."""

    question: str
    answer: str
    tag: str
    field: str = ""
    language: str = "en"
    tolerance: float | None = None
    follows: bool = False  # makes sense only after the turns before it


@dataclass(frozen=True)
class Topic:
    """Something that can be asked. `ask(language, follow)` returns (question, answer)."""

    tag: str
    field: str
    ask: Callable[[str, bool], tuple[str, str]]
    group: str = ""  # a follow-up wording needs a turn of the same group before it
    tolerance: float | None = None
    languages: tuple[str, ...] = ("zh", "en")


@dataclass
class Picture:
    """`image` is (height, width, 3) uint8 RGB, clean. `centres` is (n, 2) float32, x and y in px, of `characters`; `cells` is
    (n, 2) int8, the row and column of a table, from 1, in which each stands, or 0.

    `em` is the size in px of the smallest print that is asked about. `degradation` is what degrade.py takes. `lines` is what the
    first hand printed, each line the `Run`s of canvas.py; `printed` what either did, row by row, as a reader would find it.
    `backdrop` is the kind of its background.
    """

    image: np.ndarray
    turns: list[Turn]
    characters: str
    centres: np.ndarray
    cells: np.ndarray
    em: float
    degradation: dict[str, np.ndarray] = field(default_factory=dict)
    lines: list[list] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)
    backdrop: str = ""

"""Pictures with questions whose answers are known; docs/eval.md describes the file."""

from __future__ import annotations

import dataclasses
import os
import random
from dataclasses import dataclass
from pathlib import Path

from glm4v_ros.cli import jsonl
from glm4v_ros.errors import BadRequest
from glm4v_ros.vision.region import Region


@dataclass(frozen=True)
class Turn:
    """One question with the answers that are right."""

    question: str
    accepted: tuple[str, ...]
    tags: tuple[str, ...] = ()
    tolerance: float | None = None  # how far a number may be off, in the answer's own unit
    choices: tuple[str, ...] = ()
    region: Region | None = None  # around the answer's print, in pixels of the first picture as it is shown


@dataclass(frozen=True)
class Case:
    """One conversation about some pictures."""

    number: int  # the line in its file, from 1
    pictures: tuple[Path, ...]
    turns: tuple[Turn, ...]

    @property
    def skill(self) -> str:
        """The first tag: cases are alike when they share it."""
        return next((tag for turn in self.turns for tag in turn.tags), "")


def read(path: str) -> list[Case]:
    """Every line of a file. BadRequest at the first that is wrong or lacks its picture: a score must not hide it."""
    cases = []
    for number, item in enumerate(jsonl.objects(path), 1):
        if isinstance(item, BadRequest):
            raise BadRequest(f"{path}: {item}")
        try:
            cases.append(_case(number, item, path))
        except BadRequest as error:
            raise BadRequest(f"{path}, line {number}: {error}") from None
    if not cases:
        raise BadRequest(f"{path} has no lines")
    return cases


def swapped(cases: list[Case], seed: int = 0) -> list[Case]:
    """The same questions, each about the picture of another case of the same skill where there is one.

    A model that reads its pictures scores by chance here; one that guesses what is usual does not notice.
    """
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(case.skill, []).append(case)
    everything = sorted({case.pictures for case in cases})
    if len(everything) < 2:
        raise BadRequest("pictures can be swapped only where there are two different ones")
    chance, others = random.Random(seed), {}
    for group in groups.values():
        pictures = sorted({case.pictures for case in group})
        chance.shuffle(pictures)
        for case in group:
            if len(pictures) > 1:
                others[case.number] = pictures[(pictures.index(case.pictures) + 1) % len(pictures)]
            else:
                others[case.number] = chance.choice([other for other in everything if other != case.pictures])
    return [dataclasses.replace(case, pictures=others[case.number]) for case in cases]


def _case(number: int, item: dict, source: str) -> Case:
    pictures = tuple(jsonl.pictures(item, source))
    for picture in pictures:
        if not os.path.isfile(picture):
            raise BadRequest(f"there is no picture {picture}")
    tags = jsonl.texts(item, "tags")
    turns = item.get("turns") or [item]
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        raise BadRequest("'turns' should be a list of objects with 'question' and 'answer'")
    return Case(number, pictures, tuple(_turn(turn, () if turn is item else tags, item) for turn in turns))


def _turn(turn: dict, tags: tuple[str, ...], item: dict) -> Turn:
    accepted = jsonl.texts(turn, "answer")
    if not accepted:
        raise BadRequest("'answer' is missing")
    tolerance = turn.get("tolerance", item.get("tolerance"))
    if tolerance is not None and (type(tolerance) not in (int, float) or not tolerance >= 0):
        raise BadRequest(f"'tolerance' should be a number, 0 or more, not {tolerance!r}")
    question, own = jsonl.text(turn, "question"), jsonl.texts(turn, "tags")
    region = turn.get("region")
    if region is not None:
        if not isinstance(region, list) or len(region) != 4 or not all(type(side) is int for side in region):
            raise BadRequest(f"'region' should be [x, y, width, height] in pixels, not {region!r}")
        region = Region(*region)
    return Turn(question, accepted, tuple(dict.fromkeys(tags + own)), tolerance, jsonl.texts(turn, "choices"), region)

"""How right the answers were."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from glm4v_ros.cli.case import Turn
from glm4v_ros.engine.answer import Answer
from glm4v_ros.policy.abstention import abstains

_NUMBER = re.compile(r"[-−+]?\d+(?:\.\d+)?")


def matches(answer: str, turn: Turn) -> bool:
    """Equal to an accepted answer byte for byte; with a tolerance the one number in it may be off by that much."""
    return any(answer == accepted or _near(answer, accepted, turn.tolerance) for accepted in turn.accepted)


def _near(answer: str, accepted: str, tolerance: float | None) -> bool:
    found, expected = _NUMBER.findall(answer), _NUMBER.findall(accepted)
    if tolerance is None or len(found) != 1 or len(expected) != 1:
        return False
    if _NUMBER.sub("#", answer) != _NUMBER.sub("#", accepted):  # "3.4 bar" is not "3.4 psi"
        return False
    difference = abs(_value(found[0]) - _value(expected[0]))
    return difference <= tolerance * (1 + 1e-9) + 1e-12  # 0.1 + 0.2 is within 0.3


def _value(number: str) -> float:
    return float(number.replace("−", "-"))


@dataclass(frozen=True)
class Result:
    """A question, and what came of it."""

    turn: Turn
    answer: Answer | None = None
    error: str = ""  # why there is no answer

    @property
    def right(self) -> bool:
        return self.answer is not None and matches(self.answer.text, self.turn)

    @property
    def abstained(self) -> bool:
        return self.answer is not None and self.answer.abstained

    @property
    def unanswerable(self) -> bool:
        """The right answer is that it cannot be seen."""
        return all(abstains(accepted) for accepted in self.turn.accepted)

    @property
    def invented(self) -> bool:
        return self.unanswerable and self.answer is not None and not self.abstained and not self.right


@dataclass
class Score:
    """The results under one tag. Shares are 0 to 1, None where there is nothing to share."""

    results: list[Result] = field(default_factory=list)

    def share(self, of: str, among: str = "") -> float | None:
        """The share of the results with property ``of`` among those with property ``among``."""
        these = [result for result in self.results if not among or getattr(result, among)]
        return sum(getattr(result, of) for result in these) / len(these) if these else None

    def percentile(self, percent: float, figure: str = "latency") -> float | None:
        """Of a figure of the answers, in seconds: the smallest value that ``percent`` % of them do not exceed."""
        values = sorted(getattr(result.answer, figure) for result in self.results if result.answer)
        return values[max(0, math.ceil(len(values) * percent / 100) - 1)] if values else None

    def figures(self) -> dict:
        return {
            "questions": len(self.results),
            "errors": sum(result.answer is None for result in self.results),
            "exact": self.share("right"),
            "abstained": self.share("abstained"),
            "unanswerable": sum(result.unanswerable for result in self.results),
            "invented": self.share("invented", "unanswerable"),
            "first_token_s": {f"p{p}": self.percentile(p, "time_to_first_token") for p in (50, 90, 99)},
            "latency_s": {f"p{p}": self.percentile(p) for p in (50, 90, 99)},
        }


def by_tag(results: list[Result]) -> dict[str, Score]:
    """One score per tag, in alphabetical order, and "all" at the end."""
    scores: dict[str, Score] = {}
    for result in results:
        for tag in result.turn.tags:
            scores.setdefault(tag, Score()).results.append(result)
    return {**dict(sorted(scores.items())), "all": Score(results)}


def table(scores: dict[str, Score]) -> str:
    """For a person to read."""
    head = ("tag", "questions", "exact", "abstained", "invented", "p50 s", "p90 s", "p99 s", "errors")
    rows = [head]
    for tag, score in scores.items():
        figures = score.figures()
        shares = ["-" if figures[key] is None else f"{figures[key]:.1%}" for key in ("exact", "abstained", "invented")]
        times = ["-" if seconds is None else f"{seconds:.2f}" for seconds in figures["latency_s"].values()]
        rows.append((tag, str(figures["questions"]), *shares, *times, str(figures["errors"])))
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join(
        f"{row[0]:<{widths[0]}}  " + "  ".join(f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:]))
        for row in rows
    )

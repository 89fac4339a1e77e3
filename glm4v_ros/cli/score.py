"""How right the answers were."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from glm4v_ros.cli.case import Turn
from glm4v_ros.engine.answer import Answer
from glm4v_ros.policy import print_form
from glm4v_ros.policy.abstention import abstains
from glm4v_ros.policy.print_field import asked_field
from glm4v_ros.policy.verification import Verdict, Verification, needs_check
from glm4v_ros.policy.zoom import Zoom

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
    verification: Verification | None = None  # with --verify
    check_seconds: float = 0.0  # that the answer waited for it
    zoom: Zoom | None = None  # where the model looked; None: at the whole

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

    # The second reader's part. What it can tell apart is what is printed: an answer that differs from the key in what
    # habit changes alone, such as blanks, full and half width, ~ and - in a range, is no wrong one here.

    @property
    def quotes(self) -> bool:
        """It quotes print that was asked for."""
        return self.answer is not None and needs_check(self.turn.question, self.answer.text)

    @property
    def quotes_right(self) -> bool:
        if not self.quotes or self.right:
            return self.quotes
        field = asked_field(self.turn.question)
        numeric = field is not None and field.numeric
        return any(print_form.same(self.answer.text, accepted, numeric) for accepted in self.turn.accepted)

    @property
    def quotes_wrong(self) -> bool:
        return self.quotes and not self.quotes_right

    @property
    def missed(self) -> bool:
        """It says that there is nothing to be seen, and there is."""
        return self.abstained and not self.unanswerable

    @property
    def confirmed(self) -> bool:
        return self._verdict is Verdict.CONFIRMED

    @property
    def contradicted(self) -> bool:
        return self._verdict is Verdict.CONTRADICTED

    @property
    def unmarked(self) -> bool:
        return self._verdict in (Verdict.CONFIRMED, Verdict.NOT_CHECKED)

    @property
    def silent(self) -> bool:
        """Wrong, and nothing says so."""
        wrong = self.quotes_wrong if self.quotes else self.answer is not None and not self.right
        return wrong and not self.abstained and self.unmarked

    @property
    def places_region(self) -> bool:
        return self.confirmed and self.turn.region is not None

    @property
    def region_right(self) -> bool:
        """The evidence frames the print: intersection over union of 0.5 at the least."""
        return self.places_region and self.verification.evidence[0].region.overlap(self.turn.region) >= 0.5

    @property
    def _verdict(self) -> Verdict:
        return self.verification.verdict if self.verification else Verdict.NOT_CHECKED


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
        return _percentile(sorted(getattr(result.answer, figure) for result in self.results if result.answer), percent)

    def figures(self) -> dict:
        return {
            "questions": len(self.results),
            "errors": sum(result.answer is None for result in self.results),
            "exact": self.share("right"),
            "abstained": self.share("abstained"),
            "unanswerable": sum(result.unanswerable for result in self.results),
            "invented": self.share("invented", "unanswerable"),
            "zoomed": sum(result.zoom is not None for result in self.results),
            "first_token_s": {f"p{p}": self.percentile(p, "time_to_first_token") for p in (50, 90, 99)},
            "latency_s": {f"p{p}": self.percentile(p) for p in (50, 90, 99)},
            **({"verified": self.verified()} if any(result.verification for result in self.results) else {}),
        }

    def verified(self) -> dict:
        """What the second reader made of the answers that quote print, right ones and wrong ones."""
        waits = sorted(result.check_seconds for result in self.results if result.quotes)
        return {
            "right": sum(result.quotes_right for result in self.results),
            "right_confirmed": self.share("confirmed", "quotes_right"),
            "right_contradicted": self.share("contradicted", "quotes_right"),
            "wrong": sum(result.quotes_wrong for result in self.results),
            "wrong_confirmed": self.share("confirmed", "quotes_wrong"),
            "wrong_unmarked": self.share("unmarked", "quotes_wrong"),
            "missed": sum(result.missed for result in self.results),
            "silent": sum(result.silent for result in self.results),
            "regions": sum(result.places_region for result in self.results),
            "regions_right": self.share("region_right", "places_region"),
            "check_s": {f"p{p}": _percentile(waits, p) for p in (50, 90, 99)},
        }


def _percentile(values: list[float], percent: float) -> float | None:
    return values[max(0, math.ceil(len(values) * percent / 100) - 1)] if values else None


def by_tag(results: list[Result]) -> dict[str, Score]:
    """One score per tag, in alphabetical order, and "all" at the end."""
    scores: dict[str, Score] = {}
    for result in results:
        for tag in result.turn.tags:
            scores.setdefault(tag, Score()).results.append(result)
    return {**dict(sorted(scores.items())), "all": Score(results)}


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def table(scores: dict[str, Score]) -> str:
    """For a person to read."""
    head = ["tag", "questions", "exact", "abstained", "invented", "p50 s", "p90 s", "p99 s", "errors"]
    verified = any(result.verification for score in scores.values() for result in score.results)
    if verified:
        head += ["right", "confirmed", "contradicted", "wrong", "confirmed", "unmarked", "silent"]
    rows = [head]
    for tag, score in scores.items():
        figures = score.figures()
        shares = [_share(figures[key]) for key in ("exact", "abstained", "invented")]
        times = ["-" if seconds is None else f"{seconds:.2f}" for seconds in figures["latency_s"].values()]
        row = [tag, str(figures["questions"]), *shares, *times, str(figures["errors"])]
        if verified:
            of = score.verified()
            row += [str(of["right"]), _share(of["right_confirmed"]), _share(of["right_contradicted"])]
            row += [str(of["wrong"]), _share(of["wrong_confirmed"]), _share(of["wrong_unmarked"]), str(of["silent"])]
        rows.append(row)
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return "\n".join(
        f"{row[0]:<{widths[0]}}  " + "  ".join(f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:]))
        for row in rows
    )

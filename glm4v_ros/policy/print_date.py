"""Dates as they are printed, said and written."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MONTHS = {
    name: number
    for number, names in enumerate(
        "jan january|feb february|mar march|apr april|may|jun june|jul july|aug august|sep sept september|oct october|"
        "nov november|dec december".split("|"),
        1,
    )
    for name in names.split()
}
_NAME = "|".join(sorted(_MONTHS, key=len, reverse=True))
_YEAR, _ONE_OR_TWO = r"(?P<y>(?:19|20)\d\d)", r"\d{1,2}"
_SIGN = r"\s*[-/._]\s*"
_FORMS = tuple(
    re.compile(rf"(?<![\d.]){form}(?![-/.]?\d)", re.IGNORECASE)
    for form in (
        rf"{_YEAR}\s*年\s*(?P<m>{_ONE_OR_TWO})\s*月(?:\s*(?P<d>{_ONE_OR_TWO})\s*[日号]?)?",
        rf"{_YEAR}(?:{_SIGN}|\s+)(?P<m>{_ONE_OR_TWO})(?:(?:{_SIGN}|\s+)(?P<d>{_ONE_OR_TWO}))?",
        rf"(?<![A-Za-z]){_YEAR}(?P<m>[01]\d)(?P<d>[0-3]\d)(?![A-Za-z])",
        rf"(?P<d>{_ONE_OR_TWO})(?:st|nd|rd|th)?(?:\s+of)?[-\s.]*(?P<n>{_NAME})[-\s.,]*{_YEAR}",
        rf"(?<![A-Za-z])(?P<n>{_NAME})[-\s.]*(?P<d>{_ONE_OR_TWO})(?:st|nd|rd|th)?\s*[,\s]\s*{_YEAR}",
        rf"(?<![A-Za-z])(?P<n>{_NAME})[-\s.,/]*{_YEAR}",
        rf"{_YEAR}[-\s.,/]*(?P<n>{_NAME})(?:[-\s.,/]*(?P<d>{_ONE_OR_TWO}))?",
        rf"(?P<a>{_ONE_OR_TWO}){_SIGN}(?P<b>{_ONE_OR_TWO}){_SIGN}{_YEAR}",
        rf"(?P<m>{_ONE_OR_TWO}){_SIGN}{_YEAR}",
    )
)


@dataclass(frozen=True)
class PrintDate:
    """``days`` and ``months`` have the two readings of 05/03/2024; a day of 0 is not given."""

    year: int
    readings: frozenset[tuple[int, int]]  # (month, day)
    start: int  # where it stands in its text
    end: int

    def same(self, other: PrintDate) -> bool:
        return self.year == other.year and bool(self.readings & other.readings)

    def within(self, other: PrintDate) -> bool:
        """Whether this one says less than the other and nothing else: August 2027 of 12 August 2027."""
        return self.year == other.year and any(
            day == 0 and month in {m for m, _ in other.readings} for month, day in self.readings
        )


def dates(text: str) -> list[PrintDate]:
    """From left to right, none inside another; years from 1900 to 2099 with a month."""
    found: list[PrintDate] = []
    for form in _FORMS:
        for match in form.finditer(text):
            if any(match.start() < date.end and date.start < match.end() for date in found):
                continue
            parts = match.groupdict()
            month = _MONTHS[parts["n"].lower()] if parts.get("n") else int(parts.get("m") or 0)
            day = int(parts.get("d") or 0)
            if parts.get("a"):
                first, second = int(parts["a"]), int(parts["b"])
                readings = {(second, first), (first, second)}
            else:
                readings = {(month, day)}
            readings = {(month, day) for month, day in readings if 1 <= month <= 12 and day <= 31}
            if readings:
                found.append(PrintDate(int(parts["y"]), frozenset(readings), *match.span()))
    return sorted(found, key=lambda date: date.start)

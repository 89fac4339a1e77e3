"""Compares an answer."""

from __future__ import annotations

import re
from typing import Any

from py_trees.behaviour import Behaviour
from py_trees.common import Access, Status

from glm4v_ros.msg import Answer

# Not a part of a name (H3U-32), of a range (5-10), of a date or of a time.
_NUMBER = re.compile(r"(?<![A-Za-z0-9.−-])[-−]?\d+(?:,\d{3})*(?:\.\d+)?(?![\d,]*\d|[A-Za-z]*\d|\s?[-–~～/:.]\s?\d)")


class AnswerIs(Behaviour):
    """SUCCESS if the answer on the blackboard is what is expected, else FAILURE with ``feedback_message`` saying why.

    Give ``value`` (a text, or several of which one must match; case and blanks around do not matter) or a range: the
    number in the answer is at least ``minimum`` and at most ``maximum``. ``field`` takes the value from the answer's
    JSON. An answer that the model abstained from, or that has no number or more than one, is none.
    ``min_confidence`` (0 to 1) is for answers with choices. ``confirmed``: the print that the answer quotes must be
    confirmed by the second reader; with nothing else to compare, that is all that counts.
    """

    def __init__(
        self,
        name: str,
        value: str | tuple[str, ...] | None = None,
        *,
        minimum: float | None = None,
        maximum: float | None = None,
        field: str = "",
        min_confidence: float = 0.0,
        confirmed: bool = False,
        answer_key: str = "answer",
    ):
        super().__init__(name)
        no_range = minimum is None and maximum is None
        if value is None and no_range and not confirmed or value is not None and not no_range:
            raise ValueError("AnswerIs compares with a value or with a range: give either, or confirmed")
        self._values = (
            None if value is None else [_plain(text) for text in ((value,) if isinstance(value, str) else value)]
        )
        self._minimum = float("-inf") if minimum is None else minimum
        self._maximum = float("inf") if maximum is None else maximum
        self._compares = value is not None or not no_range
        self._confirmed = confirmed
        self._field = field
        self._min_confidence = min_confidence
        self._answer_key = answer_key
        self._blackboard = self.attach_blackboard_client(name)
        for key in (answer_key, f"{answer_key}_json"):
            self._blackboard.register_key(key, access=Access.READ)

    def update(self) -> Status:
        try:
            answer = self._blackboard.get(self._answer_key)
            found = self._blackboard.get(f"{self._answer_key}_json")[self._field] if self._field else answer.text
        except (KeyError, IndexError, TypeError):
            return self._fail(
                f"the blackboard has no {self._answer_key}{f' with a field {self._field}' if self._field else ''}"
            )
        if answer.abstained:
            return self._fail(f"the model cannot see it: {answer.text}")
        if self._min_confidence and not answer.confidence >= self._min_confidence:
            return self._fail(f"{answer.text!r} with confidence {answer.confidence:.2f} only")
        if self._confirmed and answer.verification != Answer.CONFIRMED:
            return self._fail(f"{answer.text!r} is not confirmed: {answer.verification_reason}")
        if not self._compares:
            return self._compare(True, found)
        if self._values is not None:
            return self._compare(_plain(str(found)) in self._values, found)
        number = _number(found)
        if number is None:
            return self._fail(f"{found!r} is not one number")
        return self._compare(self._minimum <= number <= self._maximum, number)

    def _compare(self, matches: bool, found: Any) -> Status:
        if not matches:
            return self._fail(f"it is {found}")
        self.feedback_message = f"it is {found}"
        return Status.SUCCESS

    def _fail(self, message: str) -> Status:
        self.feedback_message = message
        return Status.FAILURE


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(".。")


def _number(value: Any) -> float | None:
    """The only number in ``value``; None if there is none or more than one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value)
    numbers = _NUMBER.findall(str(value))
    return float(numbers[0].replace(",", "").replace("−", "-")) if len(numbers) == 1 else None

"""Reads a JSON body field by field; what is wrong names the field."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from glm4v_ros.web.problem import invalid


def parse(body: bytes) -> Fields:
    """Raises Problem (400) unless the body is one JSON object."""
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise invalid(f"the body is not JSON: {str(error)[:200]}", code="invalid_json") from error
    if not isinstance(value, dict):
        raise invalid("the body is a JSON object", code="invalid_json")
    return Fields(value)


def _no_number(name: str):
    raise ValueError(f"{name} is no JSON number")


class Fields:
    """A JSON object whose values are read by type. null is taken for a field that is not there, as OpenAI's API does.

    Each method raises Problem (400) with the field's path.
    """

    def __init__(self, value: dict[str, Any], path: str = ""):
        self._value = value
        self._path = path

    def path(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key

    def __contains__(self, key: str) -> bool:
        return self._value.get(key) is not None

    @property
    def values(self) -> dict[str, Any]:
        return self._value

    def raw(self, key: str) -> Any:
        return self._value.get(key)

    def text(self, key: str, default: str | None = None, most: int = 1_000_000) -> str:
        """``default`` None: the field must be there."""
        value = self._value.get(key)
        if value is None:
            if default is None:
                raise invalid(f"'{self.path(key)}' is missing", self.path(key), "missing_required_parameter")
            return default
        if not isinstance(value, str):
            raise self._wrong(key, "a string", value)
        return checked(value, self.path(key), most)

    def one_of(self, key: str, values: tuple[str, ...], default: str | None = None) -> str:
        value = self.text(key, default)
        if value not in values and value != default:
            raise invalid(f"'{self.path(key)}' is one of {', '.join(values)}, not '{value[:64]}'", self.path(key))
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        value = self._value.get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false", value)
        return value

    def integer(self, key: str, default: int, least: int, most: int) -> int:
        value = self._value.get(key)
        if value is None:
            return default
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self._wrong(key, f"a whole number from {least} to {most}", value)
        return value

    def number(self, key: str, default: float, least: float, most: float) -> float:
        value = self._value.get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
            raise self._wrong(key, f"a number from {least:g} to {most:g}", value)
        return float(value)

    def object(self, key: str) -> Fields:
        """Empty where the field is not there."""
        value = self._value.get(key)
        if value is None:
            value = {}
        if not isinstance(value, dict):
            raise self._wrong(key, "an object", value)
        return Fields(value, self.path(key))

    def objects(self, key: str, most: int) -> Iterator[Fields]:
        for index, item in enumerate(self.items(key, most)):
            if not isinstance(item, dict):
                raise invalid(f"'{self.path(key)}[{index}]' is an object", f"{self.path(key)}[{index}]")
            yield Fields(item, f"{self.path(key)}[{index}]")

    def items(self, key: str, most: int) -> list:
        """A list; empty where the field is not there."""
        value = self._value.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self._wrong(key, "a list", value)
        if len(value) > most:
            raise invalid(f"'{self.path(key)}' has {len(value)} items; at most {most} are taken", self.path(key))
        return value

    def texts(self, key: str, most: int) -> tuple[str, ...]:
        """A list of strings, or one string."""
        value = self._value.get(key)
        if isinstance(value, str):
            return (checked(value, self.path(key)),)
        items = self.items(key, most)
        if not all(isinstance(item, str) for item in items):
            raise self._wrong(key, "a list of strings", value)
        return tuple(checked(item, self.path(key)) for item in items)

    def _wrong(self, key: str, wanted: str, value: Any):
        shown = value if isinstance(value, (int, float, bool)) and not _is_huge(value) else type(value).__name__
        return invalid(f"'{self.path(key)}' is {wanted}, not {shown}", self.path(key), "invalid_type")


def checked(text: str, path: str, most: int = 1_000_000) -> str:
    """JSON can smuggle in half a surrogate pair, which is no Unicode text."""
    if len(text) > most:
        raise invalid(f"'{path}' has {len(text)} characters; at most {most} are taken", path)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise invalid(f"'{path}' is not valid Unicode", path) from error
    return text


def _is_huge(value) -> bool:
    return isinstance(value, int) and abs(value) > 10**18 or isinstance(value, float) and not math.isfinite(value)

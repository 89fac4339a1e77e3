"""What an answer in JSON says, value by value."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple


class Leaf(NamedTuple):
    """A value with the words of the key that leads to it; "" in a bare list."""

    asks: str
    value: Any  # str, int, float, bool or None


def leaves(answer: str) -> tuple[Leaf, ...] | None:
    """Of an object or a list, in their order; None for an answer that is neither."""
    if answer.lstrip()[:1] not in ("{", "["):
        return None
    try:
        value = json.loads(answer)
    except (ValueError, RecursionError):
        return None
    return tuple(_leaves("", value))


def _leaves(asks: str, value: Any):
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _leaves(_words(key), one)
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(asks, one)
    else:
        yield Leaf(asks, value)


def _words(key: str) -> str:
    """serial_number and serialNumber are serial number."""
    return re.sub(r"[_\-.]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", key)).strip().lower()

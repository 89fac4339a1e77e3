"""Inputs of a leaf that are given as they are or found on the blackboard."""

from __future__ import annotations

import re
from typing import Any

from py_trees.blackboard import Client
from py_trees.common import Access

# As in BehaviorTree.CPP. JSON has quotes or blanks after its braces, so a schema is not mistaken for a key.
_KEY = re.compile(r"\{([A-Za-z_/][\w/]*)((?:\.\w+)*)\}")


class Ports:
    """Values in which "{key}" stands for the blackboard's key, "{key.field}" for a field of what is there."""

    def __init__(self, blackboard: Client, **values: Any):
        self._blackboard = blackboard
        self._values = values
        for value in values.values():
            for text in value if isinstance(value, (list, tuple)) else [value]:
                for key, _ in _KEY.findall(text) if isinstance(text, str) else ():
                    blackboard.register_key(key, access=Access.READ)

    def __getitem__(self, name: str) -> Any:
        """KeyError with a message for a person if a key is not on the blackboard."""
        value = self._values[name]
        if isinstance(value, (list, tuple)):
            return [self._resolve(item) for item in value]
        return self._resolve(value)

    def _resolve(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if match := _KEY.fullmatch(value):
            return self._look_up(match)
        return _KEY.sub(lambda match: str(self._look_up(match)), value)

    def _look_up(self, match: re.Match[str]) -> Any:
        try:
            return self._blackboard.get(match.group(1) + match.group(2))
        except (KeyError, AttributeError):
            raise KeyError(f"the blackboard has no {match.group(1)}{match.group(2)}") from None

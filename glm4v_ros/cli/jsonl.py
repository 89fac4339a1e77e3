"""Files of questions: one JSON object a line."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from glm4v_ros.errors import BadRequest


def objects(path: str) -> Iterator[dict | BadRequest]:
    """One item per line of ``path`` ("-": stdin): the object, or what is wrong with it. BadRequest without a file."""
    try:
        file = sys.stdin.buffer if path == "-" else open(path, "rb")
    except OSError as error:
        raise BadRequest(f"{path} cannot be read: {error.strerror}") from error
    with file:
        for number, line in enumerate(file, 1):  # bytes: only \n ends a line, whatever else Unicode calls a line break
            try:
                item = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
            except (ValueError, RecursionError) as error:
                yield BadRequest(f"line {number} is not JSON: {error}")
                continue
            yield item if isinstance(item, dict) else BadRequest(f"line {number} is not a JSON object")


def text(item: dict, key: str) -> str:
    """A field that is a string with something in it; BadRequest otherwise."""
    value = item.get(key)
    if not isinstance(value, str) or not value.strip():
        raise BadRequest(f"{key!r} should be a string that is not empty, not {value!r}")
    return encodable(value)


def texts(item: dict, key: str) -> tuple[str, ...]:
    """A field that is a string, or a list of strings, or missing; BadRequest otherwise."""
    value = item.get(key)
    values = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(one, str) and one for one in values):
        raise BadRequest(f"{key!r} should be a list of strings that are not empty, not {value!r}")
    return tuple(map(encodable, values))


def encodable(value: str) -> str:
    """JSON can smuggle in half a surrogate pair, which is no Unicode text."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise BadRequest(f"{value!r} is not valid Unicode") from error
    return value


def pictures(item: dict, source: str) -> list[Path]:
    """Paths in ``image``, a string or a list; relative ones from the file's directory, else from the current one."""
    paths = [os.path.expanduser(path) for path in texts(item, "image")]
    if not paths:
        raise BadRequest("'image' is missing")
    beside = [os.path.join(os.path.dirname(source), path) for path in paths]
    return [Path(there if os.path.exists(there) else path) for there, path in zip(beside, paths, strict=True)]


def dump(item: Any) -> str:
    return json.dumps(item, ensure_ascii=False)

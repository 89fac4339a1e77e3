"""The form of an evidence log on disk.

::

    DIRECTORY/lock                                    held by the process that writes
    DIRECTORY/head.json                               number and SHA-256 of the newest record
    DIRECTORY/000000000001/records.jsonl              one record a line; the segment's name is its first record's number
    DIRECTORY/000000000001/pictures/SHA256.jpg|png|raw|bin

A record's hash is the SHA-256 of its line's bytes without the newline. Every record has ``number`` (1, 2, 3, ...),
``previous`` (the hash of the one before, NOTHING for the first), ``time`` (UTC) and ``kind``: ANSWER, REMOVED (a segment
was rotated out: ``through`` and ``sha256`` of its last record) or REPAIRED (a crash had left half a line: ``bytes`` of it
were cut off).
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from pathlib import Path
from typing import Any

ANSWER, REMOVED, REPAIRED = "answer", "removed", "repaired"
NOTHING = "0" * 64  # what the first record carries as the hash of the one before
HEAD, LOCK, RECORDS, PICTURES = "head.json", "lock", "records.jsonl", "pictures"
PICTURE_NAME = re.compile(r"[0-9a-f]{64}\.(jpg|png|raw|bin)", re.ASCII)
_SEGMENT = re.compile(r"\d{12}", re.ASCII)
_MAGIC = {b"\xff\xd8\xff": "jpg", b"\x89PNG\r\n\x1a\n": "png"}


def line_of(record: dict[str, Any]) -> bytes:
    """The record as JSON, UTF-8, without a newline; NaN, which JSON has not, becomes null."""
    text = json.dumps(_plain(record), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace")  # half a surrogate pair becomes what JSON writes for it


def sha256_of(data) -> str:
    return hashlib.sha256(data).hexdigest()


def segment_name(first: int) -> str:
    """Of the segment whose first record has this number."""
    return f"{first:012d}"


def segments(directory: Path) -> list[Path]:
    """Oldest first."""
    return sorted(path for path in directory.iterdir() if _SEGMENT.fullmatch(path.name) and path.is_dir())


def picture_name(sha256: str, data, compressed: bool) -> str:
    """Made of nothing that came from outside but the bytes themselves."""
    if not compressed:
        return f"{sha256}.raw"
    start = bytes(data[:8])
    return f"{sha256}.{next((ending for magic, ending in _MAGIC.items() if start.startswith(magic)), 'bin')}"


def read_head(directory: Path) -> tuple[int, str] | None:
    """Number and hash of the newest record; None where there is no head. Raises ValueError for a damaged one, OSError."""
    try:
        head = json.loads((directory / HEAD).read_bytes())
        return int(head["number"]), str(head["sha256"])
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{HEAD} is damaged: {error}") from None


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

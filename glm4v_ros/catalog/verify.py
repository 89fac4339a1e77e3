"""Are a model's files the ones that were published? Damaged weights load without a word and answer nonsense."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from glm4v_ros.catalog.manifest import recorded_sha256
from glm4v_ros.catalog.model import Model
from glm4v_ros.errors import ModelFileError

CHUNK = 4 << 20  # bytes


class Verdict(str, Enum):
    OK = "ok"
    UNKNOWN = "unknown"  # the catalogue has no SHA-256 to compare with
    DAMAGED = "damaged"
    MISSING = "missing"


@dataclass(frozen=True)
class FileCheck:
    """One file, and how it compares with the catalogue."""

    path: Path
    expected: str  # SHA-256, hex; empty: not known
    found: str  # empty: the file is missing

    @property
    def verdict(self) -> Verdict:
        if not self.found:
            return Verdict.MISSING
        if not self.expected:
            return Verdict.UNKNOWN
        return Verdict.OK if self.found == self.expected else Verdict.DAMAGED


def verify(model: Model, on_progress: Callable[[Path, int, int], None] | None = None) -> list[FileCheck]:
    """Hashes the text and the vision file; where the catalogue has no SHA-256, that of fetch or convert counts.

    ``on_progress(path, bytes done, bytes in all)``. OSError if unreadable.
    """
    return [
        FileCheck(path, expected, sha256(path, on_progress) if path.is_file() else "")
        for path, expected in _expected(model).items()
    ]


def require_sound(model: Model) -> None:
    """ModelFileError if a file is there, its SHA-256 is known, and it has another."""
    for path, expected in _expected(model).items():
        if not expected or not os.path.isfile(path):
            continue
        try:
            found = sha256(path)
        except OSError as error:
            raise ModelFileError(f"{path} cannot be read ({error}); may this user, and is the disk all right?") from None
        if found != expected:
            raise ModelFileError(
                f"{path} is damaged or another version: SHA-256 is {found}, should be {expected}; fetch or convert it "
                "again, or correct its entry in the catalogue"
            )


def _expected(model: Model) -> dict[Path, str]:
    files = {model.text_path: model.text_sha256, model.vision_path: model.vision_sha256}
    return {path: expected or recorded_sha256(path) for path, expected in files.items()}


def sha256(path: Path, on_progress: Callable[[Path, int, int], None] | None = None) -> str:
    """SHA-256 of a file, hex."""
    digest, done, total = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            done += len(chunk)
            if on_progress:
                on_progress(path, done, total)
    return digest.hexdigest()

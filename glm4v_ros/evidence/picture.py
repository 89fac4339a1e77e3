"""A picture that an answer was given about, as an evidence log keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Evidence:
    """The bytes of one picture as received, and what is said of them in the record."""

    data: Any  # a buffer of uint8
    compressed: bool  # JPEG or PNG; else the data of a sensor_msgs/Image
    sha256: str  # hex, of data
    about: dict[str, Any]

"""A small evidence log for the tests."""

from __future__ import annotations

import hashlib

from glm4v_ros.evidence.log import EvidenceLog
from glm4v_ros.evidence.picture import Evidence

MIB = 1 << 20


def picture(seed: int, size: int = 100, compressed: bool = True) -> Evidence:
    data = b"\xff\xd8\xff" + bytes([seed % 256]) * size + str(seed).encode()
    return Evidence(data, compressed, hashlib.sha256(data).hexdigest(), {"camera": "front", "format": "jpeg"})


def fill(log: EvidenceLog, count: int, size: int = 100) -> None:
    for _ in range(count):
        number = log.number + 1
        log.append({"question": f"型号 {number}?", "answer": f"H3U-{number}"}, [picture(number, size)])

"""How the second reader is run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ReaderConfig:
    #: A module with ``missing() -> str`` and ``load(config) -> Recogniser``; see recogniser.py.
    recogniser: str = "glm4v_ros.reader.rapid_recogniser"
    threads: int = 1  # CPU threads of one picture
    max_side: int = (
        2000  # pixels; larger pictures are made smaller: at 4000 a picture takes 2.5 GB and four times as long
    )
    max_queue: int = 8  # pictures that wait
    max_readings: int = 64  # that are kept for further questions about the same picture
    load_timeout: float = 60.0  # seconds until the process must be ready
    timeout: float = 60.0  # seconds that one picture may take; then the process counts as hung
    memory_limit_mib: int = 1500  # the process is ended when it holds more; 0: whatever it holds

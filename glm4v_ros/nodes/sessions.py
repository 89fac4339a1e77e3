"""The pictures that conversations are about."""

from __future__ import annotations

import threading
import time

from glm4v_ros.nodes.picture import Picture


class Sessions:
    """Remembers each session's pictures until it is idle for ``idle`` seconds, as the engine does."""

    def __init__(self, idle: float):
        self._idle = idle
        self._lock = threading.Lock()
        self._sessions: dict[str, tuple[float, tuple[Picture, ...]]] = {}

    def pictures(self, session_id: str) -> tuple[Picture, ...]:
        """Empty if there is no such session."""
        with self._lock:
            self._expire()
            return self._sessions.get(session_id, (0.0, ()))[1]

    def keep(self, session_id: str, pictures: tuple[Picture, ...]) -> None:
        with self._lock:
            self._expire()
            self._sessions[session_id] = (time.monotonic(), pictures)

    def forget(self, session_id: str = "") -> None:
        """Empty: all of them."""
        with self._lock:
            if session_id:
                self._sessions.pop(session_id, None)
            else:
                self._sessions.clear()

    def _expire(self) -> None:
        now = time.monotonic()
        for session_id in [s for s, (used, _) in self._sessions.items() if now - used > self._idle]:
            del self._sessions[session_id]

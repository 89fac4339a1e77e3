"""The pictures that conversations are about."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from glm4v_ros.asking.ports import Picture
from glm4v_ros.vision.frame import Frame
from glm4v_ros.vision.orientation import Region
from glm4v_ros.vision.placement import Placement

MEMORY = 256 << 20  # bytes of pictures; beyond it the session unused for longest loses its own


@dataclass(frozen=True)
class Shown:
    """Pictures, and the frames that were made of them for the model, in the same order: of a region each, enhanced."""

    pictures: tuple[Picture, ...]
    frames: tuple[Frame, ...]
    regions: tuple[Region | None, ...]  # None: all of the picture
    enhance: str

    def placement(self, index: int) -> Placement:
        """Where a frame lies in its stored picture."""
        return self.pictures[index].placement(self.regions[index], self.enhance)

    @property
    def nbytes(self) -> int:
        return sum(picture.nbytes for picture in self.pictures) + sum(frame.rgb.nbytes for frame in self.frames)


class Sessions:
    """Remembers what each session was shown last until it is idle for ``idle`` seconds."""

    def __init__(self, idle: float):
        self._idle = idle
        self._lock = threading.Lock()
        self._sessions: OrderedDict[str, tuple[float, Shown]] = OrderedDict()  # least lately used first

    def shown(self, session_id: str) -> Shown | None:
        """None if there is no such session."""
        with self._lock:
            self._expire()
            used, shown = self._sessions.get(session_id, (0.0, None))
            return shown

    def keep(self, session_id: str, shown: Shown) -> None:
        with self._lock:
            self._sessions[session_id] = (time.monotonic(), shown)
            self._sessions.move_to_end(session_id)
            self._expire()

    def forget(self, session_id: str = "") -> None:
        """Empty: all of them."""
        with self._lock:
            if session_id:
                self._sessions.pop(session_id, None)
            else:
                self._sessions.clear()

    def _expire(self) -> None:
        oldest = time.monotonic() - self._idle
        held = sum(shown.nbytes for _, shown in self._sessions.values())
        while self._sessions:
            used, shown = next(iter(self._sessions.values()))
            if used >= oldest and (held <= MEMORY or len(self._sessions) == 1):
                return
            held -= shown.nbytes
            self._sessions.popitem(last=False)

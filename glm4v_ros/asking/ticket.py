"""What a question is known and canceled by."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable


class Ticket:
    """Cancels a question: from any thread, before, while and after it is asked."""

    def __init__(self):
        self.request_id = uuid.uuid4().hex
        self.cameras: tuple[str, ...] = ()  # that the question looks at
        self._lock = threading.Lock()
        self._canceled = False
        self._then: list[Callable[[], None]] = []

    @property
    def canceled(self) -> bool:
        return self._canceled

    def cancel(self) -> None:
        with self._lock:
            self._canceled = True
            then, self._then = self._then, []
        for call in then:
            call()

    def on_cancel(self, call: Callable[[], None]) -> None:
        """Calls ``call`` when it is canceled, or now if it was."""
        with self._lock:
            if not self._canceled:
                self._then.append(call)
                return
        call()

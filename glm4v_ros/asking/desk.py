"""Lets questions in, and gives each a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from glm4v_ros.asking.ticket import Ticket
from glm4v_ros.errors import Busy, NotActive

_DOORMEN = 4  # threads that are left to refuse questions when as many as may be are on their way


class Desk:
    """At most ``limit`` questions are on their way; ``close`` ends them. May be used by any thread."""

    def __init__(self, limit: int, retry_after: Callable[[], float] = lambda: 0.0):
        self.limit = limit
        self._retry_after = retry_after
        self._lock = threading.Lock()
        self._tickets: set[Ticket] = set()
        self._closed = False
        self._threads = ThreadPoolExecutor(limit + _DOORMEN, thread_name_prefix="question")

    def __len__(self) -> int:
        """Questions that are on their way."""
        return len(self._tickets)

    @property
    def closed(self) -> bool:
        return self._closed

    def looks_at(self, camera: str) -> bool:
        """Whether a question on its way is about this camera."""
        with self._lock:
            return any(camera in ticket.cameras for ticket in self._tickets)

    def submit(self, work: Callable, *arguments) -> Future:
        """Has ``work`` done in a thread. Raises NotActive once the desk is closed."""
        try:
            return self._threads.submit(work, *arguments)
        except RuntimeError:
            raise self._not_active() from None

    @contextmanager
    def admit(self, ticket: Ticket) -> Iterator[None]:
        """The ticket's question is on its way. Raises Busy and NotActive."""
        with self._lock:
            closed, full = self._closed, len(self._tickets) >= self.limit
            if not closed and not full:
                self._tickets.add(ticket)
        if closed:
            raise self._not_active()
        if full:
            raise Busy(
                f"{self.limit} questions are on their way already (max_parallel and max_queue)",
                retry_after=self._retry_after(),
            )
        try:
            yield
        finally:
            with self._lock:
                self._tickets.remove(ticket)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            tickets = tuple(self._tickets)
        for ticket in tickets:
            ticket.cancel()
        self._threads.shutdown(wait=False)

    @staticmethod
    def _not_active() -> NotActive:
        return NotActive("the node was deactivated before the question was answered")

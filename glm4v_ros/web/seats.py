"""How many requests for an answer are worked on at a time."""

from __future__ import annotations

from collections.abc import MutableMapping

from glm4v_ros.errors import Busy
from glm4v_ros.web.asker import Asker

_SEAT = "glm4v.seat"  # of a request that has one, in its ASGI scope


class Seats:
    """As many as the asker has places; one request more is refused before its body is parsed or its pictures are
    decoded. A request keeps its seat until it is answered. For one event loop."""

    def __init__(self, asker: Asker):
        self._asker, self._taken = asker, 0

    @property
    def full(self) -> bool:
        return 0 < self._asker.capacity <= self._taken

    def check(self) -> None:
        """Raises Busy where none is free."""
        if self.full:
            raise Busy(
                f"{self._taken} requests are being answered or wait; ask again later", retry_after=self._asker.retry_after
            )

    def take(self, scope: MutableMapping) -> None:
        """Raises Busy."""
        self.check()
        self._taken += 1
        scope[_SEAT] = True

    def leave(self, scope: MutableMapping) -> None:
        """A request without a seat may leave too."""
        self._taken -= scope.pop(_SEAT, False)

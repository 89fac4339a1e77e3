"""Who is next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from glm4v_ros.engine.request import Request

_MANY = 256  # sessions whose turns are remembered before those that no longer matter are forgotten


class Waiting:
    """Requests that wait for their frames or for their turn.

    Among those of equal priority each session gets every other turn, however many questions it has and however long it was
    silent (start-time fair queueing); a question without a session counts as a session of its own.
    """

    def __init__(self):
        self._requests: list[Request] = []
        self._turns: dict[Request, int] = {}
        self._served: dict[str, int] = {}  # the turn that each session had last
        self._turn = 0  # of the last request that was admitted

    def __iter__(self) -> Iterator[Request]:
        return iter([*self._requests])

    def __len__(self) -> int:
        return len(self._requests)

    def add(self, request: Request) -> None:
        session_id = request.question.session_id
        before = [self._turns[other] for other in self._requests if session_id and other.question.session_id == session_id]
        self._turns[request] = 1 + max(self._turn, self._served.get(session_id, 0), *before, 0)
        self._requests.append(request)

    def remove(self, request: Request) -> None:
        if self._turns.pop(request, None) is not None:
            self._requests.remove(request)

    def next(self, running: Sequence[Request]) -> Request | None:
        """Who is to be admitted beside these. One that is to be answered alone waits for them, and the others for it."""
        if any(request.question.deterministic for request in running):
            return None
        ready = [r for r in self._requests if r.encoded and not (r.session is not None and r.session.busy)]
        if not ready:
            return None
        request = min(ready, key=lambda r: (-r.question.priority, self._turns[r], r.number))
        return None if request.question.deterministic and running else request

    def admit(self, request: Request) -> None:
        """It is its turn."""
        turn = self._turns[request]
        self._turn = max(self._turn, turn)
        if session_id := request.question.session_id:
            self._served[session_id] = turn
        if len(self._served) > _MANY:
            self._served = {one: turn for one, turn in self._served.items() if turn > self._turn}
        self.remove(request)

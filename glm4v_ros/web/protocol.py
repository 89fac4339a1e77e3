"""HTTP over one connection, with an end to those who take for ever."""

from __future__ import annotations

import json

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from glm4v_ros.web.joined_writes import JoinedWrites
from glm4v_ros.web.settings import Settings

_MOST_SURPLUS = 1 << 20  # bytes of a body that are let by after its request was refused


def protocol(settings: Settings) -> type[H11Protocol]:
    """The protocol class for uvicorn, with the limits of ``settings``."""

    class GuardedProtocol(_GuardedProtocol):
        _settings = settings

    return GuardedProtocol


class _GuardedProtocol(H11Protocol):
    """uvicorn ends a connection that is idle after an answer. This one also ends a head or a body that trickles in,
    and an
    answer that is not read; and refuses more connections than it may have."""

    _settings: Settings
    _timer = None
    _waiting_for = None  # h11's state of the client that the timer is for
    _stalled = None
    _came = _came_before = _surplus = 0

    def __init__(self, *words, **names):
        super().__init__(*words, **names)
        self.access_log = False  # which would have whole addresses; the guard writes a line of its own

    def connection_made(self, transport) -> None:
        super().connection_made(JoinedWrites(transport, self.loop))
        if len(self.connections) > self._settings.most_connections:
            transport.abort()
            return
        self._watch()

    def eof_received(self) -> None:
        self.transport.flush()  # before asyncio closes it
        super().eof_received()

    def connection_lost(self, exc) -> None:
        self._stop_timers()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._came += len(data)
        super().data_received(data)
        if self.conn.our_state is h11.DONE and self.conn.their_state is h11.SEND_BODY:  # refused, and it goes on
            self._surplus += len(data)
            if self._surplus > _MOST_SURPLUS:
                self.transport.abort()
        if not self.transport.is_closing():
            self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self.transport.flush()  # in a rush of requests the loop's next turn may be far away
        if not self.transport.is_closing():
            self._watch(idle=True)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = self._stalled or self.loop.call_later(self._settings.write_timeout, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _should_upgrade(self) -> bool:
        return False  # a request for another protocol is answered in this one, as HTTP allows

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "this is no HTTP request, or its head is too long", "invalid_http")

    def _watch(self, idle: bool = False) -> None:
        """Sets the timer for what the client is to send next."""
        state = self.conn.their_state
        waiting_for = state if state in (h11.IDLE, h11.SEND_BODY) and not (idle and state is h11.IDLE) else None
        if waiting_for is self._waiting_for:
            return
        self._waiting_for = waiting_for
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if waiting_for is h11.IDLE:
            self._timer = self.loop.call_later(self._settings.head_timeout, self._too_slow)
        elif waiting_for is h11.SEND_BODY:
            self._came_before = self._came
            self._timer = self.loop.call_later(self._settings.body_timeout, self._look_at_body)

    def _look_at_body(self) -> None:
        """At least least_rate bytes a second, over each body_timeout."""
        if self._came - self._came_before < self._settings.least_rate * self._settings.body_timeout:
            self._too_slow()
            return
        self._came_before = self._came
        self._timer = self.loop.call_later(self._settings.body_timeout, self._look_at_body)

    def _too_slow(self) -> None:
        self._timer = None
        if self._came or self.conn.their_state is h11.SEND_BODY:
            self._refuse(408, "the request came too slowly", "too_slow")
        else:
            self.transport.abort()  # it never said anything

    def _refuse(self, status: int, message: str, code: str) -> None:
        """Answers in place of the app, unless that has begun to, and hangs up."""
        self._stop_timers()
        if self.cycle is not None:
            self.cycle.disconnected = True  # the app's answer has nowhere to go
            self.cycle.message_event.set()
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
            body = json.dumps({"error": error})
            reason = {400: "Bad Request", 408: "Request Timeout"}[status]
            self.transport.write(
                f"HTTP/1.1 {status} {reason}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
                f"connection: close\r\nx-content-type-options: nosniff\r\n\r\n{body}".encode()
            )
        self.transport.close()

    def _stop_timers(self) -> None:
        for timer in (self._timer, self._stalled):
            if timer is not None:
                timer.cancel()
        self._timer = self._stalled = None

"""Server-sent events."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from glm4v_ros.web.asking import unless_gone

DONE = b"data: [DONE]\n\n"


def event(data: dict, name: str = "") -> bytes:
    """JSON has no line breaks of its own, so one ``data`` line holds it."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data, ensure_ascii=False)}\n\n".encode(errors="replace")


class EventStream:
    """An ASGI response that ends its events when the client goes away."""

    def __init__(self, events: AsyncIterator[bytes], headers: dict[str, str]):
        self._events = events
        self._headers = {
            "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store", "x-accel-buffering": "no",
            **headers,
        }  # fmt: skip

    async def __call__(self, scope, receive, send) -> None:
        await unless_gone(receive, self._send(send))

    async def _send(self, send) -> None:
        headers = [(name.encode(), value.encode()) for name, value in self._headers.items()]
        try:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            async for data in self._events:
                await send({"type": "http.response.body", "body": data, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            await self._events.aclose()

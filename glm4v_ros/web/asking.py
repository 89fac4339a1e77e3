"""One question under way, and what becomes of it when its client goes away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Coroutine
from typing import Any, Union

from glm4v_ros.engine.answer import Delta
from glm4v_ros.web.asker import Asker, Inquiry, Reply


class ClientGone(Exception):
    """Nobody reads the answer any more."""


class Asking:
    """A question's deltas and its reply. Leaving the ``async with`` before the reply cancels it in every stage."""

    def __init__(self, asker: Asker, inquiry: Inquiry):
        self._events = asker.ask(inquiry)
        self._held: list[Union[Delta, Reply]] = []
        self._next: asyncio.Future | None = None

    async def __aenter__(self) -> Asking:
        return self

    async def __aexit__(self, *_exception) -> None:
        if self._next is not None:
            self._next.cancel()
            await asyncio.wait({self._next})
        await self._events.aclose()

    async def begin(self, patience: float) -> None:
        """Waits for the first text, the reply or ``patience`` seconds; raises the VqaError of a question that failed
        by then,
        so that its HTTP status can say so."""
        loop = asyncio.get_running_loop()
        until = loop.time() + patience
        while (item := await self._pull(until - loop.time())) is not None:
            self._held.append(item)
            if isinstance(item, Reply) or item.text:
                return

    async def __aiter__(self) -> AsyncIterator[Union[Delta, Reply]]:
        for item in self._held:
            yield item
        while not (self._held and isinstance(self._held[-1], Reply)):
            item = await self._pull(None)
            yield item
            if isinstance(item, Reply):
                return

    async def reply(self) -> Reply:
        async for item in self:
            if isinstance(item, Reply):
                return item
        raise AssertionError("an Asker ends with a Reply or an error")

    async def _pull(self, timeout: float | None) -> Union[Delta, Reply, None]:
        """The next event; None when it takes longer."""
        if self._next is None:
            self._next = asyncio.ensure_future(self._events.__anext__())
        done, _ = await asyncio.wait({self._next}, timeout=timeout if timeout is None else max(0.0, timeout))
        if not done:
            return None
        task, self._next = self._next, None
        return task.result()


async def unless_gone(receive: Awaitable, work: Coroutine) -> Any:
    """The result of ``work``, which is cancelled when the client goes away: then ClientGone. The request's body must
    have
    been read."""
    task, gone = asyncio.ensure_future(work), asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientGone
        return task.result()
    finally:
        for one in (task, gone):
            if not one.done():
                one.cancel()
        await asyncio.wait({task, gone})
        if task.done() and not task.cancelled():
            task.exception()  # was raised above, or nobody is there to hear it


async def _gone(receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

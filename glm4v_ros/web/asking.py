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
        self._beginning: asyncio.Future | None = None
        self._late = False

    async def __aenter__(self) -> Asking:
        return self

    async def __aexit__(self, *_exception) -> None:
        if self._beginning is not None and not self._beginning.done():
            self._beginning.cancel()
            await asyncio.wait({self._beginning})
        await self._events.aclose()

    async def begin(self, patience: float) -> None:
        """Waits for the first text, the reply or ``patience`` seconds; raises the VqaError of a question that failed
        by then,
        so that its HTTP status can say so."""
        self._beginning = asyncio.ensure_future(self._begin())  # one task for all: each costs the loop several turns
        done, _ = await asyncio.wait({self._beginning}, timeout=patience)
        self._late = True
        if done:
            self._beginning.result()

    async def __aiter__(self) -> AsyncIterator[Union[Delta, Reply]]:
        if self._beginning is not None and not self._beginning.done():
            for item in self._take_held():
                yield item
            await self._beginning
        for item in self._take_held():
            yield item
        async for item in self._events:
            yield item

    async def reply(self) -> Reply:
        async for item in self:
            if isinstance(item, Reply):
                return item
        raise AssertionError("an Asker ends with a Reply or an error")

    def _take_held(self) -> list[Union[Delta, Reply]]:
        held, self._held = self._held, []
        return held

    async def _begin(self) -> None:
        async for item in self._events:
            self._held.append(item)
            if self._late or isinstance(item, Reply) or item.text:
                return


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

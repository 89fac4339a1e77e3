"""A stream's events: in order, as soon as they come, and ended with whoever reads them."""

import asyncio
import threading
from concurrent.futures import Future
from types import SimpleNamespace

import pytest
from served import PATIENCE

from glm4v_ros.engine.answer import Answer, Delta, FinishReason, Stage
from glm4v_ros.engine.question import Question
from glm4v_ros.errors import EngineFailed
from glm4v_ros.web.asker import Inquiry, Reply
from glm4v_ros.web.asking import Asking
from glm4v_ros.web.engine_asker import EngineAsker
from glm4v_ros.web.pictures import PictureStore

QUEUED, PREFILL, WORD = Delta("q", Stage.QUEUED), Delta("q", Stage.PREFILL), Delta("q", Stage.ANSWERING, "word")
REPLY = Reply(Answer("q", "word", FinishReason.STOP), ())


class Told:
    """An Asker whose events come when the test says so."""

    def __init__(self):
        self.news, self.ended = asyncio.Queue(), asyncio.Event()

    def tell(self, *items):
        for item in items:
            self.news.put_nowait(item)

    async def ask(self, _inquiry):
        try:
            while True:
                item = await self.news.get()
                if isinstance(item, Exception):
                    raise item
                yield item
                if isinstance(item, Reply):
                    return
        finally:
            self.ended.set()


def run(coroutine):
    async def in_time():
        await asyncio.wait_for(coroutine(Told()), PATIENCE)

    asyncio.run(in_time())


@pytest.mark.parametrize("patience", [PATIENCE, 0.0])
def test_all_events_come_once_and_in_order(patience):
    async def asked(told):
        told.tell(QUEUED, PREFILL, WORD, REPLY)
        async with Asking(told, None) as asking:
            await asking.begin(patience)
            assert [item async for item in asking] == [QUEUED, PREFILL, WORD, REPLY]

    run(asked)


def test_once_the_beginning_took_too_long_each_event_is_passed_on_as_it_comes():
    async def asked(told):
        told.tell(QUEUED)
        async with Asking(told, None) as asking:
            await asking.begin(0.01)
            events = asking.__aiter__()
            for item in (None, PREFILL, WORD, REPLY):
                if item is not None:
                    told.tell(item)
                assert await events.__anext__() == (item or QUEUED)

    run(asked)


@pytest.mark.parametrize("patience", [PATIENCE, 0.01])
def test_an_error_reaches_whoever_waits_then(patience):
    async def asked(told):
        async with Asking(told, None) as asking:
            if patience == PATIENCE:
                told.tell(QUEUED, EngineFailed("no"))
                with pytest.raises(EngineFailed):
                    await asking.begin(patience)
                return
            await asking.begin(patience)
            told.tell(QUEUED, EngineFailed("no"))
            with pytest.raises(EngineFailed):
                [item async for item in asking]

    run(asked)


@pytest.mark.parametrize("patience", [None, 0.01])
def test_who_leaves_ends_the_question(patience):
    async def asked(told):
        async with Asking(told, None) as asking:
            told.tell(QUEUED)
            if patience is None:
                assert await asking.__aiter__().__anext__() == QUEUED
            else:
                await asking.begin(patience)
        await told.ended.wait()

    run(asked)


def test_what_comes_together_wakes_the_loop_once(nano, monkeypatch):
    class Client:
        status = SimpleNamespace(gpu_offload=False)

        def ask(self, question, frames, on_delta):
            future = Future()
            teller = threading.Thread(target=lambda: [*map(on_delta, (QUEUED, PREFILL, WORD)), future.set_result(REPLY.answer)])
            teller.start()
            teller.join()
            return future

    async def asked(_told):
        wakes, loop = [], asyncio.get_running_loop()
        wake = loop.call_soon_threadsafe
        monkeypatch.setattr(loop, "call_soon_threadsafe", lambda *call: (wakes.append(call), wake(*call)))
        asker = EngineAsker(Client(), nano, PictureStore(), 1)
        events = [item async for item in asker.ask(Inquiry(Question("what?", "q", needs_picture=False)))]
        assert events[:3] == [QUEUED, PREFILL, WORD] and events[3].answer.text == "word"
        assert len(wakes) == 1

    run(asked)

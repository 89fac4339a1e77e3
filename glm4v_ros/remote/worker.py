"""The process that talks to the server: it alone opens a connection, and none of its faults touches the node.

Started by the engine client as ``python -m glm4v_ros.remote.worker FD``; it speaks the messages of engine/messages.py and
ends when its socket closes.
"""

from __future__ import annotations

import asyncio
import logging
import os
import queue
import signal
import socket
import sys
import threading
import time
from collections import OrderedDict
from dataclasses import replace

from glm4v_ros.engine.answer import Answer, FinishReason, Stage
from glm4v_ros.engine.messages import Ask, Beat, Cancel, Done, Failed, Ready, Start
from glm4v_ros.errors import Canceled, DeadlineExceeded, EngineFailed, VqaError
from glm4v_ros.machine.channel import Channel
from glm4v_ros.machine.memory import resident_mib
from glm4v_ros.machine.parent import end_with_parent
from glm4v_ros.remote.config import RemoteConfig
from glm4v_ros.remote.picture import data_url
from glm4v_ros.remote.writing import Writing
from glm4v_ros.vendor import prefer_vendor
from glm4v_ros.vision.shared_frame import SharedFrame

_log = logging.getLogger(__name__)

_BEAT_EVERY = 0.25  # s
_MOST_KEPT = 64 << 20  # characters of pictures that are ready to be sent again


class Worker:
    """One event loop; a thread reads what the client says, and another tells it."""

    def __init__(self, channel: Channel):
        self._channel = channel
        self._outbox: queue.SimpleQueue = queue.SimpleQueue()
        self._tasks: dict[str, asyncio.Task] = {}
        self._urls: OrderedDict[tuple[str, int], str] = OrderedDict()  # least lately used first
        self._answered = 0

    async def run(self) -> None:
        start, _ = await asyncio.to_thread(self._channel.receive)
        assert isinstance(start, Start)
        logging.basicConfig(level=start.log_level, stream=sys.stderr, format="[%(levelname)s] [%(name)s]: %(message)s")
        threading.Thread(target=self._write, name="write", daemon=True).start()
        try:
            from glm4v_ros.remote.failure import failure_of
            from glm4v_ros.remote.server import Server
        except ImportError as error:
            self._fatal(
                f"the remote engine needs {error.name}: build glm4v_ros again with -DGLM4V_REMOTE=ON, or install "
                f"requirements/remote.txt where glm4v_ros is"
            )
            return
        self._config: RemoteConfig = start.config
        self._failure_of = failure_of
        self._server = Server(self._config)
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._read, name="read", daemon=True).start()
        self._outbox.put(Ready(f"remote {self._config.base_url}", gpu_offload=True, context_tokens=0))
        while True:
            beat = Beat("remote" if self._tasks else "idle", False, self._answered, resident_mib=resident_mib())
            self._outbox.put(beat)
            await asyncio.sleep(_BEAT_EVERY)

    async def _answer(self, ask: Ask, frames: list[SharedFrame]) -> None:
        question = ask.question
        writing = Writing(question.request_id, ask.taken_at, question.max_tokens, self._outbox.put)
        left = ask.taken_at + question.timeout - time.monotonic() if question.timeout else None
        try:
            message: Done | Failed = Done(await asyncio.wait_for(self._ask(ask, frames, writing), left))
        except (asyncio.CancelledError, Exception) as error:
            message = Failed(question.request_id, self._error(error, question.timeout, writing))
        self._tasks.pop(question.request_id, None)
        self._answered += 1
        self._outbox.put(message)

    def _error(self, error: BaseException, timeout: float, writing: Writing) -> VqaError:
        if isinstance(error, asyncio.CancelledError):
            return Canceled("the question was cancelled", answer=writing.answer(FinishReason.CANCELED))
        failure = (
            DeadlineExceeded(f"the remote server gave no whole answer within {timeout:g} s; allow more time")
            if isinstance(error, (asyncio.TimeoutError, TimeoutError))
            else self._failure_of(error)
        )
        if isinstance(failure, DeadlineExceeded):
            return DeadlineExceeded(str(failure), answer=writing.answer(FinishReason.TIMEOUT))
        return failure

    async def _ask(self, ask: Ask, frames: list[SharedFrame], writing: Writing) -> Answer:
        writing.enter(Stage.ENCODING)
        question = ask.question
        wanted = [most for most in (question.max_image_tokens, self._config.image_max_tokens) if most]
        question = replace(question, max_image_tokens=min(wanted, default=0))
        urls = [await self._url(frame, question.max_image_tokens) for frame in frames]
        if question.timeout:  # what is left of it
            question = replace(question, timeout=max(0.001, ask.taken_at + question.timeout - time.monotonic()))
        return await self._server.ask(question, urls, [frame.key for frame in frames], writing)

    async def _url(self, frame: SharedFrame, max_tokens: int) -> str:
        key = frame.key, max_tokens
        url = self._urls.pop(key, None)
        if url is None:
            url = await asyncio.to_thread(data_url, frame.frame().rgb, max_tokens, self._config.encoding)
        self._urls[key] = url
        while sum(map(len, self._urls.values())) > _MOST_KEPT:
            self._urls.popitem(last=False)
        return url

    # In the loop, called by the thread that reads.

    def _take(self, message: object, frames: list[SharedFrame]) -> None:
        if isinstance(message, Ask):
            task = self._loop.create_task(self._answer(message, frames))
            self._tasks[message.question.request_id] = task
        elif isinstance(message, Cancel) and message.request_id in self._tasks:
            self._loop.call_soon(self._tasks[message.request_id].cancel)  # once it has begun: else it would end without a word

    def _read(self) -> None:
        while True:
            try:
                message, fds = self._channel.receive()
                headers = message.frames if isinstance(message, Ask) else ()
                frames = [SharedFrame(header, fd) for header, fd in zip(headers, fds)]
            except EOFError:
                os._exit(0)  # whatever runs: nobody is there to hear of it
            except Exception:
                _log.exception("the client's message cannot be read")
                os._exit(1)
            self._loop.call_soon_threadsafe(self._take, message, frames)

    def _write(self) -> None:
        """A client that does not read holds up nothing else."""
        while True:
            messages = [self._outbox.get()]
            while not self._outbox.empty():
                messages.append(self._outbox.get())
            try:
                self._channel.send(messages)
            except OSError:
                os._exit(0)

    def _fatal(self, why: str) -> None:
        self._channel.send(Failed("", EngineFailed(why)))


def main() -> None:
    prefer_vendor()
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes the socket
    asyncio.run(Worker(Channel(socket.socket(fileno=int(sys.argv[1])))).run())


if __name__ == "__main__":
    main()

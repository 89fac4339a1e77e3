"""What the endpoints share whose answers are texts: whole, or as a stream."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import JSONResponse

from glm4v_ros.web import sse
from glm4v_ros.web.asker import Inquiry, Reply
from glm4v_ros.web.asking import Asking, unless_gone
from glm4v_ros.web.conversation import Turn, read_conversation
from glm4v_ros.web.fields import Fields
from glm4v_ros.web.options import Options
from glm4v_ros.web.problem import unsupported
from glm4v_ros.web.service import Service

_PATIENCE = 2.0  # seconds for which a stream's status waits to see whether the question fails


class Form(ABC):
    """How the answer to one request is written down."""

    @abstractmethod
    def whole(self, reply: Reply) -> dict: ...

    @abstractmethod
    def events(self, asking: Asking) -> AsyncIterator[bytes]:
        """Of a stream; leaves ``asking`` when it ends."""


class TextEndpoint(ABC):
    said_in: str  # the field that has the conversation

    def __init__(self, service: Service):
        self._service = service

    async def post(self, request: Request):
        body, owner, model, options = await self._service.read_call(request)
        self._refuse(body)
        said = await read_conversation(self._turns(body), owner, self._service.pictures, self.said_in)
        inquiry = self._service.inquiry(owner, said, options, self._question(body))
        form = self._form(inquiry.question.request_id, model, int(time.time()), body, options)
        if not body.flag("stream"):
            return JSONResponse(form.whole(await unless_gone(request.receive, self._answer(inquiry))))
        asking = Asking(self._service.asker, inquiry)
        try:
            await unless_gone(request.receive, asking.begin(_PATIENCE))
        except BaseException:
            await asking.__aexit__()
            raise
        return sse.EventStream(form.events(asking), {})

    async def _answer(self, inquiry: Inquiry) -> Reply:
        async with Asking(self._service.asker, inquiry) as asking:
            return await asking.reply()

    @abstractmethod
    def _refuse(self, body: Fields) -> None:
        """Raises Problem for what a client must hear about, since an answer without it would be another than it asked
        for."""

    @abstractmethod
    def _turns(self, body: Fields) -> list[Turn]: ...

    @abstractmethod
    def _question(self, body: Fields) -> dict:
        """Fields of the engine's Question."""

    @abstractmethod
    def _form(self, request_id: str, model: str, created: int, body: Fields, options: Options) -> Form:
        """``created``: seconds since 1970."""


def refuse_tools(body: Fields) -> None:
    """Tools may be there, but none is called."""
    choice = body.raw("tool_choice")
    if choice == "required" or isinstance(choice, dict):
        raise unsupported(
            "this server calls no tools: leave out 'tool_choice', or set it to auto or none", "tool_choice"
        )

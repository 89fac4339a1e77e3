"""/v1/chat/completions."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse

from glm4v_ros.engine.answer import Answer
from glm4v_ros.errors import VqaError
from glm4v_ros.web import sse
from glm4v_ros.web.asker import Inquiry, Reply
from glm4v_ros.web.asking import Asking, unless_gone
from glm4v_ros.web.conversation import (
    MOST_MESSAGES,
    Conversation,
    Turn,
    read_conversation,
    read_message,
)
from glm4v_ros.web.fields import Fields
from glm4v_ros.web.options import Options, read_options
from glm4v_ros.web.problem import Problem, invalid, problem_of, unsupported
from glm4v_ros.web.service import (
    FINISH,
    Service,
    figures,
    owner_of,
    read_body,
    read_sampling,
)

_MOST_STOPS, _LONGEST_STOP = 4, 200  # characters
PATIENCE = 2.0  # seconds for which a stream's status waits to see whether the question fails


@dataclass(frozen=True)
class _Form:
    """What the answers to one request have in common."""

    id: str
    model: str
    created: int
    usage: bool = False  # a stream ends with its usage
    progress: bool = False

    def completion(self, reply: Reply) -> dict:
        message = {"role": "assistant", "content": reply.answer.text, "refusal": None, "annotations": []}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": FINISH[reply.answer.finish_reason]}
        return {
            **self._head("chat.completion"),
            "choices": [choice],
            "usage": usage(reply.answer),
            "glm4v": figures(reply),
        }

    def chunk(self, delta: dict, finish_reason: str | None = None) -> dict:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return {**self._head("chat.completion.chunk"), "choices": [choice], **({"usage": None} if self.usage else {})}

    def bare(self, **fields) -> dict:
        """A chunk without a choice."""
        return {**self._head("chat.completion.chunk"), "choices": [], **fields}

    def _head(self, kind: str) -> dict:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}


def usage(answer: Answer) -> dict:
    return {
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
        "total_tokens": answer.prompt_tokens + answer.completion_tokens,
    }


class ChatCompletions:
    """The endpoint."""

    def __init__(self, service: Service):
        self._service = service

    async def post(self, request: Request):
        body, owner = await read_body(request), owner_of(request)
        model = self._service.check_model(body)
        options = read_options(body, request.headers)
        said = await read_conversation(_turns(body), owner, self._service.pictures, "messages")
        inquiry = self._inquiry(body, owner, said, options)
        form = _Form(
            f"chatcmpl-{inquiry.question.request_id}", model, int(time.time()),
            body.object("stream_options").flag("include_usage"), options.progress,
        )  # fmt: skip
        if not body.flag("stream"):
            return JSONResponse(form.completion(await unless_gone(request.receive, self._answer(inquiry))))
        asking = Asking(self._service.asker, inquiry)
        try:
            await unless_gone(request.receive, asking.begin(PATIENCE))
        except BaseException:
            await asking.__aexit__()
            raise
        return sse.EventStream(_chunks(asking, form), {})

    async def _answer(self, inquiry: Inquiry) -> Reply:
        async with Asking(self._service.asker, inquiry) as asking:
            return await asking.reply()

    def _inquiry(self, body: Fields, owner: str, said: Conversation, options: Options) -> Inquiry:
        _refuse(body)
        limit = body.integer("max_completion_tokens", body.integer("max_tokens", 0, 0, 1_000_000), 0, 1_000_000)
        question = {"max_tokens": limit, "sampling": read_sampling(body), "json_schema": read_schema(body,
                "response_format"),
                    "ignore_eos": body.flag("ignore_eos"), "stop": _stop(body)}  # fmt: skip
        return self._service.inquiry(owner, said, options, question)


def read_schema(body: Fields, key: str) -> str:
    """A response_format's JSON schema; empty: none."""
    given = body.object(key)
    kind = given.one_of("type", ("text", "json_object", "json_schema"), "text")
    if kind == "json_object":
        return '{"type": "object"}'
    if kind == "text":
        return ""
    inner = given.object("json_schema") if "json_schema" in given else given
    if "schema" not in inner:
        raise invalid(f"'{inner.path('schema')}' is missing", inner.path("schema"), "missing_required_parameter")
    return json.dumps(inner.object("schema").values)


def _turns(body: Fields) -> list[Turn]:
    turns: list[Turn] = []
    for message in body.objects("messages", MOST_MESSAGES):
        read_message(turns, message)
    if not turns:
        raise invalid("'messages' has at least one message", "messages", "missing_required_parameter")
    return turns


def _stop(body: Fields) -> tuple[str, ...]:
    texts = body.texts("stop", _MOST_STOPS)
    if not all(0 < len(text) <= _LONGEST_STOP for text in texts):
        raise invalid(f"'stop' has texts of 1 to {_LONGEST_STOP} characters", "stop")
    return texts


def _refuse(body: Fields) -> None:
    """What a client must hear about, since an answer without it would be another than it asked for."""
    if body.integer("n", 1, 1, 128) != 1:
        raise unsupported("one answer a request: 'n' is 1", "n")
    choice = body.raw("tool_choice")
    if choice == "required" or isinstance(choice, dict):
        raise unsupported(
            "this server calls no tools: leave out 'tool_choice', or set it to auto or none", "tool_choice"
        )
    if body.flag("logprobs") or body.integer("top_logprobs", 0, 0, 20):
        raise unsupported(
            "token probabilities are not told here yet: leave out 'logprobs' and 'top_logprobs'", "logprobs"
        )


async def _chunks(asking: Asking, form: _Form) -> AsyncIterator[bytes]:
    async with asking:
        yield sse.event(form.chunk({"role": "assistant", "content": "", "refusal": None}))
        try:
            stage, written = None, ""
            async for item in asking:
                if isinstance(item, Reply):
                    rest = item.answer.text.removeprefix(written) if item.answer.text.startswith(written) else ""
                    if rest:  # all of it, where it came in one piece
                        yield sse.event(form.chunk({"content": rest}))
                    yield sse.event(form.chunk({}, FINISH[item.answer.finish_reason]))
                    if form.usage or form.progress:
                        yield sse.event(form.bare(usage=usage(item.answer), glm4v=figures(item)))
                    yield sse.DONE
                elif item.text:
                    written += item.text
                    yield sse.event(form.chunk({"content": item.text}))
                elif form.progress and item.stage != stage:
                    stage = item.stage
                    yield sse.event(form.bare(glm4v={"stage": item.stage.name.lower()}))
        except VqaError as error:
            yield sse.event(problem_of(error).body)
        except Problem as problem:
            yield sse.event(problem.body)

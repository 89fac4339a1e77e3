"""/v1/responses, without a memory: each request brings its whole conversation."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from glm4v_ros.engine.answer import Answer, FinishReason, TokenLogprob
from glm4v_ros.engine.question import MOST_ALTERNATIVES
from glm4v_ros.errors import VqaError
from glm4v_ros.web import sse
from glm4v_ros.web.asker import Reply
from glm4v_ros.web.asking import Asking
from glm4v_ros.web.conversation import Turn, read_input
from glm4v_ros.web.fields import Fields
from glm4v_ros.web.logprobs import read_alternatives, token_list
from glm4v_ros.web.options import Options
from glm4v_ros.web.problem import problem_of, unsupported
from glm4v_ros.web.service import figures, read_sampling, read_schema
from glm4v_ros.web.text_endpoint import Form, TextEndpoint, refuse_tools

_LOGPROBS = "message.output_text.logprobs"


class Responses(TextEndpoint):
    said_in = "input"

    def _refuse(self, body: Fields) -> None:
        for name in ("previous_response_id", "conversation"):
            if name in body:
                raise unsupported(
                    f"nothing is remembered here: send the whole conversation in 'input', not '{name}'", name
                )
        if body.flag("background"):
            raise unsupported("nothing runs in the background here: leave out 'background'", "background")
        refuse_tools(body)

    def _turns(self, body: Fields) -> list[Turn]:
        turns = read_input(body)
        if "instructions" in body:
            turns.insert(0, Turn("system", [body.text("instructions")]))
        return turns

    def _question(self, body: Fields) -> dict:
        return {
            "max_tokens": body.integer("max_output_tokens", 0, 0, 1_000_000),
            "sampling": read_sampling(body),
            "json_schema": read_schema(body.object("text"), "format"),
            "logprobs": read_alternatives(body, _LOGPROBS in body.texts("include", 32) or "top_logprobs" in body),
        }

    def _form(self, request_id: str, model: str, created: int, body: Fields, options: Options) -> _Form:
        return _Form(request_id, model, created, body)


@dataclass(frozen=True)
class _Form(Form):
    """The response object in its states."""

    id: str
    model: str
    created: int
    body: Fields = field(repr=False)

    def response(self, status: str, output: list[dict], **more) -> dict:
        body = self.body
        return {
            "id": f"resp_{self.id}", "object": "response", "created_at": self.created, "status": status,
            "model": self.model,
            "output": output, "error": None, "incomplete_details": None, "usage": None, "completed_at": None,
            "instructions": body.raw("instructions"), "max_output_tokens": body.raw("max_output_tokens"),
            "max_tool_calls": None,
            "metadata": body.object("metadata").values, "parallel_tool_calls": True, "previous_response_id": None,
            "temperature": body.number("temperature", 0.0, 0, 2), "top_p": body.number("top_p", 1.0, 0, 1),
            "presence_penalty": 0.0, "frequency_penalty": 0.0, "top_logprobs": body.integer("top_logprobs", 0, 0, MOST_ALTERNATIVES),
            "text": {"format": {"type": "text"}},
            "tool_choice": "none", "tools": [], "truncation": "disabled", "store": False, "background": False,
            "service_tier": "default", "reasoning": None, "safety_identifier": None, "prompt_cache_key": None, **more,
        }  # fmt: skip

    def whole(self, reply: Reply) -> dict:
        answer = reply.answer
        whole = answer.finish_reason != FinishReason.LENGTH
        item = self.item("completed" if whole else "incomplete", [text_part(answer.text, answer.logprobs)])
        reason = None if whole else {"reason": "max_output_tokens"}
        return self.response(
            "completed" if whole else "incomplete", [item], incomplete_details=reason, usage=usage(answer),
            completed_at=int(time.time()), glm4v=figures(reply),
        )  # fmt: skip

    def events(self, asking: Asking) -> AsyncIterator[bytes]:
        return _Stream(self).events(asking)

    def item(self, status: str, content: list[dict]) -> dict:
        return {"id": f"msg_{self.id}", "type": "message", "role": "assistant", "status": status, "content": content}


def text_part(text: str, tokens: Sequence[TokenLogprob] = ()) -> dict:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": token_list(tokens)}


def usage(answer: Answer) -> dict:
    return {
        "input_tokens": answer.prompt_tokens, "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": answer.completion_tokens, "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": answer.prompt_tokens + answer.completion_tokens,
    }  # fmt: skip


class _Stream:
    """The events of one response, numbered."""

    def __init__(self, form: _Form):
        self._form, self._number, self._written = form, -1, ""

    async def events(self, asking: Asking) -> AsyncIterator[bytes]:
        form = self._form
        place = {"item_id": f"msg_{form.id}", "output_index": 0, "content_index": 0}
        async with asking:
            yield self._event("response.created", response=form.response("in_progress", []))
            yield self._event("response.in_progress", response=form.response("in_progress", []))
            yield self._event("response.output_item.added", output_index=0, item=form.item("in_progress", []))
            yield self._event("response.content_part.added", **place, part=text_part(""))
            try:
                async for item in asking:
                    if isinstance(item, Reply):
                        async for data in self._end(item, place):
                            yield data
                    elif item.text:
                        yield self._delta(item.text, item.logprobs, place)
            except VqaError as error:
                problem = problem_of(error).body["error"]
                failed = form.response("failed", [], error={"code": "server_error", "message": problem["message"]})
                yield self._event("response.failed", response=failed)

    async def _end(self, reply: Reply, place: dict) -> AsyncIterator[bytes]:
        text, tokens = reply.answer.text, reply.answer.logprobs
        if text and not self._written:
            yield self._delta(text, tokens, place)
        response = self._form.whole(reply)
        yield self._event("response.output_text.done", **place, text=text, logprobs=token_list(tokens))
        yield self._event("response.content_part.done", **place, part=text_part(text, tokens))
        yield self._event("response.output_item.done", output_index=0, item=response["output"][0])
        yield self._event(f"response.{response['status']}", response=response)

    def _delta(self, text: str, tokens: Sequence[TokenLogprob], place: dict) -> bytes:
        self._written += text
        return self._event("response.output_text.delta", **place, delta=text, logprobs=token_list(tokens))

    def _event(self, kind: str, **fields) -> bytes:
        self._number += 1
        return sse.event({"type": kind, "sequence_number": self._number, **fields}, kind)

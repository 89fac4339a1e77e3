"""/v1/chat/completions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from glm4v_ros.engine.answer import Answer, TokenLogprob
from glm4v_ros.engine.question import MOST_ALTERNATIVES
from glm4v_ros.errors import VqaError
from glm4v_ros.web import sse
from glm4v_ros.web.asker import Reply
from glm4v_ros.web.asking import Asking
from glm4v_ros.web.conversation import MOST_MESSAGES, Turn, read_message
from glm4v_ros.web.fields import Fields
from glm4v_ros.web.logprobs import read_alternatives, token_list
from glm4v_ros.web.options import Options
from glm4v_ros.web.problem import Problem, invalid, problem_of, unsupported
from glm4v_ros.web.service import FINISH, figures, read_sampling, read_schema
from glm4v_ros.web.text_endpoint import Form, TextEndpoint, refuse_tools

_MOST_STOPS, _LONGEST_STOP = 4, 200  # characters


@dataclass(frozen=True)
class _Form(Form):
    """What the answers to one request have in common."""

    id: str
    model: str
    created: int
    usage: bool = False  # a stream ends with its usage
    progress: bool = False
    logprobs: bool = False

    def whole(self, reply: Reply) -> dict:
        message = {"role": "assistant", "content": reply.answer.text, "refusal": None, "annotations": []}
        choice = {"index": 0, "message": message, "logprobs": self._logprobs(reply.answer.logprobs),
                  "finish_reason": FINISH[reply.answer.finish_reason]}  # fmt: skip
        return {
            **self._head("chat.completion"),
            "choices": [choice],
            "usage": usage(reply.answer),
            "glm4v": figures(reply),
        }

    def chunk(self, delta: dict, finish_reason: str | None = None, tokens: Sequence[TokenLogprob] = ()) -> dict:
        logprobs = self._logprobs(tokens) if tokens else None
        choice = {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish_reason}
        return {**self._head("chat.completion.chunk"), "choices": [choice], **({"usage": None} if self.usage else {})}

    def bare(self, **fields) -> dict:
        """A chunk without a choice."""
        return {**self._head("chat.completion.chunk"), "choices": [], **fields}

    async def events(self, asking: Asking) -> AsyncIterator[bytes]:
        async with asking:
            yield sse.event(self.chunk({"role": "assistant", "content": "", "refusal": None}))
            try:
                stage, written, told = None, "", 0
                async for item in asking:
                    if isinstance(item, Reply):
                        rest = item.answer.text.removeprefix(written) if item.answer.text.startswith(written) else ""
                        untold = item.answer.logprobs[told:]
                        if rest or untold:  # all of it, where it came in one piece
                            yield sse.event(self.chunk({"content": rest}, tokens=untold))
                        yield sse.event(self.chunk({}, FINISH[item.answer.finish_reason]))
                        if self.usage or self.progress:
                            yield sse.event(self.bare(usage=usage(item.answer), glm4v=figures(item)))
                        yield sse.DONE
                    elif item.text:
                        written += item.text
                        told += len(item.logprobs)
                        yield sse.event(self.chunk({"content": item.text}, tokens=item.logprobs))
                    elif self.progress and item.stage != stage:
                        stage = item.stage
                        yield sse.event(self.bare(glm4v={"stage": item.stage.name.lower()}))
            except VqaError as error:
                yield sse.event(problem_of(error).body)
            except Problem as problem:
                yield sse.event(problem.body)

    def _logprobs(self, tokens: Sequence[TokenLogprob]) -> dict | None:
        return {"content": token_list(tokens), "refusal": None} if self.logprobs else None

    def _head(self, kind: str) -> dict:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}


def usage(answer: Answer) -> dict:
    return {
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
        "total_tokens": answer.prompt_tokens + answer.completion_tokens,
    }


class ChatCompletions(TextEndpoint):
    said_in = "messages"

    def _refuse(self, body: Fields) -> None:
        if body.integer("n", 1, 1, 128) != 1:
            raise unsupported("one answer a request: 'n' is 1", "n")
        refuse_tools(body)
        if body.integer("top_logprobs", 0, 0, MOST_ALTERNATIVES) and not body.flag("logprobs"):
            raise invalid("'top_logprobs' goes with 'logprobs': true", "top_logprobs")

    def _turns(self, body: Fields) -> list[Turn]:
        turns: list[Turn] = []
        for message in body.objects("messages", MOST_MESSAGES):
            read_message(turns, message)
        if not turns:
            raise invalid("'messages' has at least one message", "messages", "missing_required_parameter")
        return turns

    def _question(self, body: Fields) -> dict:
        limit = body.integer("max_completion_tokens", body.integer("max_tokens", 0, 0, 1_000_000), 0, 1_000_000)
        return {
            "max_tokens": limit,
            "sampling": read_sampling(body),
            "json_schema": read_schema(body, "response_format"),
            "ignore_eos": body.flag("ignore_eos"),
            "stop": _stop(body),
            "logprobs": read_alternatives(body, body.flag("logprobs")),
        }

    def _form(self, request_id: str, model: str, created: int, body: Fields, options: Options) -> _Form:
        usage = body.object("stream_options").flag("include_usage")
        return _Form(f"chatcmpl-{request_id}", model, created, usage, options.progress, body.flag("logprobs"))


def _stop(body: Fields) -> tuple[str, ...]:
    texts = body.texts("stop", _MOST_STOPS)
    if not all(0 < len(text) <= _LONGEST_STOP for text in texts):
        raise invalid(f"'stop' has texts of 1 to {_LONGEST_STOP} characters", "stop")
    return texts

"""The server, asked one question at a time or many."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import httpx2
import openai

from glm4v_ros.engine.answer import Answer, FinishReason, Stage, TokenLogprob
from glm4v_ros.engine.question import Question
from glm4v_ros.engine.violation import violation
from glm4v_ros.errors import ServerFailed, Unsupported
from glm4v_ros.remote.config import RemoteConfig
from glm4v_ros.remote.failure import has_not_begun, is_about_form
from glm4v_ros.remote.messages import chat_messages, decision_input
from glm4v_ros.remote.transport import BoundedTransport
from glm4v_ros.remote.writing import Writing

_CONNECT_PATIENCE = 10.0  # s
_AGAIN_AFTER = 0.2  # s; a balancer has noticed by then that one of its servers is gone
_FINISHED = {"stop": FinishReason.STOP, "length": FinishReason.LENGTH}
#: How a server is held to choices. The first that works is kept: exact probabilities, vLLM's field, JSON that all know.
_WAYS = ("decisions", "structured_outputs", "json_schema")


class Server:
    """Raises what failure.py understands. A coroutine that is cancelled closes its connection."""

    def __init__(self, config: RemoteConfig):
        self._model = config.model_id
        self._way = 0  # the first of _WAYS that this server may know
        timeout = httpx2.Timeout(config.patience, connect=min(_CONNECT_PATIENCE, config.patience), pool=None)
        client = httpx2.AsyncClient(
            transport=BoundedTransport(), follow_redirects=False, timeout=timeout, trust_env=False
        )
        self._client = openai.AsyncOpenAI(
            base_url=config.base_url, api_key=config.key or "none", max_retries=0, timeout=timeout, http_client=client,
            organization="", project="",
        )  # fmt: skip

    async def ask(self, question: Question, urls: Sequence[str], keys: Sequence[str], writing: Writing) -> Answer:
        """``urls`` are the pictures as data URLs, ``keys`` their frames' keys. What the server has not begun is asked once more."""
        headers = {"x-session-id": keys[0]} if keys else {}
        if question.timeout:
            headers["x-glm4v-timeout"] = f"{question.timeout:.3f}"
        if question.max_image_tokens:
            headers["x-glm4v-image-tokens"] = str(question.max_image_tokens)
        if question.deterministic:
            headers["x-glm4v-deterministic"] = "true"
        writing.enter(Stage.PREFILL)
        try:
            return await self._ask(question, urls, headers, writing)
        except openai.APIError as error:
            if writing.text or not has_not_begun(error):
                raise
        await asyncio.sleep(_AGAIN_AFTER)
        return await self._ask(question, urls, headers, writing)

    async def _ask(self, question: Question, urls: Sequence[str], headers: dict, writing: Writing) -> Answer:
        if question.choices:
            return await self._choose(question, urls, headers, writing)
        schema = json.loads(question.json_schema) if question.json_schema else None
        reason = await self._chat(question, urls, headers, writing, {"response_format": _format(schema)} if schema else {})
        if schema and reason == FinishReason.STOP and (wrong := violation(writing.text, question.json_schema)):
            raise Unsupported(f"the remote server does not hold to json_schema: {wrong}")
        return writing.answer(reason)

    async def _choose(self, question: Question, urls: Sequence[str], headers: dict, writing: Writing) -> Answer:
        refused: Exception | None = None
        for way in range(self._way, len(_WAYS)):
            try:
                answer = await getattr(self, f"_by_{_WAYS[way]}")(question, urls, headers, writing)
            except openai.APIStatusError as error:
                if not is_about_form(error):
                    raise
                refused = error
            else:
                if answer is not None:
                    self._way = max(self._way, way)
                    return answer
            writing.text, writing.first_at = "", 0.0
        raise refused or Unsupported("the remote server does not hold to choices: it answered something else")

    async def _by_decisions(
        self, question: Question, urls: Sequence[str], headers: dict, writing: Writing
    ) -> Answer | None:
        """With the probabilities that the server computed. None: it could not decide."""
        asked = {
            "type": "choice", "instructions": question.text,
            "choices": [{"value": choice} for choice in question.choices],
        }  # fmt: skip
        decision = await self._client.decisions.create(
            model=self._model, input=decision_input(question, urls), questions=[asked], extra_headers=headers
        )
        told = decision.answers[0]
        if getattr(told, "type", "") != "choice":
            return None
        writing.count(getattr(decision, "usage", None))
        writing.count_images(getattr(decision, "glm4v", None))
        probabilities = {one.value: one.probability for one in getattr(told, "probabilities", None) or ()}
        figures = _probabilities([probabilities.get(choice) for choice in question.choices])
        return _chosen(question, told.choice, writing, figures)

    async def _by_structured_outputs(
        self, question: Question, urls: Sequence[str], headers: dict, writing: Writing
    ) -> Answer | None:
        body = {"extra_body": {"structured_outputs": {"choice": list(question.choices)}}}
        await self._chat(question, urls, headers, writing, body, quietly=True)
        return _chosen(question, writing.text, writing)

    async def _by_json_schema(
        self, question: Question, urls: Sequence[str], headers: dict, writing: Writing
    ) -> Answer | None:
        answer = {"type": "string", "enum": list(question.choices)}
        schema = {"type": "object", "properties": {"answer": answer}, "required": ["answer"], "additionalProperties": False}
        await self._chat(question, urls, headers, writing, {"response_format": _format(schema)}, quietly=True)
        try:
            return _chosen(question, json.loads(writing.text)["answer"], writing)
        except (ValueError, TypeError, KeyError):
            return None

    async def _chat(
        self, question: Question, urls: Sequence[str], headers: dict, writing: Writing, more: dict, quietly: bool = False
    ) -> FinishReason:
        stream = await self._client.chat.completions.create(
            model=self._model, messages=chat_messages(question, urls), stream=True, max_tokens=_room(question),
            stream_options={"include_usage": True}, extra_headers=headers, **_sampling(question, more),
        )  # fmt: skip
        reason = None
        async with aclosing(stream):
            async for chunk in stream:
                await asyncio.sleep(0)  # a stream that is there already is read without a pause, and nothing else runs
                writing.count(getattr(chunk, "usage", None))
                writing.count_images(getattr(chunk, "glm4v", None))
                for choice in chunk.choices or ():
                    if choice.delta is not None:
                        writing.write(choice.delta.content or "", _logprobs(question, choice), quietly)
                    reason = choice.finish_reason or reason
        if reason is None:
            raise ServerFailed("the remote server's answer broke off; ask again")
        if reason not in _FINISHED:
            raise Unsupported(f"the remote server ended the answer for a reason of its own: {reason!r:.60}")
        return _FINISHED[reason]


def _room(question: Question) -> int:
    """Tokens: none of the choices is cut."""
    return max(question.max_tokens, *(len(choice.encode()) + 16 for choice in question.choices), 1)


def _sampling(question: Question, more: dict) -> dict[str, Any]:
    """What differs from a server's default, lest one that does not know a field refuses it."""
    sampling, body = question.sampling, dict(more.get("extra_body", {}))
    for name, value, usual in (
        ("top_k", sampling.top_k, 0), ("min_p", sampling.min_p, 0.0), ("repeat_penalty", sampling.repeat_penalty, 1.0),
        ("repetition_penalty", sampling.repeat_penalty, 1.0), ("ignore_eos", question.ignore_eos, False),
    ):  # fmt: skip
        if value != usual:
            body[name] = value
    told: dict[str, Any] = {"temperature": sampling.temperature, **more, "extra_body": body}
    if question.logprobs is not None:
        told.update(logprobs=True, top_logprobs=question.logprobs)
    if sampling.temperature:
        told["seed"] = sampling.seed
    if sampling.top_p != 1:
        told["top_p"] = sampling.top_p
    if question.stop:
        told["stop"] = list(question.stop)
    return told


def _logprobs(question: Question, choice: Any) -> list[TokenLogprob]:
    """Of a chunk's tokens, where they were asked for; raises TypeError and ValueError for what is no such figure."""
    told = getattr(getattr(choice, "logprobs", None), "content", None) if question.logprobs is not None else None
    return [replace(_token(one), top=tuple(map(_token, one.top_logprobs))) for one in told or ()]


def _token(told: Any) -> TokenLogprob:
    logprob = float(told.logprob)
    if math.isnan(logprob):
        raise ValueError("a token has no probability")
    return TokenLogprob(bytes(told.bytes) if told.bytes is not None else told.token.encode(), min(0.0, logprob))


def _format(schema: dict) -> dict:
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}


def _chosen(question: Question, text: object, writing: Writing, figures: dict | None = None) -> Answer | None:
    """None for what is none of the choices."""
    if not isinstance(text, str) or text not in question.choices:
        return None
    index = question.choices.index(text)
    figures = figures or {}
    if probabilities := figures.get("choice_probabilities"):
        figures["confidence"] = probabilities[index]
    return writing.answer(FinishReason.STOP, text=text, choice_index=index, **figures)


def _probabilities(told: list) -> dict:
    """None is made up where one is missing, and none taken that is no probability."""
    if all(isinstance(one, (int, float)) and not isinstance(one, bool) and 0 <= one <= 1 for one in told):
        total = math.fsum(told)
        if abs(total - 1) < 0.01:
            return {"choice_probabilities": tuple(float(one) / total for one in told)}
    return {}

"""What the handlers of requests share."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import NamedTuple

from starlette.requests import Request

from glm4v_ros.engine.answer import FinishReason
from glm4v_ros.engine.question import Question, Sampling
from glm4v_ros.web.asker import Asker, Found, Inquiry, Reply, Seen
from glm4v_ros.web.conversation import Conversation
from glm4v_ros.web.fields import Fields, parse
from glm4v_ros.web.options import Options, read_options
from glm4v_ros.web.pictures import PictureStore
from glm4v_ros.web.problem import Problem, invalid
from glm4v_ros.web.seats import Seats

_TURNS = 4  # of the event loop, in which a refusal is written and its connection closed
_LARGE = 1 << 20  # bytes of a body that is parsed in a thread, lest other streams stand still
FINISH = {FinishReason.STOP: "stop", FinishReason.LENGTH: "length"}


class Call(NamedTuple):
    """A request for an answer, as far as all endpoints read it alike."""

    body: Fields
    owner: str
    model: str  # its name as the request has it
    options: Options


@dataclass(frozen=True)
class Service:
    asker: Asker
    pictures: PictureStore
    seats: Seats
    timeout: float = 120.0  # seconds that a question may take unless its request says otherwise
    most_timeout: float = 600.0

    async def read_call(self, request: Request) -> Call:
        """A request for an answer, which then has a seat. Raises Problem, also for a model that is not here, and Busy."""
        self.seats.check()  # before its body, which may be large, has come
        body = await read_body(request, lambda: self.seats.take(request.scope))
        await asyncio.sleep(0)  # of those that came with it, the ones that are refused need not wait for its answer's work
        for _ in range(_TURNS if self.seats.full else 0):
            await asyncio.sleep(0)
        return Call(body, owner_of(request), self._model(body), read_options(body, request.headers))

    def _model(self, body: Fields) -> str:
        names = [card.name for card in self.asker.models]
        name = body.text("model", most=200)
        if name not in names:
            raise Problem(404, f"there is no model '{name[:64]}' here; there is {', '.join(names)}", param="model",
                          code="model_not_found")  # fmt: skip
        return name

    def inquiry(self, owner: str, said: Conversation, options: Options, question: Mapping) -> Inquiry:
        """``question`` has what the request's own fields say about it."""
        if options.regions and len(options.regions) != len(said.pictures):
            raise invalid(
                f"'glm4v.rois' has one entry for each of the {len(said.pictures)} pictures, or none", "glm4v.rois"
            )
        if options.session and said.past:
            raise invalid(
                "a session keeps the conversation: send the new message alone, or leave the session out", "messages"
            )
        timeout = min(options.timeout or self.timeout, self.most_timeout)
        return Inquiry(
            Question(
                said.text, uuid.uuid4().hex, session_id=options.session, past=said.past, system_prompt=said.system,
                max_image_tokens=options.max_image_tokens, timeout=timeout,
                deterministic=options.deterministic, retry_on_crash=True, **{"max_tokens": 0, **question},
            ),
            owner, said.pictures, said.cameras, options.regions, options.enhance, options.preset, options.language,
            options.verify,
        )  # fmt: skip


async def read_body(request: Request, on_read: Callable[[], None] = lambda: None) -> Fields:
    """The JSON object that a request brings; ``on_read`` is called before it is parsed. Raises Problem."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Problem(415, "the body is JSON: send Content-Type: application/json", code="unsupported_media_type")
    body = await request.body()
    on_read()
    return parse(body) if len(body) < _LARGE else await asyncio.to_thread(parse, body)


def owner_of(request: Request) -> str:
    return request.scope.get("glm4v.owner", "")


def read_sampling(body: Fields) -> Sampling:
    return Sampling(
        temperature=body.number("temperature", 0.0, 0, 2), top_p=body.number("top_p", 1.0, 0, 1),
        top_k=body.integer("top_k", 0, 0, 1_000_000), min_p=body.number("min_p", 0.0, 0, 1),
        repeat_penalty=body.number("repeat_penalty", 1.0, 0.01, 100),
        seed=body.integer("seed", 0, -(2**63), 2**63 - 1) % 2**64,
    )  # fmt: skip


def read_schema(body: Fields, key: str) -> str:
    """A response_format's JSON schema; empty: none."""
    given = body.object(key)
    kind = given.one_of("type", ("text", "json_object", "json_schema"), "text")
    if kind == "json_object":  # whose schema is llama-server's addition
        return json.dumps(given.object("schema").values if "schema" in given else {"type": "object"})
    if kind == "text":
        return ""
    inner = given.object("json_schema") if "json_schema" in given else given
    if "schema" not in inner:
        raise invalid(f"'{inner.path('schema')}' is missing", inner.path("schema"), "missing_required_parameter")
    return json.dumps(inner.object("schema").values)


def figures(reply: Reply) -> dict:
    """What an answer says beside OpenAI's fields: its evidence and its times."""
    answer = reply.answer
    probability = answer.mean_token_probability
    return {
        "pictures": [seen_fields(seen) for seen in reply.seen],
        "image_tokens": answer.image_tokens,
        "abstained": answer.abstained,
        **_found_fields(reply.found),
        "mean_token_probability": None if probability != probability else round(probability, 6),
        "time_to_first_token": round(answer.time_to_first_token, 6),
        "latency": round(answer.latency, 6),
    }


def _found_fields(found: Found) -> dict:
    """By the second reader."""
    return {
        "verification": found.verdict.name.lower(),
        "verification_reason": found.reason or None,
        "verification_confidence": round(found.confidence, 4),
        "evidence": [{"text": one.text, "picture": one.picture, "roi": asdict(one.region)} for one in found.evidence],
    }


def seen_fields(seen: Seen) -> dict:
    return {"sha256": seen.key, "url": f"/v1/pictures/{seen.key}", "stamp": seen.stamp, "camera": seen.camera or None,
            "roi": seen.region and asdict(seen.region)}  # fmt: skip


def with_question(inquiry: Inquiry, **changes) -> Inquiry:
    """The same with another question and an id of its own."""
    return replace(inquiry, question=replace(inquiry.question, request_id=uuid.uuid4().hex, **changes))

"""How likely the tokens of an answer were, as OpenAI's API says it."""

from __future__ import annotations

from collections.abc import Iterable

from glm4v_ros.engine.answer import TokenLogprob
from glm4v_ros.engine.question import MOST_ALTERNATIVES
from glm4v_ros.web.fields import Fields

_LEAST = -9999.0  # in OpenAI's API of tokens that are out of the question; JSON has no infinity


def read_alternatives(body: Fields, wanted: bool) -> int | None:
    """``top_logprobs``: of how many of the likeliest tokens each place is to tell; None where nothing is ``wanted``."""
    count = body.integer("top_logprobs", 0, 0, MOST_ALTERNATIVES)
    return count if wanted else None


def token_list(tokens: Iterable[TokenLogprob]) -> list[dict]:
    return [{**_token(token), "top_logprobs": [_token(one) for one in token.top]} for token in tokens]


def _token(token: TokenLogprob) -> dict:
    return {"token": token.text, "logprob": max(_LEAST, token.logprob), "bytes": list(token.bytes)}

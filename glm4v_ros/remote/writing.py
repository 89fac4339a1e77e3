"""An answer while it comes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from glm4v_ros.engine.answer import Answer, Delta, FinishReason, Stage, TokenLogprob
from glm4v_ros.errors import ServerFailed

_MOST_CHARACTERS = 64  # of a token, on average; with more, the server writes what nobody asked for
_MOST_TOKENS = 2**32 - 1  # that Answer.msg can say


@dataclass(eq=False)
class Writing:
    """What there is of it by now. ``tell`` is called with what is new."""

    request_id: str
    taken_at: float  # time.monotonic()
    max_tokens: int
    tell: Callable[[Delta], None]
    text: str = ""
    first_at: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    image_tokens: int = 0
    logprobs: list[TokenLogprob] = field(default_factory=list)

    def enter(self, stage: Stage) -> None:
        self.tell(Delta(self.request_id, stage))

    def write(self, text: str, logprobs: Sequence[TokenLogprob] = (), quietly: bool = False) -> None:
        """Raises ServerFailed for more than was asked for. ``quietly``: nobody hears of it yet."""
        if not isinstance(text, str):
            raise ServerFailed(f"the remote server's answer is not of OpenAI's API: a text is {type(text).__name__}")
        if not text:
            return
        text = text.encode(errors="replace").decode().replace("\0", "\ufffd")  # JSON can hold what no message carries
        self.first_at = self.first_at or time.monotonic()
        self.text += text
        self.logprobs += logprobs
        if len(self.text) > _MOST_CHARACTERS * (self.max_tokens + 16):
            raise ServerFailed(f"the remote server wrote more than the {self.max_tokens} tokens that were asked for")
        if not quietly:
            self.tell(Delta(self.request_id, Stage.ANSWERING, text, tuple(logprobs)))

    def count(self, usage: object) -> None:
        """Of a chunk or a whole answer; what is no number is left out."""
        for ours, theirs in (
            ("prompt_tokens", "prompt_tokens"), ("prompt_tokens", "input_tokens"),
            ("completion_tokens", "completion_tokens"), ("completion_tokens", "output_tokens"),
        ):  # fmt: skip
            setattr(self, ours, _tokens(getattr(usage, theirs, None)) or getattr(self, ours))

    def count_images(self, figures: object) -> None:
        """``glm4v serve`` tells them."""
        if isinstance(figures, dict):
            self.image_tokens = _tokens(figures.get("image_tokens"))

    def answer(self, reason: FinishReason, **figures) -> Answer:
        first = self.first_at - self.taken_at if self.first_at else 0.0
        return Answer(**{
            "request_id": self.request_id, "text": self.text, "finish_reason": reason, "image_tokens": self.image_tokens,
            "prompt_tokens": self.prompt_tokens, "completion_tokens": self.completion_tokens, "logprobs": tuple(self.logprobs),
            "time_to_first_token": first, "latency": time.monotonic() - self.taken_at, **figures,
        })  # fmt: skip


def _tokens(number: object) -> int:
    return min(max(0, number), _MOST_TOKENS) if isinstance(number, int) and not isinstance(number, bool) else 0

"""What is asked of the engine."""

from __future__ import annotations

from dataclasses import dataclass, field

from glm4v_ros.llama.sampling import Sampling

MOST_ALTERNATIVES = 20  # as OpenAI's API has it


@dataclass(frozen=True)
class Exchange:
    """A question and its answer, of a conversation that the asker keeps."""

    text: str
    answer: str
    pictures: int = 0  # as many of the frames were shown with it, in order


@dataclass(frozen=True)
class Question:
    """One question about the frames that travel with it; without any, about its session's, or with ``needs_picture`` off plain chat.

    ``past`` has what went before where there is no session; the frames are then those of the past, in order, followed by
    the question's own. Durations are seconds. ``timeout`` counts from the moment the engine client takes the question; 0 means none.
    """

    text: str
    request_id: str
    session_id: str = ""
    past: tuple[Exchange, ...] = ()
    system_prompt: str = ""
    choices: tuple[str, ...] = ()
    json_schema: str = ""
    max_tokens: int = 256
    max_image_tokens: int = 0  # per image; 0: the model's cap
    timeout: float = 0.0
    priority: int = 0  # higher goes first
    deterministic: bool = False
    retry_on_crash: bool = False
    ignore_eos: bool = False  # the end of the answer is a token like any other: benchmarks and tests of long answers
    local_only: bool = False  # its pictures stay on this machine
    stop: tuple[str, ...] = ()  # the answer ends before the first of these
    needs_picture: bool = True  # refused where neither it nor its session has one, for what it is about may have been lost
    logprobs: int | None = None  # as many alternatives with each token of the answer, 0 to MOST_ALTERNATIVES; None: no such figures
    sampling: Sampling = field(default_factory=Sampling)

    @property
    def greedy(self) -> bool:
        """Always the likeliest token, so that it can be chosen where the logits are."""
        return not self.choices and not self.json_schema and self.sampling.greedy

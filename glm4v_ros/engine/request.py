"""One question on its way through the worker."""

from __future__ import annotations

import enum
import time
from functools import cached_property
from itertools import islice
from typing import Union

from glm4v_ros.engine.answer import Answer, FinishReason, Stage
from glm4v_ros.engine.chat_template import Picture
from glm4v_ros.engine.choice_answer import ChoiceAnswer
from glm4v_ros.engine.messages import Ask
from glm4v_ros.engine.prompt import Prompt
from glm4v_ros.engine.sequence import Sequence
from glm4v_ros.engine.session import History, Session, Turn
from glm4v_ros.engine.text_answer import TextAnswer
from glm4v_ros.vision.shared_frame import SharedFrame
from glm4v_ros.vision.tower import ImageTokens


class Phase(enum.Enum):
    """Where a request is in the worker."""

    WAITING = enum.auto()  # for its frames or for its turn
    READING = enum.auto()  # its prompt goes into the KV cache
    ANSWERING = enum.auto()  # nobody waits for its first token any more
    ENDED = enum.auto()


class Request:
    """Holds its own state; the scheduler moves it on."""

    def __init__(self, ask: Ask, frames: list[SharedFrame], number: int):
        """``number`` counts all requests in the order of their arrival."""
        self.question = ask.question
        self.frames = frames
        self.number = number
        self.taken_at = ask.taken_at
        self.phase = Phase.WAITING
        #: What the client was told last.
        self.stage = Stage.QUEUED
        self.images: list[ImageTokens | None] = [None] * len(frames)
        self.session: Session | None = None
        self.epoch = 0  # of its session when it was admitted
        self.prompt: Prompt | None = None  # once it was composed
        self.sequence: Sequence | None = None
        self.answer: Union[TextAnswer, ChoiceAnswer, None] = None

    @property
    def id(self) -> str:
        return self.question.request_id

    @property
    def rank(self) -> tuple[int, int]:
        """Lower goes first."""
        return -self.question.priority, self.number

    @property
    def deadline(self) -> float:
        return self.taken_at + self.question.timeout if self.question.timeout > 0 else float("inf")

    @property
    def identities(self) -> list[tuple[str, int]]:
        """Key and token budget of each of its frames."""
        return [(frame.key, self.question.max_image_tokens) for frame in self.frames]

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """Its own, once they are encoded."""
        return tuple(Picture(*identity, image) for identity, image in zip(self.identities, self.images))

    @cached_property
    def past(self) -> History:
        """The conversation that came with the question. Only once its pictures are encoded."""
        pictures = iter(self.pictures)
        return History(tuple(
            Turn(one.text, tuple(islice(pictures, one.pictures)), one.answer, None) for one in self.question.past
        ))  # fmt: skip

    @property
    def own_pictures(self) -> tuple[Picture, ...]:
        """Without those of the past."""
        return self.pictures[sum(one.pictures for one in self.question.past) :]

    @property
    def encoded(self) -> bool:
        return all(image is not None for image in self.images)

    @property
    def reading(self) -> bool:
        return self.phase is Phase.READING

    @property
    def answering(self) -> bool:
        return self.phase is Phase.ANSWERING

    def result(self, reason: FinishReason) -> Answer:
        """What there is by now, with its figures."""
        common = dict(request_id=self.id, finish_reason=reason, latency=time.monotonic() - self.taken_at)
        if self.prompt is not None:
            common.update(image_tokens=self.prompt.image_tokens, prompt_tokens=self.prompt.tokens)
        figures = self.answer.figures if self.answer is not None else {}
        if first := figures.pop("first_token_at", 0.0):
            figures["time_to_first_token"] = first - self.taken_at
        return Answer(**{"text": "", **figures, **common})

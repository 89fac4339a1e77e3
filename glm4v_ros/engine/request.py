"""One question on its way through the worker."""

from __future__ import annotations

import time
from functools import cached_property
from itertools import islice

from glm4v_ros.engine.abstention import abstains
from glm4v_ros.engine.answer import Answer, FinishReason, Stage
from glm4v_ros.engine.answer_text import AnswerText
from glm4v_ros.engine.chat_template import Picture
from glm4v_ros.engine.choice_scores import ChoiceScores
from glm4v_ros.engine.draft import Draft
from glm4v_ros.engine.encoder import EncodeJob
from glm4v_ros.engine.messages import Ask
from glm4v_ros.engine.prompt import Prompt
from glm4v_ros.engine.repetition import Repetition
from glm4v_ros.engine.sequence import Sequence
from glm4v_ros.engine.session import History, Session, Turn
from glm4v_ros.engine.shared_frame import SharedFrame
from glm4v_ros.engine.token_sampler import TokenSampler
from glm4v_ros.vision.tower import ImageTokens


class Request:
    """Holds its own state; the scheduler moves it on."""

    def __init__(self, ask: Ask, frames: list[SharedFrame], order: int):
        self.question = ask.question
        self.frames = frames
        self.taken_at = ask.taken_at
        self.order = order
        self.stage = Stage.QUEUED
        self.jobs: dict[int, EncodeJob] = {}  # by index into frames
        self.images: list[ImageTokens | None] = [None] * len(frames)
        self.session: Session | None = None
        self.prompt: Prompt | None = None  # once it was composed
        self.prompt_of: History | None = None  # and the session's history of then
        self.sequence: Sequence | None = None
        self.sampler: TokenSampler | None = None
        self.scores: ChoiceScores | None = None
        self.score_ids: dict[int, int] = {}  # choice to its sequence id
        self.output: AnswerText | None = None
        self.repetition = Repetition()
        self.prompt_cells = 0
        self.tokens: list[int] = []
        self.draft: Draft | None = None
        self._probability_sum = 0.0
        self._first_token_at = 0.0

    @property
    def id(self) -> str:
        return self.question.request_id

    @property
    def session_id(self) -> str:
        return self.question.session_id

    @property
    def deadline(self) -> float:
        return self.taken_at + self.question.timeout if self.question.timeout > 0 else float("inf")

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """Its own, once they are encoded."""
        budget = self.question.max_image_tokens
        return tuple(Picture(frame.key, budget, image) for frame, image in zip(self.frames, self.images))

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
    def scoring(self) -> bool:
        """Its prompt is in the KV cache and its choices are being scored."""
        return self.scores is not None

    @property
    def answering(self) -> bool:
        return bool(self.tokens)

    @property
    def begun(self) -> bool:
        """Its prompt is in the KV cache, and nobody waits for its first token any more."""
        return self.answering or self.scoring

    @property
    def guess(self) -> list[int]:
        """Tokens that may come after the last one, to be checked in the same decode."""
        if self.draft is None:
            return []
        return self.draft.guess(min(self.question.max_tokens - len(self.tokens), self.sequence.room) - 1)

    @property
    def greedy(self) -> bool:
        """Always the likeliest token, out of all or of all but the end."""
        return not self.question.choices and not self.question.json_schema and self.question.sampling.greedy

    @property
    def full(self) -> bool:
        """No further token may come."""
        return len(self.tokens) >= self.question.max_tokens or self.sequence.room <= 0

    def wrote(self, token: int, probability: float) -> None:
        if not self.tokens:
            self._first_token_at = time.monotonic()
        self.tokens.append(token)
        self.sequence.append(token)
        if self.draft is not None:
            self.draft.add(token)
        self._probability_sum += probability

    def answer(self, reason: FinishReason) -> Answer:
        """What there is by now, with its figures."""
        now = time.monotonic()
        text = self.output.text if self.output else ""
        common = dict(request_id=self.id, finish_reason=reason, latency=now - self.taken_at)
        if self.sequence is not None:
            common.update(image_tokens=self.sequence.layout.image_cells, prompt_tokens=self.prompt_cells)
        if self.scores is not None and self.scores.done:
            best = self.scores.best
            probabilities = self.scores.probabilities
            return Answer(
                text=self.question.choices[best],
                choice_index=best,
                choice_probabilities=probabilities,
                confidence=probabilities[best],
                mean_token_probability=self.scores.mean_token_probability,
                completion_tokens=self.scores.tokens_of(best),
                time_to_first_token=now - self.taken_at,
                abstained=abstains(self.question.choices[best]),
                **common,
            )
        if self.tokens:
            common.update(
                mean_token_probability=self._probability_sum / len(self.tokens),
                completion_tokens=len(self.tokens),
                time_to_first_token=self._first_token_at - self.taken_at,
            )
        return Answer(text=text, abstained=abstains(text), **common)

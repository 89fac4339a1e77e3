"""An answer in words, token by token."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable

import numpy as np

from glm4v_ros.engine.answer import FinishReason, TokenLogprob
from glm4v_ros.engine.answer_text import AnswerText
from glm4v_ros.engine.draft import Draft
from glm4v_ros.engine.question import Question
from glm4v_ros.engine.repetition import Repetition
from glm4v_ros.engine.sequence import Sequence
from glm4v_ros.engine.token_trace import TokenTrace
from glm4v_ros.llama.batch import Batch
from glm4v_ros.llama.language_model import LanguageModel
from glm4v_ros.llama.token_sampler import TokenSampler, likeliest, log_sum, probability


class TextAnswer:
    """``feed`` puts what comes next into a batch, and ``take`` goes on behind it once it is decoded.

    Tokens that were chosen are in ``fresh`` until they are shown.
    """

    def __init__(
        self, question: Question, sequence: Sequence, model: LanguageModel, sampler: TokenSampler, draft: Draft | None,
        thinking: bool,
    ):
        """``thinking``: the prompt opened a thought."""
        self._question = question
        self._sequence = sequence
        self._model = model
        self._sampler = sampler
        self._draft = draft
        self._repetition = Repetition()
        self._guess: list[int] = []
        self._entry = 0
        self._probability_sum = 0.0
        self._first_token_at = 0.0
        self._trace = TokenTrace() if question.logprobs is not None else None
        self._logprobs: list[TokenLogprob] = []  # of all tokens, with a trace
        self.text = AnswerText(thinking, question.stop, self._trace)
        self.tokens: list[int] = []
        self.fresh: list[int] = []
        #: Tokens that ``take`` chose last.
        self.advanced = 0
        self.finished: FinishReason | None = None

    @property
    def drafts(self) -> bool:
        """Tokens were guessed to follow the last one."""
        return bool(self._guess)

    @property
    def tokens_for_history(self) -> tuple[int, ...] | None:
        """As they may stand in a conversation; None when the text is to be put there anew, for a thought was in it or it was cut."""
        return None if self.text.thought or self.text.stopped else tuple(self.tokens)

    @property
    def figures(self) -> dict:
        """Fields of the Answer."""
        return {
            "text": self.text.text,
            "mean_token_probability": self._probability_sum / len(self.tokens) if self.tokens else math.nan,
            "completion_tokens": len(self.tokens),
            "first_token_at": self._first_token_at,
            "logprobs": tuple(self._logprobs[token] for token in self._trace.shown) if self._trace else (),
        }

    def expect(self, entry: int) -> None:
        """The first token comes behind this batch entry, the prompt's last."""
        self._entry, self._guess = entry, []

    def feed(self, batch: Batch, drafting: bool) -> int:
        """Adds the last token, and with ``drafting`` what may follow it. How many entries these are; none without room."""
        if batch.room <= 0 or batch.output_room <= 0:
            return 0
        sequence, self._guess = self._sequence, []
        if drafting and self._draft is not None:
            room = min(batch.room, batch.output_room, sequence.room, self._question.max_tokens - len(self.tokens))
            self._guess = self._draft.guess(room - 1)
        tokens = [self.tokens[-1], *self._guess]
        self._entry = batch.add_tokens(tokens, sequence.position, sequence.seq_id, len(tokens))
        return len(tokens)

    def take(self) -> int:
        """Chooses the next token, and behind each right guess another one. How many tokens these are. Raises EngineFailed."""
        before, right, guess = len(self.tokens), 0, self._guess
        while self._choose(self._entry + right) and right < len(guess) and guess[right] == self.tokens[-1]:
            right += 1
        if guess:
            self._sequence.cells += right
            self._model.remove(self._sequence.seq_id, self._sequence.position)
        self.advanced = len(self.tokens) - before
        return self.advanced

    def learn(self, paid: bool) -> None:
        """Whether the guess brought more tokens than its decode took longer."""
        self._draft.learn(paid)

    def rewind(self) -> None:
        """What was fed came to nothing; ``feed`` does it again."""

    def show(self, pieces: Iterable[bytes]) -> str:
        """The text that these pieces, of ``fresh`` tokens, add. It may show that the answer ended."""
        self.fresh.clear()
        shown = "".join(map(self.text.add, pieces))
        if self.text.stopped:
            self.finished = FinishReason.STOP
        return shown

    def take_logprobs(self) -> tuple[TokenLogprob, ...]:
        """Of the tokens that what was shown since the last call was made of."""
        return tuple(self._logprobs[token] for token in self._trace.take_news()) if self._trace else ()

    def finish(self) -> str:
        """The rest of the text, once no token follows."""
        return self.text.finish()

    def free(self) -> None:
        self._sampler.free()

    def _choose(self, entry: int) -> bool:
        """The token behind this batch entry; whether the answer goes on."""
        question, model = self._question, self._model
        if self._sequence.on_device:
            token, likelihood = model.likeliest(entry)
        else:
            logits = model.logits(entry)
            token = self._sampler.choose(logits)
            likelihood = probability(logits, token) if token is not None else 0.0
        held = question.ignore_eos and not question.json_schema
        if token is None or (token in model.ends and not held):
            self.finished = FinishReason.STOP
            return False
        self._first_token_at = self._first_token_at or time.monotonic()
        if self._trace:
            self._logprobs.append(self._ranked(logits, token))
        self._probability_sum += likelihood
        self.tokens.append(token)
        self.fresh.append(token)
        self._sequence.append(token)
        if self._draft is not None:
            self._draft.add(token)
        if len(self.tokens) >= question.max_tokens or self._sequence.room <= 0:
            self.finished = FinishReason.LENGTH
        elif not question.ignore_eos and self._repetition.add(token):
            self.finished = FinishReason.LENGTH
        return self.finished is None

    def _ranked(self, logits: np.ndarray, token: int) -> TokenLogprob:
        total = log_sum(logits)

        def one(token: int, top: tuple[TokenLogprob, ...] = ()) -> TokenLogprob:
            return TokenLogprob(self._model.piece(token), float(logits[token]) - total, top)

        return one(token, tuple(map(one, likeliest(logits, self._question.logprobs))))

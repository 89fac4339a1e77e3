"""An answer that is one of several choices: each is scored as a whole."""

from __future__ import annotations

import time
from collections.abc import Iterable
from collections.abc import Sequence as Sequences

from glm4v_ros.engine.answer import FinishReason
from glm4v_ros.engine.choice_scores import ChoiceScores
from glm4v_ros.engine.kv_cache import KVCache
from glm4v_ros.engine.sequence import Sequence
from glm4v_ros.llama.batch import Batch
from glm4v_ros.llama.language_model import LanguageModel


class ChoiceAnswer:
    """``feed`` puts tokens of the choices into a batch, each choice in a copy of the prompt's sequence, and ``take`` adds up
    their probabilities."""

    drafts = False
    fresh = ()  # nothing to show before all are scored
    tokens_for_history = None  # the chosen text is put into history anew

    def __init__(
        self, choices: Sequences[str], tokens: list[tuple[int, ...]], sequence: Sequence, model: LanguageModel, kv: KVCache
    ):
        """``tokens`` of each choice."""
        self._choices = choices
        self._sequence = sequence
        self._model = model
        self._kv = kv
        self._scores = ChoiceScores(tokens, model.end_tokens)
        self._ids: dict[int, int] = {}  # choice to sequence id
        self._entry: int | None = None
        self._fed: list[tuple[int, int, int]] = []  # choice, first batch entry, tokens
        self._finished_at = 0.0
        self.finished: FinishReason | None = None

    @property
    def figures(self) -> dict:
        """Fields of the Answer; none before all choices are scored."""
        if self.finished is None:
            return {}
        scores, best = self._scores, self._scores.best
        return {
            "text": self._choices[best],
            "choice_index": best,
            "choice_probabilities": scores.probabilities,
            "confidence": scores.probabilities[best],
            "mean_token_probability": scores.mean_token_probability,
            "completion_tokens": scores.tokens_of(best),
            "first_token_at": self._finished_at,
        }

    def expect(self, entry: int) -> None:
        """The prompt's last token is this batch entry."""
        self._entry, self._fed = entry, []

    def feed(self, batch: Batch, drafting: bool) -> int:
        """Adds as many of the choices' tokens as there is room for. How many."""
        start, self._entry, self._fed = batch.size, None, []
        for choice, fed, tokens in self._scores.next(min(batch.room, batch.output_room)):
            if choice not in self._ids and not self._begin(choice):
                break
            first = batch.add_tokens(tokens, self._sequence.position + fed, self._ids[choice], len(tokens))
            self._fed.append((choice, first, len(tokens)))
        return batch.size - start

    def take(self) -> int:
        """Scores what was fed. Raises EngineFailed."""
        if self._entry is not None:
            self._scores.start(self._model.logits(self._entry))
        for choice, first, count in self._fed:
            if self._scores.feed(choice, map(self._model.logits, range(first, first + count))):
                self._kv.give_ids([self._ids.pop(choice)])
        if self._scores.done:
            self.finished, self._finished_at = FinishReason.STOP, time.monotonic()
        return 0

    def rewind(self) -> None:
        """What was fed came to nothing; ``feed`` does it again."""
        for choice, _, _ in self._fed:
            self._model.remove(self._ids[choice], self._sequence.position + self._scores.fed(choice))

    def show(self, pieces: Iterable[bytes]) -> str:
        return ""

    def finish(self) -> str:
        return ""

    def free(self) -> None:
        self._kv.give_ids([*self._ids.values()])
        self._ids.clear()

    def _begin(self, choice: int) -> bool:
        for seq_id in self._kv.take_ids(1):
            self._ids[choice] = seq_id
            self._model.copy(self._sequence.seq_id, seq_id, self._sequence.position)
            return True
        return False

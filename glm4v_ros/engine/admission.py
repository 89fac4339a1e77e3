"""What a request needs before it is decoded: its prompt, cells in the KV cache, and an answer to be filled."""

from __future__ import annotations

from collections.abc import Iterable

from glm4v_ros.engine.chat_template import ChatTemplate
from glm4v_ros.engine.choice_answer import ChoiceAnswer
from glm4v_ros.engine.config import EngineConfig
from glm4v_ros.engine.draft import Draft
from glm4v_ros.engine.frame_store import FrameStore
from glm4v_ros.engine.kv_cache import KVCache
from glm4v_ros.engine.layout import Layout
from glm4v_ros.engine.prompt import PromptComposer
from glm4v_ros.engine.request import Request
from glm4v_ros.engine.sequence import Sequence
from glm4v_ros.engine.text_answer import TextAnswer
from glm4v_ros.errors import ContextFull
from glm4v_ros.llama.grammar import Grammar
from glm4v_ros.llama.language_model import LanguageModel
from glm4v_ros.llama.token_sampler import TokenSampler


class Admission:
    """Starts requests one by one."""

    def __init__(
        self, config: EngineConfig, model: LanguageModel, template: ChatTemplate, kv: KVCache, frames: FrameStore
    ):
        self._model = model
        self._template = template
        self._kv = kv
        self._frames = frames
        self._speculation = config.speculation
        # Of one question with its answer.
        self._longest = min(kv.capacity, model.trained_context or kv.capacity)
        self._composer = PromptComposer(template, self._longest, config.model.images_per_conversation)

    def check(self, request: Request) -> None:
        """Raises Unsupported before anything is done for a question that cannot be answered."""
        self._composer.check_image_count(len(request.frames))

    def start(self, request: Request, others: Iterable[Request], alone: bool) -> bool:
        """Gives the request its sequence and its answer; False when it must wait for cells, which others will give back unless it
        is ``alone``. ``others``: all that are not answered yet. Raises VqaError."""
        question = request.question
        if question.deterministic:
            self._kv.clear()
        history = request.session.history if request.session is not None else request.past
        if request.prompt is None or request.prompt.source is not history:
            request.prompt = self._composer.compose(question, request.own_pictures, history)
        layout = request.prompt.layout
        choices = [self._model.tokenize(choice, False) for choice in question.choices]
        if choices:
            extra = min(sum(map(len, choices)), self._model.output_capacity + max(map(len, choices)))
            if layout.cells + extra > self._longest:
                raise ContextFull(
                    f"the prompt takes {layout.cells} of {self._longest} context tokens, which leaves no room for the choices"
                )
        else:
            extra = min(question.max_tokens, self._longest - layout.cells)
        self._kv.make_way({f.key for r in others if not r.answering for f in r.frames}, self._frames.kept_keys)
        greedy = question.greedy and question.logprobs is None  # else its logits are wanted here
        sequence = self._allocate(request, layout, extra, greedy)
        if sequence is None and alone:  # what it would share may itself be in the way
            sequence = self._kv.allocate(layout, extra, None, 0, greedy=greedy)
        if sequence is None:
            if not alone:
                return False
            raise ContextFull(
                f"the prompt takes {layout.cells} of {self._kv.capacity} context tokens and leaves no room"
            )
        request.sequence = sequence  # which the scheduler gives back should the rest fail
        if choices:
            request.answer = ChoiceAnswer(question.choices, choices, sequence, self._model, self._kv)
        else:
            request.answer = self._text_answer(request, sequence)
        return True

    def _allocate(self, request: Request, layout: Layout, extra: int, greedy: bool) -> Sequence | None:
        turns = request.prompt.history.turns
        # Words that are read one by one move logits by a hair, and a seed is to give the same answer each time.
        base, shared = self._kv.match(layout, bool(turns) or request.question.sampling.greedy)
        if turns or shared >= layout.frame_cells:
            return self._kv.allocate(layout, extra, base, shared, greedy=greedy)
        head = layout.head(layout.frame_cells)
        prefix = self._kv.building(head) or self._kv.allocate(head, 0, base, shared, kept=True)
        if prefix is None:
            return None
        sequence = self._kv.allocate(layout, extra, prefix, layout.frame_cells, greedy=greedy)
        if sequence is None and not prefix.users:
            self._kv.release(prefix)
        return sequence

    def _text_answer(self, request: Request, sequence: Sequence) -> TextAnswer:
        question, model = request.question, self._model
        grammar = None
        if question.json_schema:
            grammar = Grammar(question.json_schema, model.vocabulary_pointer, model.vocabulary)
        draft = None
        if self._speculation and question.greedy and not question.deterministic:
            draft = Draft(sequence.layout.text)
        sampler = TokenSampler(question.sampling, model.vocabulary, grammar)
        return TextAnswer(question, sequence, model, sampler, draft, self._template.opens_thought)

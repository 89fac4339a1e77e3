"""What the language model is given to read for one question."""

from __future__ import annotations

from dataclasses import dataclass

from glm4v_ros.engine.chat_template import ChatTemplate, Message, Picture
from glm4v_ros.engine.layout import Layout
from glm4v_ros.engine.question import Question
from glm4v_ros.engine.session import History
from glm4v_ros.errors import BadRequest, ContextFull, Unsupported

_LEAST_ANSWER = 16  # tokens that must fit behind a prompt before history is dropped
_ROOM_AFTER_DROPPING = 0.75  # of the context: else every further question would drop a turn and prefill all the others again


@dataclass(frozen=True)
class Prompt:
    layout: Layout
    source: History  # its session's of then
    history: History  # as much of it as it begins with
    pictures: tuple[Picture, ...]  # that its own message shows
    tokens: int  # of the prompt; the layout grows with the answer
    image_tokens: int


class PromptComposer:
    """Puts a question, its pictures and its session's history together."""

    def __init__(self, template: ChatTemplate, longest: int, most_images: int):
        """``longest``: tokens of a prompt with its answer. ``most_images`` in a conversation; 0: any number."""
        self._template = template
        self._longest = longest
        self._most_images = most_images

    def check_image_count(self, count: int) -> None:
        """Raises Unsupported."""
        most = self._most_images
        if most and count > most:
            raise Unsupported(
                f"this model takes {most} image{'s' if most > 1 else ''} in a conversation: ask in another session, or "
                f"reset this session first"
            )

    def compose(self, question: Question, pictures: tuple[Picture, ...], history: History) -> Prompt:
        """With as many of the latest turns as fit. Raises BadRequest without a picture that it needs, Unsupported with too many,
        ContextFull when not even one turn fits."""
        if question.needs_picture and not pictures and not history.pictures:
            raise BadRequest("the question brings no image and its session has none: send an image or name a camera")
        source, room = history, self._longest
        if [p.frame_key for p in pictures] == [p.frame_key for p in history.pictures]:
            history, pictures = history.sharper(pictures), ()  # the very pictures that the session is about
        self.check_image_count(len(history.all_pictures) + len(pictures))
        while True:
            own = pictures or history.orphans
            layout = self._template.layout([*history.messages, Message("user", question.text, own)], question.system_prompt)
            cells = layout.cells + min(_LEAST_ANSWER, question.max_tokens)
            if cells <= room or (cells <= self._longest and not history.turns):
                return Prompt(layout, source, history, own, layout.cells, layout.image_cells)
            if not history.turns:
                raise ContextFull(
                    f"the question with its images takes {layout.cells} of {self._longest} context tokens: "
                    f"ask in fewer words or for fewer max_image_tokens, or raise context_tokens"
                )
            history = history.without_oldest()
            room = _ROOM_AFTER_DROPPING * self._longest

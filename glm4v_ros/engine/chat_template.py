"""Messages to tokens, through the chat template that came with the model."""

from __future__ import annotations

import datetime
import functools
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Union

import jinja2
import jinja2.sandbox

from glm4v_ros.engine.layout import Layout
from glm4v_ros.errors import Unsupported
from glm4v_ros.vision.tower import ImageTokens

# Stand for text and images while the template is rendered, so that no text of a user can look like a part of it. They
# are # in a Unicode private use area, and a template that knew them would have to be written for this engine.
_SENTINEL = "\uf8f0{}\uf8f1"
_SENTINELS = re.compile("\uf8f0(\\d+)\uf8f1")


@dataclass(frozen=True)
class Picture:
    """An image in a message."""

    frame_key: str
    budget: int
    tokens: ImageTokens


@dataclass(frozen=True)
class Message:
    """``role`` is system, user or assistant. Pictures come before the text. ``tokens``: the text, already tokenised."""

    role: str
    text: str = ""
    pictures: tuple[Picture, ...] = ()
    tokens: tuple[int, ...] | None = None


_Content = Union[Picture, str, "tuple[int, ...]"]


class ChatTemplate:
    """Renders as Hugging Face's ``apply_chat_template`` does, with user text kept apart from the template's own."""

    def __init__(
        self, source: str, tokenize: Callable[[str, bool], tuple[int, ...]], *, bos_token: str = "", eos_token: str = "",
        arguments: dict[str, Any] | None = None, answer_prefix: str = "",
    ):  # fmt: skip
        """``tokenize(text, special)``: with ``special`` off, control tokens in the text are text. Raises
        Unsupported."""
        environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
        )
        environment.globals.update(
            raise_exception=_raise, strftime_now=lambda form: datetime.datetime.now().strftime(form)
        )
        environment.filters["tojson"] = lambda value, **options: json.dumps(value, ensure_ascii=False, **options)
        try:
            self._template = environment.from_string(source)
        except jinja2.TemplateError as error:
            raise Unsupported(f"the model's chat template is no valid Jinja template: {error}") from error
        self._tokenize = tokenize
        self._tokenize_template = functools.lru_cache(maxsize=64)(lambda piece: tokenize(piece, True))  # always the same few
        self._variables = {"bos_token": bos_token, "eos_token": eos_token, "tools": None, **(arguments or {})}
        self._answer_prefix = answer_prefix
        #: Whether an answer starts inside a thought that the prompt opened.
        self.opens_thought = self._opens_thought()

    def layout(self, messages: Sequence[Message], system: str = "") -> Layout:
        """The prompt that asks for an answer to these messages, behind the text ``system`` if there is any. Raises
        Unsupported when the template cannot take them."""
        if system:
            messages = [Message("system", system), *messages]
        contents: list[_Content] = []
        rendered = self._render(messages, contents)
        layout = Layout()
        pieces = _SENTINELS.split(rendered)
        for piece, index in zip(pieces[::2], [*pieces[1::2], None]):
            layout.add_tokens(self._tokenize_template(piece))
            if index is None:
                break
            content = contents[int(index)]
            if isinstance(content, Picture):
                layout.add_image(content.frame_key, content.budget, content.tokens)
            else:
                layout.add_tokens(self._tokenize(content, False) if isinstance(content, str) else content)
        return layout

    def _render(self, messages: Sequence[Message], contents: list[_Content]) -> str:
        def sentinel(content: _Content) -> str:
            contents.append(content)
            return _SENTINEL.format(len(contents) - 1)

        plain = []
        for message in messages:
            text = "".join(map(sentinel, message.pictures))
            if message.tokens is not None:
                text += sentinel(message.tokens)
            elif message.text:
                text += sentinel(message.text)
            plain.append({"role": message.role, "content": text})
        wanted, reason = set(range(len(contents))), "it drops a part of it"
        for form in (plain, [{**m, "content": [{"type": "text", "text": m["content"]}]} for m in plain]):
            try:
                rendered = self._template.render(messages=form, add_generation_prompt=True, **self._variables)
            except (jinja2.TemplateError, TypeError) as error:  # some take contents in one of the two forms only
                reason = str(error)
                continue
            dropped = wanted - {int(index) for index in _SENTINELS.findall(rendered)}
            if not dropped or all(self._is_system(messages, contents[index]) for index in dropped):
                return rendered + self._answer_prefix
        raise Unsupported(f"the model's chat template refuses this conversation: {reason}")

    @staticmethod
    def _is_system(messages: Sequence[Message], content: _Content) -> bool:
        """A template may know no system message; nothing else may get lost."""
        return any(message.role == "system" and message.text is content for message in messages)

    def _opens_thought(self) -> bool:
        rendered = self._render([Message("user", "?")], [])
        return rendered.rfind("<think>") > rendered.rfind("</think>")


def _raise(message: str):
    raise jinja2.TemplateError(message)

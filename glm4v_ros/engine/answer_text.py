"""Tokens to the text that a person gets to see."""

from __future__ import annotations

import codecs
from collections.abc import Sequence

from glm4v_ros.engine.token_trace import TokenTrace

#: (opening tag, closing tag): what lies between is thought, not said.
_THOUGHT = ("<think>", "</think>")
#: Shown without themselves.
_MARKERS = ("<|begin_of_box|>", "<|end_of_box|>", "<answer>", "</answer>")
_TAGS = (*_THOUGHT, *_MARKERS)


class AnswerText:
    """Grows token by token. ``add`` returns what may be shown; all that it returned is ``text``, unless a thought that was never
    opened is closed: what was shown until then was thought."""

    def __init__(self, thinking: bool = False, stop: Sequence[str] = (), trace: TokenTrace | None = None):
        """``thinking``: the prompt already opened a thought. ``stop``: the text ends before the first of these. ``trace`` learns
        which pieces have a part in the text."""
        self.text = ""
        #: Whether something was thought; such an answer is put into history anew, without the thought.
        self.thought = thinking
        #: Whether one of ``stop`` came.
        self.stopped = False
        self._stop = stop
        self._trace = trace
        self._thinking = thinking
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""  # may be the start of a tag
        self._begun = ""  # may be the start of a stop
        self._space = ""  # shown only if more follows

    @staticmethod
    def is_tag(piece: bytes) -> bool:
        """Whether a control token is a tag that must be seen to be stripped."""
        return piece.decode("utf-8", "replace") in _TAGS

    def add(self, piece: bytes) -> str:
        text = self._decoder.decode(piece)
        if self._trace:
            self._trace.come(len(text), bool(self._decoder.getstate()[0]))
        return self._show(self._filter(text, final=False), final=False)

    def finish(self) -> str:
        """The rest, once no token follows."""
        text = self._decoder.decode(b"", True)
        if self._trace:
            self._trace.come(len(text), False, tokens=0)
        return self._show(self._filter(text, final=True), final=True)

    def _filter(self, text: str, final: bool) -> str:
        """What is said, not thought."""
        text, self._held = self._held + text, ""
        said: list[str] = []
        while text:
            tags = _THOUGHT[1:] if self._thinking else _TAGS
            position, tag = min(((text.find(tag), tag) for tag in tags if tag in text), default=(-1, ""))
            if position < 0:
                keep = 0 if final else _possible(text, tags)
                self._held = text[len(text) - keep :]
                self._say(text[: len(text) - keep], said)
                break
            self._say(text[:position], said)
            if self._trace:
                self._trace.filter(len(tag), False)
            text = text[position + len(tag) :]
            if tag in _THOUGHT:
                if tag == _THOUGHT[1] and not self._thinking:
                    said.clear()
                    if self._trace:
                        self._trace.retract()
                    self.text = self._space = self._begun = ""
                self._thinking = tag == _THOUGHT[0]
                self.thought = True
        return "".join(said)

    def _say(self, text: str, said: list[str]) -> None:
        if not self._thinking:
            said.append(text)
        if self._trace:
            self._trace.filter(len(text), not self._thinking)

    def _show(self, text: str, final: bool) -> str:
        """Holds white space back until something follows it, so that the text is stripped at both ends."""
        text = self._space + self._until_stop(text, final)
        body = text.rstrip()
        self._space = text[len(body) :] if body or self.text else ""
        blank = 0 if self.text else len(text) - len(text.lstrip())
        body = body[blank:]
        if self._trace:
            self._trace.show(blank, len(body))
        self.text += body
        return body

    def _until_stop(self, text: str, final: bool) -> str:
        if not self._stop or self.stopped:
            return "" if self.stopped else text
        text, self._begun = self._begun + text, ""
        position = min((text.find(stop) for stop in self._stop if stop in text), default=-1)
        if position >= 0:
            self.stopped = True
            return text[:position]
        keep = 0 if final else _possible(text, self._stop)
        self._begun = text[len(text) - keep :]
        return text[: len(text) - keep]


def _possible(text: str, ends: Sequence[str]) -> int:
    """The length of the longest end of the text that may become one of ``ends``."""
    firsts = {end[0] for end in ends}
    if firsts.isdisjoint(text):  # nearly always
        return 0
    for length in range(min(len(text), max(map(len, ends)) - 1), 0, -1):
        if any(end.startswith(text[-length:]) for end in ends):
            return length
    return 0

"""Tokens to the text that a person gets to see."""

from __future__ import annotations

import codecs

#: (opening tag, closing tag): what lies between is thought, not said.
_THOUGHT = ("<think>", "</think>")
#: Shown without themselves.
_MARKERS = ("<|begin_of_box|>", "<|end_of_box|>", "<answer>", "</answer>")
_TAGS = (*_THOUGHT, *_MARKERS)


class AnswerText:
    """Grows token by token. ``add`` returns what may be shown; all that it returned is ``text``."""

    def __init__(self, thinking: bool = False):
        """``thinking``: the prompt already opened a thought."""
        self.text = ""
        #: Whether something was thought; such an answer is put into history anew, without the thought.
        self.thought = thinking
        self._thinking = thinking
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""  # may be the start of a tag
        self._space = ""  # shown only if more follows

    @staticmethod
    def is_tag(piece: bytes) -> bool:
        """Whether a control token is a tag that must be seen to be stripped."""
        return piece.decode("utf-8", "replace") in _TAGS

    def add(self, piece: bytes) -> str:
        return self._show(self._filter(self._decoder.decode(piece), final=False))

    def finish(self) -> str:
        """The rest, once no token follows."""
        return self._show(self._filter(self._decoder.decode(b"", True), final=True))

    def _filter(self, text: str, final: bool) -> str:
        text, self._held = self._held + text, ""
        shown = []
        while text:
            tags = _THOUGHT[1:] if self._thinking else _TAGS
            position, tag = min(((text.find(tag), tag) for tag in tags if tag in text), default=(-1, ""))
            if position < 0:
                keep = 0 if final else _possible_tag(text, tags)
                body, self._held = (text[:-keep], text[-keep:]) if keep else (text, "")
                if not self._thinking:
                    shown.append(body)
                break
            if not self._thinking:
                shown.append(text[:position])
            text = text[position + len(tag) :]
            if tag in _THOUGHT:
                self._thinking = tag == _THOUGHT[0]
                self.thought = True
        return "".join(shown)

    def _show(self, text: str) -> str:
        """Holds white space back until something follows it, so that the text is stripped at both ends."""
        text = self._space + text
        body = text.rstrip()
        self._space = text[len(body) :] if body or self.text else ""
        if not self.text:
            body = body.lstrip()
        self.text += body
        return body


def _possible_tag(text: str, tags) -> int:
    """The length of the longest end of the text that may become a tag."""
    if "<" not in text:  # with which every tag begins
        return 0
    for length in range(min(len(text), max(map(len, tags)) - 1), 0, -1):
        if any(tag.startswith(text[-length:]) for tag in tags):
            return length
    return 0

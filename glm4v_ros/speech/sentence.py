"""Cuts an answer into sentences while it is still being written."""

from __future__ import annotations

import re

_CHINESE_END = "。！？；"
_CLOSERS = "\"'”’）)】]》」』*_`"
# Words whose full stop ends no sentence. The last group may end one too: there what follows decides.
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof st mt no nos fig eq sec ch vol pp vs approx max min temp dept est tel ext ref cf ca e.g i.e "
    "jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun gen col lt capt sgt".split()
)
_MAYBE_ABBREVIATIONS = frozenset("etc inc ltd co corp jr sr a.m p.m u.s u.k cm mm kg lb oz ft hr hrs sq".split())
_LIST_NUMBER = re.compile(r"(?:^|\n)\s*\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,4})$")
_LAST_WORD = re.compile(r"[A-Za-z][A-Za-z.]*$")
_OPENING, _CLOSING = "<think>", "</think>"


class SentenceSplitter:
    """Takes the pieces of one answer and gives its finished sentences back, in order and without thinking text.

    A sentence is finished as soon as that is certain: a Chinese one with its last character, a Latin one with the blank
    after it, a line with its line break. Decimals, IP addresses, abbreviations and list numbers do not end one.
    A sentence of more than ``max_chars`` characters is cut at its last comma or blank.
    """

    def __init__(self, max_chars: int = 300):
        self.max_chars = max_chars
        self._raw = ""  # may hold the beginning of a tag
        self._text = ""  # not yet given back
        self._thinking = False

    def push(self, delta: str) -> list[str]:
        """The sentences that ``delta`` finished."""
        self._raw += delta
        self._text += self._visible()
        return self._sentences(final=False)

    def finish(self) -> list[str]:
        """What is left when the answer is complete; the splitter is then ready for another one."""
        if not self._thinking:
            self._text += self._raw
        sentences = self._sentences(final=True)
        self._raw, self._text, self._thinking = "", "", False
        return sentences

    def _visible(self) -> str:
        """Takes what is certain to be no thinking out of ``_raw``; half a tag stays there."""
        visible = ""
        while self._raw:
            tag = _CLOSING if self._thinking else _OPENING
            start = self._raw.find(tag)
            if start >= 0:
                if not self._thinking:
                    visible += self._raw[:start]
                self._raw = self._raw[start + len(tag) :]
                self._thinking = not self._thinking
                continue
            kept = next((n for n in range(len(tag) - 1, 0, -1) if self._raw.endswith(tag[:n])), 0)
            if not self._thinking:
                # A special token such as <|begin_of_box|> is kept whole too.
                token = self._raw.rfind("<|")
                if token >= 0 and "|>" not in self._raw[token:] and len(self._raw) - token < 40:
                    kept = max(kept, len(self._raw) - token)
                visible += self._raw[: len(self._raw) - kept]
            self._raw = self._raw[len(self._raw) - kept :]
            break
        return visible

    def _sentences(self, final: bool) -> list[str]:
        sentences = []
        while (end := self._end(final)) is not None:
            sentences.append(self._text[:end])
            self._text = self._text[end:]
        if final:
            sentences.append(self._text)
        cleaned = (sentence.lstrip(_CLOSERS[:-3]).strip() for sentence in sentences)
        return [sentence for sentence in cleaned if re.search(r"\w", sentence)]

    def _end(self, final: bool) -> int | None:
        """Where the first finished sentence of the text ends; None if there is none yet."""
        text = self._text
        for i, character in enumerate(text):
            if character in _CHINESE_END:
                return i + 1
            if character == "\n":
                following = text[i + 1 :].lstrip(" \t")
                if not final and (not following or len(following) == 1 and following.islower()):
                    return None  # the next line may go on in the middle of the sentence
                if text[:i].strip() and not (following[:1].islower() and following[1:2] not in (")", ".")):
                    return i + 1
            elif character in ".!?…" and self._is_stop(i) is None and not final:
                return None
            elif character in ".!?…" and self._is_stop(i):
                end = i + 1
                while end < len(text) and text[end] in _CLOSERS:
                    end += 1
                return end
            if i >= self.max_chars:
                cut = max(text.rfind(mark, 0, i) for mark in "，、,:：;")
                return (cut if cut > 0 else max(text.rfind(" ", 0, i), 0) or i) + 1
        return None

    def _is_stop(self, i: int) -> bool | None:
        """Whether the mark at ``i`` ends a sentence; None if what follows has to be seen first."""
        text = self._text
        after = i + 1
        while after < len(text) and text[after] in _CLOSERS:
            after += 1
        if after == len(text):
            return None
        following = text[after]
        if following in ".!?…":
            return False  # the last of several marks decides
        han = "\u3400" <= following <= "\u9fff"
        if not following.isspace() and not han:
            return False
        if text[i] != ".":
            return True
        if _LIST_NUMBER.search(text[:i]):
            return False
        word = _LAST_WORD.search(text[:i])
        word = word.group().lower() if word else ""
        initial = len(word) == 1 and text[i - 1].isupper() and not re.search(r"\d\s?[A-Z]$", text[:i])  # but not 24 V
        if word in _ABBREVIATIONS or initial:
            return False
        if word in _MAYBE_ABBREVIATIONS and not han:
            rest = text[after:].lstrip(" \t")
            return None if not rest else not rest[0].islower()
        return True


def split(text: str, max_chars: int = 300) -> list[str]:
    """The sentences of a whole text."""
    splitter = SentenceSplitter(max_chars)
    return splitter.push(text) + splitter.finish()

"""Which tokens have a part in the text of an answer."""

from __future__ import annotations

from collections import deque


class TokenTrace:
    """Follows each character of a stream of tokens through AnswerText, which drops some of them on the way: first those of tags and
    thoughts, then white space at both ends, and what follows a stop. Tokens have numbers from 0."""

    def __init__(self):
        #: Tokens with a part in the text, and those of them that ``take_news`` has not given out.
        self.shown: list[int] = []
        self._news: list[int] = []
        self._tokens = 0
        self._open = 0  # the first token with bytes of the next character
        self._heard: deque[tuple[int, int]] = deque()  # first and last token of each character that may still be of a tag
        self._said: deque[tuple[int, int]] = deque()  # and of each that may still not be shown

    def come(self, characters: int, partly: bool, tokens: int = 1) -> None:
        """The next token made so many characters whole, and has bytes of one more or not."""
        last = self._tokens + tokens - 1
        for _ in range(characters):
            self._heard.append((self._open, last))
            self._open = last
        self._tokens += tokens
        if not partly:
            self._open = self._tokens

    def filter(self, characters: int, said: bool) -> None:
        """So many are said, or are of a tag or a thought."""
        for _ in range(characters):
            source = self._heard.popleft()
            if said:
                self._said.append(source)

    def show(self, blank: int, characters: int) -> None:
        """So many are left out, and so many are shown."""
        for _ in range(blank):
            self._said.popleft()
        for _ in range(characters):
            first, last = self._said.popleft()
            new = range(max(first, self.shown[-1] + 1 if self.shown else 0), last + 1)
            self.shown += new
            self._news += new

    def retract(self) -> None:
        """What was said until now was thought."""
        for tokens in (self._said, self.shown, self._news):
            tokens.clear()

    def take_news(self) -> list[int]:
        news, self._news = self._news, []
        return news

"""How far a long piece of work has come, for a person at a terminal."""

from __future__ import annotations

import sys


class Progress:
    """A line on stderr that is gone when the work is done; nothing where stderr is no terminal."""

    def __init__(self, what: str = ""):
        self.what = what
        self._shown = sys.stderr.isatty()
        self._line = ""

    def __enter__(self) -> Progress:
        return self

    def __call__(self, fraction: float) -> None:
        """``fraction`` is 0 to 1."""
        self._show(f"{self.what} {fraction:4.0%}")

    def of(self, what: str, done: int, total: int) -> None:
        """``done`` of ``total``, in whatever unit; a total of 0 is not known."""
        self._show(f"{what} {done / total:4.0%}" if total else f"{what} {done}")

    def __exit__(self, *_) -> None:
        if self._line:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def _show(self, line: str) -> None:
        if self._shown and line != self._line:
            self._line = line
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)

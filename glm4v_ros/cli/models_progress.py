"""One line on the terminal for work in several stages."""

from __future__ import annotations

from glm4v_ros.cli.engine import Progress


class StageProgress:
    """Called with (what, done, total); shows the stage under way and leaves nothing behind."""

    def __init__(self):
        self._stage: Progress | None = None

    def __enter__(self) -> StageProgress:
        return self

    def __call__(self, what: str, done: int, total: int) -> None:
        if self._stage is None or self._stage.what != what:
            self.__exit__()
            self._stage = Progress(what)
        self._stage(done / total if total else 0.0)

    def __exit__(self, *_) -> None:
        if self._stage is not None:
            self._stage.__exit__()
            self._stage = None

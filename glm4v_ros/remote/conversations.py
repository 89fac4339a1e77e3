"""What was said with a server that remembers nothing: each question brings it along."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from glm4v_ros.engine.answer import Answer
from glm4v_ros.engine.question import Exchange, Question
from glm4v_ros.errors import BadRequest, Unsupported
from glm4v_ros.vision.frame import Frame

MOST = 64  # conversations; beyond it the one unused for longest goes
MOST_FRAMES = 16  # of one, as policy/question_check.py has it


@dataclass(frozen=True)
class Conversation:
    past: tuple[Exchange, ...] = ()
    frames: tuple[Frame, ...] = ()  # of the past, in order
    shown: tuple[str, ...] = ()  # keys of the latest pictures
    local_only: bool = False  # one of its pictures must not leave this machine


class Conversations:
    """By session id; one unused for ``idle`` seconds is forgotten. May be used by any thread."""

    def __init__(self, idle: float):
        self._idle = idle
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[float, Conversation]] = OrderedDict()  # least lately used first

    def bring(self, question: Question, frames: Sequence[Frame]) -> tuple[Question, tuple[Frame, ...]]:
        """The question with its past in place of its session, and the frames of both. Raises BadRequest and Unsupported."""
        if not question.session_id:
            if question.needs_picture and not frames:
                raise BadRequest("the question brings no image: send one")
            return question, tuple(frames)
        known = self._get(question.session_id)
        fresh = _fresh(known, frames)
        together = (*known.frames, *fresh)
        if question.needs_picture and not together:
            raise BadRequest("the session has no picture any more: send one, or name a camera")
        if len(together) > MOST_FRAMES:
            raise Unsupported(f"the session has shown {MOST_FRAMES} pictures, the most that are sent: reset the session")
        local_only = question.local_only or known.local_only
        return replace(question, session_id="", past=known.past, local_only=local_only), together

    def keep(self, asked: Question, brought: Question, frames: Sequence[Frame], answer: Answer) -> None:
        """``asked`` was answered; ``brought`` and ``frames`` are what ``bring`` made of it."""
        if not asked.session_id:
            return
        before = sum(one.pictures for one in brought.past)
        fresh = len(frames) - before
        past = (*brought.past, Exchange(asked.text, answer.text, fresh))
        shown = tuple(frame.key for frame in frames[before:]) if fresh else self._get(asked.session_id).shown
        with self._lock:
            now = time.monotonic()
            self._known[asked.session_id] = (now, Conversation(past, tuple(frames), shown, brought.local_only))
            self._known.move_to_end(asked.session_id)
            while len(self._known) > MOST:
                self._known.popitem(last=False)

    def forget(self, session_id: str = "") -> None:
        """Empty: all of them."""
        with self._lock:
            if session_id:
                self._known.pop(session_id, None)
            else:
                self._known.clear()

    def _get(self, session_id: str) -> Conversation:
        with self._lock:
            oldest = time.monotonic() - self._idle
            while self._known and next(iter(self._known.values()))[0] < oldest:
                self._known.popitem(last=False)
            return self._known.get(session_id, (0.0, Conversation()))[1]


def _fresh(known: Conversation, frames: Sequence[Frame]) -> tuple[Frame, ...]:
    """Those that the conversation is not about already: whoever asks on shows its pictures again."""
    return () if tuple(frame.key for frame in frames) == known.shown else tuple(frames)

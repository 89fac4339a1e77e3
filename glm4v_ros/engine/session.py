"""Conversations: what was asked, shown and answered, turn by turn."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from glm4v_ros.engine.chat_template import Message, Picture
from glm4v_ros.engine.frame_store import FrameStore
from glm4v_ros.engine.kv_cache import KVCache
from glm4v_ros.engine.sequence import Sequence

if TYPE_CHECKING:
    from glm4v_ros.engine.request import Request

_WORDS = 256  # of the last question that stay in the KV cache: more of them would drive frames out


@dataclass(frozen=True)
class Turn:
    """A question with the pictures that came with it, and its answer."""

    text: str
    pictures: tuple[Picture, ...]
    answer: str
    answer_tokens: tuple[int, ...] | None  # as generated; None when they are not all of the answer and no more

    @property
    def messages(self) -> tuple[Message, Message]:
        return (Message("user", self.text, self.pictures), Message("assistant", self.answer, tokens=self.answer_tokens))


@dataclass(frozen=True)
class History:
    """Finished turns, oldest first."""

    turns: tuple[Turn, ...] = ()
    orphans: tuple[Picture, ...] = ()  # their turn was dropped and none is left to take them over: the next one does

    @property
    def messages(self) -> list[Message]:
        return [message for turn in self.turns for message in turn.messages]

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """What a question without a picture is about: the latest that were shown."""
        return next((turn.pictures for turn in reversed(self.turns) if turn.pictures), self.orphans)

    @property
    def all_pictures(self) -> tuple[Picture, ...]:
        return (*self.orphans, *(picture for turn in self.turns for picture in turn.pictures))

    def with_turn(self, turn: Turn) -> History:
        return History((*self.turns, turn))

    def sharper(self, pictures: tuple[Picture, ...]) -> History:
        """The same with those of its pictures replaced that these show in more tokens."""
        seen = {p.frame_key: p for p in pictures}

        def best(shown: tuple[Picture, ...]) -> tuple[Picture, ...]:
            return tuple(max(p, seen.get(p.frame_key, p), key=lambda one: one.tokens.count) for p in shown)

        return History(tuple(replace(turn, pictures=best(turn.pictures)) for turn in self.turns), best(self.orphans))

    def without_oldest(self) -> History:
        """The same without the oldest turn; the pictures that questions are about stay."""
        dropped, *rest = self.turns
        if not dropped.pictures or any(turn.pictures for turn in rest):
            return History(tuple(rest), self.orphans)
        if not rest:
            return History((), dropped.pictures)
        return History((replace(rest[0], pictures=dropped.pictures), *rest[1:]))


_NO_HISTORY = History()


@dataclass(eq=False)
class Session:
    """One conversation. At most one of its questions is worked on at a time."""

    id: str
    last_used: float
    history: History = _NO_HISTORY
    sequence: Sequence | None = None  # the history in the KV cache; may have been evicted
    users: int = 0  # its questions that wait or are worked on
    busy: bool = False  # one of them is worked on
    epoch: int = 0  # how many times it was reset


class Sessions:
    """All conversations, by id. They hold their pictures in the frame store."""

    def __init__(self, idle_s: float, kv: KVCache, frames: FrameStore):
        self._idle_s = idle_s
        self._kv = kv
        self._frames = frames
        self._sessions: dict[str, Session] = {}
        self._last: Sequence | None = None  # the prompt of the last question without a conversation

    def join(self, request: Request) -> None:
        """Its session stays from now on until it leaves; the empty id is none."""
        if session_id := request.question.session_id:
            request.session = self._sessions.setdefault(session_id, Session(session_id, time.monotonic()))
            request.session.users += 1

    def leave(self, request: Request) -> None:
        session = request.session
        if session is None:
            return
        session.users -= 1
        session.busy = session.busy and not request.reading and not request.answering
        session.last_used = time.monotonic()
        if not session.users and session.history is _NO_HISTORY and self._sessions.get(session.id) is session:
            del self._sessions[session.id]
        self.shrink()

    def remember(self, request: Request, text: str) -> None:
        """Adds the turn to the request's session, unless that was reset meanwhile, and leaves it in the KV cache. A conversation
        that the asker keeps stays there, too, for its next question, and of other questions the last: who asks about one picture
        again and again often begins with the same words."""
        session, sequence = request.session, request.sequence
        if session is None and request.question.past:
            before = sequence.base
            talk = before is not None and before.layout.cells > before.layout.frame_cells  # not only frames
            self._leave_in_cache(request, before if talk else None)
        elif session is None and request.question.sampling.greedy:  # others have no use for them, and should lie as before
            words = request.prompt.layout.frame_cells + _WORDS
            self._leave_in_cache(request, self._last, min(request.prompt.tokens, words))
            self._last = sequence
        if session is None or session.epoch != request.epoch:
            return
        turn = Turn(request.question.text, request.prompt.pictures, text, request.answer.tokens_for_history)
        session.history = request.prompt.history.with_turn(turn)
        self._frames.drop(session)
        for picture in session.history.all_pictures:
            self._frames.keep((picture.frame_key, picture.budget), session, picture.tokens)
        self._leave_in_cache(request, session.sequence)
        session.sequence = sequence

    def reset(self, session_id: str) -> None:
        """Forgets a conversation, or all for the empty id."""
        for session in [*self._sessions.values()] if session_id == "" else filter(None, [self._sessions.get(session_id)]):
            self._forget(session)

    def expire(self, now: float) -> None:
        for session in [*self._sessions.values()]:
            if not session.users and now - session.last_used > self._idle_s:
                self._forget(session)

    def shrink(self) -> None:
        """Sessions hold their pictures; when these alone pass the limit, the one unused for longest is forgotten."""
        while self._frames.too_much_kept:
            idle = [session for session in self._sessions.values() if not session.users and session.history.all_pictures]
            if not idle:
                break
            self._forget(min(idle, key=lambda session: session.last_used))

    def _leave_in_cache(self, request: Request, before: Sequence | None, most: int | None = None) -> None:
        """The first ``most`` cells of it, or all; ``before`` is the conversation without its newest turn."""
        sequence, request.sequence = request.sequence, None
        self._kv.keep(sequence, most or sequence.cells)  # the last token is in no cell
        self._kv.supersede(before, sequence)

    def _forget(self, session: Session) -> None:
        session.epoch += 1
        self._frames.drop(session)
        if session.sequence is not None and session.sequence.alive and not session.sequence.users:
            self._kv.release(session.sequence)
        session.history, session.sequence = _NO_HISTORY, None
        if not session.users:
            del self._sessions[session.id]

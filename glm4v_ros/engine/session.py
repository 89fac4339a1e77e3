"""Conversations: what was asked, shown and answered, turn by turn."""

from __future__ import annotations

from dataclasses import dataclass, replace

from glm4v_ros.engine.chat_template import Message, Picture
from glm4v_ros.engine.sequence import Sequence


@dataclass(frozen=True)
class Turn:
    """A question with the pictures that came with it, and its answer."""

    text: str
    pictures: tuple[Picture, ...]
    answer: str
    answer_tokens: tuple[int, ...] | None  # as generated; None when a thought was in them

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

    last_used: float
    history: History = _NO_HISTORY
    sequence: Sequence | None = None  # the history in the KV cache; may have been evicted
    busy: bool = False
    forgotten: bool = False  # reset while its question was being answered


class Sessions:
    """All conversations, by id; the empty id is none."""

    def __init__(self, idle_s: float):
        self._idle_s = idle_s
        self._sessions: dict[str, Session] = {}

    def busy(self, session_id: str) -> bool:
        session = self._sessions.get(session_id)
        return session is not None and session.busy

    def history(self, session_id: str) -> History:
        session = self._sessions.get(session_id)
        return session.history if session else _NO_HISTORY

    def open(self, session_id: str, now: float) -> Session:
        return self._sessions.setdefault(session_id, Session(now))

    @property
    def images(self) -> set[tuple[str, int]]:
        """(frame key, token budget) of every picture in a conversation."""
        return {
            (picture.frame_key, picture.budget)
            for session in self._sessions.values()
            for picture in session.history.all_pictures
        }

    def take_out(self, session_id: str) -> list[Session]:
        """Forgets one session, or all for the empty id, and returns them."""
        ids = [session_id] if session_id else list(self._sessions)
        return [self._sessions.pop(one) for one in ids if one in self._sessions]

    def take_expired(self, now: float) -> list[Session]:
        expired = [
            one
            for one, session in self._sessions.items()
            if not session.busy and now - session.last_used > self._idle_s
        ]
        return [self._sessions.pop(one) for one in expired]

    def take_oldest_idle(self) -> Session | None:
        idle = [(session.last_used, one) for one, session in self._sessions.items() if not session.busy]
        return self._sessions.pop(min(idle)[1]) if idle else None

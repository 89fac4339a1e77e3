"""What the page and the API need of whoever answers."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Protocol, Union

from glm4v_ros.engine.answer import Answer, Delta
from glm4v_ros.engine.question import Question
from glm4v_ros.policy.verification import Verdict
from glm4v_ros.web.pictures import StoredPicture


@dataclass(frozen=True)
class Region:
    """A part of a picture in pixels, as it is shown upright."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Inquiry:
    """A question as it came in. What is empty or zero is the preset's, then the server's default.

    ``question.max_tokens`` is 0 where the request does not say.
    """

    question: Question
    owner: str = ""  # whose pictures and sessions these are
    pictures: tuple[StoredPicture, ...] = ()  # in the order in which the model sees them
    cameras: tuple[str, ...] = ()  # in place of pictures
    regions: tuple[Region | None, ...] = ()  # one a picture, None: all of it; empty: all of each
    enhance: str = "none"  # none, auto
    preset: str = ""
    language: str = ""  # of the answer, BCP 47; empty: the question's
    verify: str = ""  # off, auto or required: whether a second reader looks for what the answer quotes

    @property
    def session_id(self) -> str:
        """The session's, as no other owner can name it; empty: none."""
        name = self.question.session_id
        return name and session_of(self.owner, name)

    @property
    def seen(self) -> tuple[Seen, ...]:
        """What an answer about its pictures is about."""
        regions = self.regions or (None,) * len(self.pictures)
        return tuple(Seen(one.key, one.stamp, one.camera, region) for one, region in zip(self.pictures, regions))


@dataclass(frozen=True)
class Seen:
    """A picture that an answer is about."""

    key: str  # SHA-256 (hex) of the stored file
    stamp: float  # seconds since 1970: when a camera took it, or it was uploaded
    camera: str = ""
    region: Region | None = None


@dataclass(frozen=True)
class Evidence:
    """What a second reader read in the ``picture``-th of the pictures, in pixels of it as it is shown upright."""

    text: str
    picture: int
    region: Region


@dataclass(frozen=True)
class Found:
    """What a second reader says of an answer."""

    verdict: Verdict = Verdict.NOT_CHECKED
    reason: str = ""  # for a person: why it is not confirmed
    confidence: float = 0.0  # 0 to 1: the reader's in what it read as evidence
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class Reply:
    """The end of an answer."""

    answer: Answer
    seen: tuple[Seen, ...]
    found: Found = Found()


@dataclass(frozen=True)
class ModelCard:
    name: str
    created: int = 0  # seconds since 1970
    demo: bool = False


@dataclass(frozen=True)
class State:
    """How the answering side is now."""

    ready: bool
    reason: str = ""  # why it is not, a sentence for a person
    running: int = 0
    queued: int = 0
    stage: str = ""
    device: str = ""
    tokens_per_second: float = 0.0
    worker_restarts: int = 0
    resident_mib: float = 0.0


@dataclass(frozen=True)
class CameraPicture:
    """The newest picture of a camera."""

    data: bytes = field(repr=False)  # a file: JPEG, or what else the camera compresses to
    stamp: float  # seconds since 1970


def session_of(owner: str, name: str) -> str:
    return hashlib.sha256(f"{owner}\0{name}".encode(errors="replace")).hexdigest()


class Asker(Protocol):
    """Every method may be called from the event loop alone."""

    @property
    def models(self) -> tuple[ModelCard, ...]: ...

    @property
    def presets(self) -> tuple[str, ...]: ...

    @property
    def verify(self) -> str:
        """off, auto or required, for questions that do not say."""

    @property
    def cameras(self) -> tuple[str, ...]: ...

    @property
    def state(self) -> State: ...

    @property
    def capacity(self) -> int:
        """Questions that it takes, running and queued together, one more is refused; 0: nobody says."""

    @property
    def retry_after(self) -> float:
        """Seconds after which one that was refused may succeed."""

    def ask(self, inquiry: Inquiry) -> AsyncIterator[Union[Delta, Reply]]:
        """Deltas, then the Reply; raises a VqaError. Closing the iterator cancels the question in every stage."""

    async def look(self, camera: str, after: float, timeout: float) -> CameraPicture:
        """A picture taken after ``after`` (seconds since 1970); waits for one. Raises UnknownCamera and NoImage."""

    def reset_session(self, owner: str, session_id: str) -> None:
        """Forgets a conversation."""

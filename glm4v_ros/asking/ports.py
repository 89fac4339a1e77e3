"""What a question needs of cameras, pictures and whoever asks; the nodes have them of ROS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from glm4v_ros.engine.answer import Delta
from glm4v_ros.evidence.picture import Evidence
from glm4v_ros.vision.frame import Frame
from glm4v_ros.vision.orientation import Region
from glm4v_ros.vision.placement import Placement

if TYPE_CHECKING:
    from glm4v_ros.asking.activation import Activation
    from glm4v_ros.asking.reply import Reply
    from glm4v_ros.asking.request import Request


class Picture(Protocol):
    """A picture as it was received."""

    stamp: int  # what its age counts from, in ns
    camera: str  # empty: it came with the request

    @property
    def nbytes(self) -> int:
        """Of its data as received."""

    def frame(self, region: Region | None, mode: str) -> Frame:
        """What the engine gets: the region (None: all), enhanced. Raises BadImage and OutOfMemory."""

    def frame_if_made(self, region: Region | None, mode: str) -> Frame | None: ...

    def placement(self, region: Region | None, mode: str) -> Placement:
        """Where that frame lies in the picture as it is stored."""

    def evidence(self, region: Region | None) -> Evidence: ...


class Camera(Protocol):
    """Times are those of Picture.stamp, ages are in seconds."""

    name: str
    topic: str

    @property
    def has_picture(self) -> bool: ...

    @property
    def age(self) -> float | None:
        """Of the newest picture; None before the first."""

    @property
    def advice(self) -> str:
        """What a person should look at when no picture comes."""

    def pick(
        self, max_age: float, not_before: int, is_encoded: Callable[[Picture], bool], prefer: str
    ) -> Picture | None:
        """The picture to answer from, see Request.prefer; None while there is none that is fresh. Raises BadImage."""

    def notify(self, wake: Callable[[], None]) -> None:
        """Calls ``wake`` with each picture that comes, until ``forget``."""

    def forget(self, wake: Callable[[], None]) -> None: ...


class Cameras(Protocol):
    """A mapping by name."""

    def __getitem__(self, name: str) -> Camera: ...

    def __iter__(self) -> Iterator[str]: ...

    def close(self) -> None: ...


class Asked(Protocol):
    """A question as it came, not yet looked at."""

    text: str
    session_id: str

    def read(self, activation: Activation, request_id: str) -> Request:
        """Raises BadRequest and UnknownCamera."""


class Listener:
    """Hears how a question goes on. Nothing here may raise."""

    def begin(self, request: Request) -> None:
        """The question is let in."""

    def hear(self, delta: Delta) -> None:
        """In the engine client's thread."""

    def end(self, reply: Reply) -> None:
        """The last word, if the question was let in."""

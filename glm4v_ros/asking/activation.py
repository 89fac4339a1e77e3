"""What questions are answered with while the node is active."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from glm4v_ros.asking.desk import Desk
from glm4v_ros.asking.ports import Cameras, Picture
from glm4v_ros.asking.second_reader import WatchedReader
from glm4v_ros.asking.sessions import Sessions
from glm4v_ros.asking.witness import Witness
from glm4v_ros.catalog.model import Model
from glm4v_ros.policy.preset import Preset

if TYPE_CHECKING:
    from glm4v_ros.engine.client import EngineClient


@dataclass(frozen=True)
class Activation:
    """Made and checked as a whole; it never changes. A question has one from its beginning to its end.

    When a parameter is set that may be set at any time, another one with other ``settings`` takes its place.
    """

    settings: Mapping[str, Any]  # the parameters by name
    presets: Mapping[str, Preset]
    model: Model
    engine: EngineClient
    cameras: Cameras  # the first is asked when none is named
    sessions: Sessions
    reader: WatchedReader  # starts its process with the first picture that is to be read
    witness: Witness | None  # records every answer
    desk: Desk

    @property
    def is_remote(self) -> bool:
        """Pictures go to another machine's engine."""
        return self.settings.get("engine") == "remote"

    @property
    def endpoint(self) -> str:
        """The address of that engine; empty: it is this machine's."""
        return self.engine.config.base_url if self.is_remote else ""

    def keeps(self, pictures: Iterable[Picture]) -> bool:
        """Whether one of the pictures is of a camera whose pictures stay on the robot."""
        return any(self.settings.get(f"camera.{picture.camera}.local_only") for picture in pictures)

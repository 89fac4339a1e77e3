"""What is asked, checked and with every default filled in."""

from __future__ import annotations

from dataclasses import dataclass

from glm4v_ros.asking.ports import Picture
from glm4v_ros.engine.question import Question
from glm4v_ros.errors import BadRequest
from glm4v_ros.policy.preset import Preset
from glm4v_ros.vision.orientation import Region


@dataclass(frozen=True)
class Request:
    """What is asked, and of which pictures."""

    question: Question  # its timeout is the whole request's
    language: str  # of the answer, BCP 47; empty: the question's
    preset: Preset
    cameras: tuple[str, ...]  # empty: none was named
    pictures: tuple[Picture, ...]  # that came with the request
    regions: tuple[Region | None, ...]  # one for each picture; empty: all of every picture
    enhance: str  # none or auto
    not_before: int  # as Picture.stamp, ns
    max_image_age: float  # s
    prefer: str  # newest, encoded or auto: which of a camera's pictures
    speak: bool

    def check_regions(self, pictures: int) -> None:
        """Raises BadRequest if there are regions, but not one for each picture."""
        if self.regions and len(self.regions) != pictures:
            raise BadRequest(f"there are {len(self.regions)} rois for {pictures} picture(s); give one for each, or none")

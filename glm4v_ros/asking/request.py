"""What is asked, checked and with every default filled in."""

from __future__ import annotations

from dataclasses import dataclass

from glm4v_ros.asking.ports import Picture
from glm4v_ros.engine.question import Question
from glm4v_ros.errors import BadRequest
from glm4v_ros.policy import hints
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
    verify: str = "off"  # off, auto or required: whether a second reader looks for what the answer quotes
    zoom: str = "off"  # off or auto: whether small print is shown again, larger
    hints: str = "off"  # off or lines: whether the model is given what the second reader read
    local_only: bool = False  # its pictures must not leave the robot

    @property
    def is_read(self) -> bool:
        """Whether a second reader has a part in it."""
        return not self.verify == self.zoom == self.hints == "off"

    @property
    def spoken_whole(self) -> bool:
        """Whether nothing may be heard of the answer before it is complete."""
        return self.preset.spoken_whole or self.verify == "required"

    def check(self) -> None:
        """Raises BadRequest for what does not go together."""
        question = self.question
        if sum(one.pictures for one in question.past) > len(self.pictures):
            raise BadRequest("past names more pictures than the request brings; they come first among its images")
        if not question.needs_picture and (self.pictures or self.cameras):
            raise BadRequest("the request is text_only, and has pictures or cameras; it can have either")
        hints.check(self.hints, self.verify)
        if self.verify == "required" and question.json_schema:
            raise BadRequest("an answer that is not confirmed says so in words: verify required takes no json_schema")

    def check_regions(self, pictures: int) -> None:
        """Raises BadRequest if there are regions, but not one for each picture."""
        if self.regions and len(self.regions) != pictures:
            raise BadRequest(f"there are {len(self.regions)} rois for {pictures} picture(s); give one for each, or none")

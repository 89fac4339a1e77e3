"""What `glm4v ask` and `glm4v eval` have of the second reader: options, JSON fields, the picture with its evidence."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from glm4v_ros.cli import engine
from glm4v_ros.errors import BadRequest

if TYPE_CHECKING:
    from glm4v_ros.policy.print_check import PrintCheck
    from glm4v_ros.policy.verification import Verification
    from glm4v_ros.reader.client import SecondReader
    from glm4v_ros.vision.frame import Frame
    from glm4v_ros.vision.placement import Placement

@dataclass(frozen=True)
class Shown:
    """A picture as the model sees it, and the file that it was cut out of."""

    frame: Frame
    path: Path
    roi: tuple[int, int, int, int] | tuple[()] = ()  # in pixels of the file, empty: the whole of it

    @cached_property
    def placement(self) -> Placement:
        from glm4v_ros.vision.decoder import file_orientation
        from glm4v_ros.vision.placement import Placement

        return Placement(self.frame.width, self.frame.height, file_orientation(self.path), *(self.roi[:2] or (0, 0)), self.frame.scale)


def add_arguments(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--verify",
        choices=("off", "auto", "required"),
        default="",
        help="have a second reader look for the print that the answer quotes; required: an answer that it "
        "does not confirm is withheld, with what both read",
    )
    add_looking(group)


def add_looking(group: argparse._ActionsContainer) -> None:
    """What both verbs have."""
    group.add_argument("--zoom", choices=("off", "auto"), default="off",
                       help="auto: where print is asked for that is too small in the whole picture, the second reader finds it, and "
                            "the model sees that part alone, larger")
    group.add_argument("--hints", choices=("off", "lines"), default="off",
                       help="lines: the model is told what the second reader read; such an answer is verified only if the model "
                            "says the same without")
    group.add_argument("--reader-threads", type=engine.at_least(1), default=1, metavar="N",
                       help="CPU threads of the second reader (default: %(default)s)")  # fmt: skip


def reader(threads: int) -> SecondReader:
    """To be closed."""
    from glm4v_ros.reader.client import SecondReader
    from glm4v_ros.reader.config import ReaderConfig

    return SecondReader(ReaderConfig(threads=threads))


def fields(verification: Verification, pictures: Sequence[Shown]) -> dict:
    """For JSON; regions are [x, y, width, height] in pixels of the stored picture, before EXIF rotation and --roi."""
    return {
        "verification": verification.verdict.name.lower(),
        "verification_confidence": round(verification.confidence, 4),
        "verification_reason": verification.reason or None,
        "evidence": [
            {"text": evidence.text, "image": evidence.image,
             "region": list(pictures[evidence.image].placement.stored(evidence.region))}
            for evidence in verification.evidence
        ],
    }  # fmt: skip


def zoom_fields(check: PrintCheck, pictures: Sequence[Shown]) -> dict:
    """For JSON: where the model looked, [x, y, width, height] in pixels of the stored picture; null: at all of it."""
    zoom = check.zoom
    where = {"image": zoom.image, "region": list(pictures[zoom.image].placement.stored(zoom.region)), "text": zoom.text,
             "places": zoom.places} if zoom else None  # fmt: skip
    return {"zoom": where, "zoom_reason": check.zoom_reason or None, "zoom_s": round(check.zoom_seconds, 4)}


def annotate(path: str, verification: Verification, pictures: Sequence[Shown]) -> None:
    """Writes the picture with the evidence framed in green (confirmed), red (contradicted) or amber (not found there).

    Of several pictures each becomes a file of its own: FILE-1.png, FILE-2.png.
    """
    from dataclasses import replace

    from PIL import Image

    from glm4v_ros.policy.annotation import annotated
    from glm4v_ros.vision.decoder import read_picture

    stored = replace(verification, evidence=tuple(
        replace(evidence, region=pictures[evidence.image].placement.stored(evidence.region)) for evidence in verification.evidence
    ))  # fmt: skip
    target = Path(path)
    for number, shown in enumerate(pictures):
        drawn = annotated(read_picture(shown.path), stored, number, shown.placement.orientation)
        name = target if len(pictures) == 1 else target.with_name(f"{target.stem}-{number + 1}{target.suffix}")
        try:
            Image.fromarray(drawn).save(name)
        except (OSError, ValueError) as error:  # no such directory, or no such kind of picture
            raise BadRequest(f"the picture {name} cannot be written: {error}") from error

"""What `glm4v ask` and `glm4v eval` tell of the second reader: options, JSON fields, the picture with its evidence."""

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

        return Placement(self.frame.width, self.frame.height, file_orientation(self.path), *self.roi[:2])


def add_arguments(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--verify",
        choices=("off", "auto", "required"),
        default="",
        help="have a second reader look for the print that the answer quotes; required: an answer that it "
        "does not confirm is withheld, with what both read (needs requirements/reader.txt)",
    )
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

"""The picture of an answer with its evidence framed."""

from __future__ import annotations

import cv2
import numpy as np

from glm4v_ros.policy.verification import Verdict, Verification
from glm4v_ros.vision.orientation import Orientation

COLOURS = {Verdict.CONFIRMED: (20, 160, 60), Verdict.CONTRADICTED: (220, 40, 30), Verdict.NOT_FOUND: (235, 160, 0)}  # RGB


def annotated(upright: np.ndarray, verification: Verification, image: int, orientation: Orientation) -> np.ndarray:
    """A copy of the ``image``-th picture, (height, width, 3) uint8 RGB, upright, framed in green (confirmed), red
    (contradicted) or amber (found elsewhere). The evidence's regions are in pixels of the picture as it is stored, which
    ``orientation`` turns upright.
    """
    drawn = upright.copy()
    thick = max(2, round(max(drawn.shape[:2]) / 300))
    stored_size = orientation.size(drawn.shape[1], drawn.shape[0])
    for evidence in verification.evidence:
        if evidence.image == image:
            x, y, width, height = orientation.to_upright(evidence.region, *stored_size)
            cv2.rectangle(drawn, (x - thick, y - thick), (x + width + thick, y + height + thick),
                          COLOURS[verification.verdict], thick)  # fmt: skip
    return drawn

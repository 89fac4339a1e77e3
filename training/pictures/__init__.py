"""Drawn pictures with questions and answers: ``draw``."""

from __future__ import annotations

import numpy as np

from training.pictures import blank, count, display, gauge, lamp, nameplate, pillbox
from training.pictures.canvas import Canvas
from training.pictures.flaws import sample
from training.pictures.picture import Picture, Turn
from training.pictures.questions import converse

__all__ = ["MIX", "SKILLS", "Picture", "Turn", "draw"]

PAINTERS = {
    "nameplate": nameplate.paint,
    "display": display.paint,
    "gauge": gauge.paint,
    "lamp": lamp.paint,
    "count": count.paint,
    "pillbox": pillbox.paint,
}
OTHER = {  # skills that are asked of any picture: which painters, and how often
    "absent": {"nameplate": 3.0, "display": 1.0, "gauge": 1.0, "lamp": 1.0, "count": 1.0, "pillbox": 1.5, "blank": 2.0},
    "yesno": {"nameplate": 4.0, "display": 1.0, "gauge": 1.0, "lamp": 1.5, "count": 1.5, "pillbox": 1.5},
    "followup": {"nameplate": 5.0, "display": 1.0, "lamp": 1.0, "count": 1.0},
}
SKILLS = (*PAINTERS, *OTHER)
MIX = {  # a share of the pictures for training: about 15 % of all turns are absent, 15 % yes or no
    "nameplate": 0.40,
    "display": 0.13,
    "gauge": 0.12,
    "lamp": 0.07,
    "count": 0.07,
    "pillbox": 0.10,
    "absent": 0.02,
    "yesno": 0.03,
    "followup": 0.06,
}


def draw(
    rng: np.random.Generator, skill: str, size: tuple[int, int], split: str, level: float, flaws: float | None = None
) -> Picture:
    """Draws a clean picture of (width, height) px with a conversation about it.

    `skill` is one of SKILLS, `split` "train" or "test", `level` the difficulty from 0 (one large line) to 1 (everything).
    `flaws` is the level of the degradation where it is not that of the content.
    """
    painter = skill
    if skill in OTHER:
        names = list(OTHER[skill])
        weights = np.array([OTHER[skill][name] for name in names])
        painter = names[rng.choice(len(names), p=weights / weights.sum())]
    for _ in range(50):
        canvas = Canvas(rng, size, split, level)
        turns = converse(rng, (blank.paint if painter == "blank" else PAINTERS[painter])(canvas), skill)
        if turns:
            break
    image, characters, centres = canvas.finish()
    em = min(canvas.em, 0.2 * min(size))
    return Picture(
        image,
        turns,
        characters,
        centres,
        em,
        sample(
            rng, size, em, level if flaws is None else flaws, canvas.unit, canvas.kept(), painter in ("lamp", "count")
        ),
        canvas.lines,
    )

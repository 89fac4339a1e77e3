"""Draws a picture of any skill, by either hand, with questions and answers."""

from __future__ import annotations

import cv2
import numpy as np

from training.pictures import (
    blank,
    count,
    display,
    gauge,
    lamp,
    nameplate,
    pillbox,
    scene,
    vector,
)
from training.pictures.canvas import Canvas
from training.pictures.flaws import sample, screen
from training.pictures.hints import rows
from training.pictures.picture import Picture, Turn
from training.pictures.questions import converse
from training.pictures.splits import SCREENS

__all__ = ["SKILLS", "Picture", "Turn", "draw"]

PAINTERS = {
    "nameplate": nameplate.paint,
    "display": display.paint,
    "gauge": gauge.paint,
    "lamp": lamp.paint,
    "count": count.paint,
    "pillbox": pillbox.paint,
    "photo": scene.paint,
}
VECTOR = {"train": 0.5, "test": 0.0}  # share of the second hand's pictures where both hands can draw
MORE = {"pillbox": 0.75, "lamp": 0.75}  # in training, where the second hand has far more designs
OTHER = {  # skills that are asked of any picture: which painters, and how often
    "absent": {"nameplate": 3.0, "display": 1.0, "gauge": 1.0, "lamp": 1.0, "count": 1.0, "pillbox": 1.5, "blank": 2.0}
    | {"label": 1.5, "invoice": 0.7, "diagram": 0.4, "photo": 2.0},
    "yesno": {"nameplate": 4.0, "display": 1.0, "gauge": 1.0, "lamp": 1.5, "count": 1.5, "pillbox": 1.5}
    | {"label": 1.0, "table": 0.5, "invoice": 0.6, "diagram": 0.5},
    "followup": {"nameplate": 5.0, "display": 1.0, "lamp": 1.0, "count": 1.0, "label": 1.5}
    | {"invoice": 1.0},
}
# Skills that only the second hand draws; the test asks the older ones of the older painters.
ADDED = ("label", "table", "invoice", "diagram")
MOST_TURNS = {"train": 10, "test": 6}
FINER = 1.25  # how much smaller print may be in a picture that is scaled up
LATER = (*ADDED, "photo")  # what the test does not ask the older skills of
SKILLS = (*PAINTERS, *OTHER, *ADDED)


def draw(
    rng: np.random.Generator,
    skill: str,
    size: tuple[int, int],
    split: str,
    level: float,
    flaws: float | None = None,
    enlarge: float = 1.0,
) -> Picture:
    """Draws a clean picture of (width, height) px with a conversation about it.

    Raises ValueError where the canvas has no room for what must be legible. `skill` is one of SKILLS, `split` "train" or
    "test", `level` the difficulty from 0 (one large line) to 1 (everything).
    `flaws` is the level of the degradation where it is not that of the content. With `enlarge` the picture is drawn so many times
    smaller and scaled up, as a crop or a small picture is before it is asked about.
    """
    small = size if enlarge == 1.0 else tuple(max(160, round(side / enlarge)) for side in size)
    painter = skill
    if skill in OTHER:
        names = [name for name in OTHER[skill] if split == "train" or name not in LATER]
        weights = np.array([OTHER[skill][name] for name in names])
        painter = names[rng.choice(len(names), p=weights / weights.sum())]
    share = MORE.get(painter, VECTOR[split]) if VECTOR[split] > 0 else 0.0
    second = painter in ADDED or (painter in vector.PAINTERS and share > 0 and rng.random() < share)
    turns = []
    for _ in range(50):
        canvas = (vector.Sheet if second else Canvas)(rng, small, split, level)
        canvas.unit /= min(FINER, enlarge**0.5)
        paint = vector.PAINTERS[painter] if second else blank.paint if painter == "blank" else PAINTERS[painter]
        try:
            turns = converse(rng, paint(canvas), skill, MOST_TURNS[split])
        except vector.NoRoom:
            second = painter in ADDED
        if turns:
            break
    if not turns:
        raise ValueError(f"no {painter} fits {small}")
    image, characters, centres = canvas.finish()
    em, kept = canvas.em, canvas.kept()
    if small != size:
        scale = np.array(size) / small
        image = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
        centres, kept, em = centres * scale.astype(np.float32), kept * scale, em * float(scale.min())
    em = min(em, 0.2 * min(size))
    printed = rows(canvas.printed)
    flaws = level if flaws is None else flaws
    # What was scaled up is soft already.
    degradation = sample(rng, size, em / enlarge**0.5, flaws, canvas.unit, kept, painter in ("lamp", "count"))
    if split == "train" and rng.random() < SCREENS:
        degradation["screen"] = screen(rng, flaws)
    return Picture(
        image,
        turns,
        characters,
        centres,
        canvas.cells,
        em,
        degradation,
        canvas.lines,
        printed,
        canvas.backdrop,
    )

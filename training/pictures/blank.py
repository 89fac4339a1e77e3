"""Pictures in which nothing can be read: empty plates, bare backgrounds, loose shapes."""

from __future__ import annotations

from math import pi

from training.pictures.canvas import Canvas
from training.pictures.count import shape
from training.pictures.nameplate import plate, trim
from training.pictures.nameplate_topics import ASKED
from training.pictures.picture import Topic
from training.pictures.questions import is_there, unseen
from training.pictures.sampling import chance, pick
from training.pictures.words import PARTS


def paint(canvas: Canvas) -> list[Topic]:
    rng, split = canvas.rng, canvas.split
    kind = rng.integers(4)
    if kind == 0:
        margin = rng.uniform(0.03, 0.3, 4)
        box = (
            margin[0] * canvas.width,
            margin[1] * canvas.height,
            (1 - margin[2]) * canvas.width,
            (1 - margin[3]) * canvas.height,
        )
        trim(canvas, box, canvas.ink(plate(canvas, box)))
    elif kind == 1:
        for _ in range(rng.integers(1, 7)):
            shape(
                canvas,
                pick(rng, list(PARTS)),
                rng.uniform(0, canvas.width),
                rng.uniform(0, canvas.height),
                rng.uniform(0.04, 0.2) * min(canvas.size),
                tuple(int(v) for v in rng.integers(0, 256, 3)),
                rng.uniform(0, 2 * pi),
            )
    elif kind == 2:
        for _ in range(rng.integers(1, 9)):
            x, y = rng.uniform(0, canvas.width), rng.uniform(0, canvas.height)
            w, h = rng.uniform(0.05, 0.5) * canvas.width, rng.uniform(0.05, 0.5) * canvas.height
            canvas.rectangle((x - w / 2, y - h / 2, x + w / 2, y + h / 2), rng.integers(0, 256, 3))
    canvas.em = 40 * canvas.unit
    names = [*ASKED, "humidity", "pressure", "temperature_now", "weight", "drug", "expiry"]
    topics = [unseen(rng, split, name) for name in rng.permutation(names)[:7]]
    for _ in range(2):
        if chance(rng, 0.5):
            name = pick(rng, ASKED)
            topics.append(is_there(rng, split, name, False))
    return topics

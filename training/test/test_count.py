"""Parts to count: seen from above and aslant, of coloured plastic and of metal that has no colour to ask for."""

import numpy as np

from training.pictures.canvas import Canvas
from training.pictures.count import Look, looked_at, shape
from training.pictures.count_topics import topics
from training.pictures.words import COLOURS, PARTS


def drawn(part: str, look: Look) -> np.ndarray:
    canvas = Canvas(np.random.default_rng(0), (200, 200), "train", 0.0)
    canvas.rectangle((0, 0, 200, 200), (225, 225, 220))
    shape(canvas, part, 100, 90, 50, (40, 90, 215), 0.4, look)
    return canvas.pixels


def test_a_part_seen_aslant_is_flatter_and_a_thick_one_shows_its_side():
    for part in PARTS:
        above, aslant, thick = (drawn(part, look) for look in (Look(), Look(tilt=0.5), Look(tilt=0.5, depth=0.5)))
        height = [np.ptp(np.nonzero((image != above[0, 0]).any(axis=(1, 2)))[0]) for image in (above, aslant, thick)]
        assert height[1] < 0.75 * height[0] and height[1] + 15 < height[2], part


def test_looks_differ():
    looks = [looked_at(np.random.default_rng(seed)) for seed in range(200)]
    assert {look.tilt == 1 for look in looks} == {look.depth == 0 for look in looks} == {look.edge == 0 for look in looks} == {True, False}


def test_metal_is_counted_but_its_colour_is_not_asked_for():
    parts = [("nut", ""), ("nut", ""), ("washer", ""), ("washer", "red")]
    asked = [topic.ask("en", False) for seed in range(40) for topic in topics(np.random.default_rng(seed), "train", parts, list(COLOURS))]
    of_nuts = [(question, answer) for question, answer in asked if "nut" in question]
    assert "2" in {answer for _, answer in of_nuts}
    assert not any(colour in question for question, _ in of_nuts for colour in COLOURS)
    assert {colour for question, _ in asked for colour in COLOURS if colour in question} == {"red"}

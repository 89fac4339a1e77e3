"""Character displays: what is asked is what stands there, where it stands."""

import numpy as np
import pytest
from training.pictures.canvas import Canvas
from training.pictures.character_display import apart, legible, paint
from training.pictures.character_display_topics import compose, topics
from training.pictures.words import UNSEEN


@pytest.mark.parametrize("seed", range(40))
def test_every_answer_stands_on_the_display(seed):
    rng = np.random.default_rng(seed)
    lines = compose(rng, "train", rng.random())
    shown = " ".join(line.text for line in lines)
    for topic in topics(rng, "train", lines):
        question, answer = topic.ask("en", False)
        if topic.tag == "absent":
            assert answer == UNSEEN["en"]
        elif topic.field == "lines":
            assert answer == str(len(lines))
        else:
            assert answer.replace(" ", "") in shown.replace(" ", ""), question


def test_a_line_is_asked_for_by_its_place():
    rng = np.random.default_rng(3)
    asked = set()
    for _ in range(60):
        lines = compose(rng, "train", 1.0)
        for topic in topics(rng, "train", lines):
            question, answer = topic.ask("en", False)
            for place, word in enumerate(("first", "second", "third", "fourth")):
                if topic.field == "line" and f" {word} line" in question:
                    assert answer == lines[place].text
                    asked.add(word)
    assert len(asked) == 4


def test_characters_are_told_apart():
    assert legible("train")
    assert all(apart(face, size, "08") > 2 and apart(face, size, "5S") > 1 for face, size in legible("train"))


@pytest.mark.parametrize("seed", range(12))
def test_characters_are_noted_where_they_stand(seed):
    """Within half a character of each noted centre there are dots of two colours; far from the screen nothing is noted."""
    rng = np.random.default_rng(seed)
    canvas = Canvas(rng, (448, 336), "train", 0.5)
    canvas.pixels[:] = 128
    paint(canvas)
    pixels, characters, centres = canvas.finish()
    em = canvas.em
    assert len(characters) == len(centres) and characters == "".join(line.replace(" ", "") for *_, line in canvas.printed)
    for character, (x, y) in zip(characters, centres):
        if character.isalnum():
            near = pixels[int(y - em / 2) : int(y + em / 2) + 1, int(x - em / 4) : int(x + em / 4) + 2].reshape(-1, 3).astype(int)
            assert np.ptp(near.sum(1)) > 60, character

"""The pill boxes are the same each time, and what is spoken of one is counted strictly."""

import numpy as np
import pill_boxes
import pytest


@pytest.mark.parametrize(
    "said, name",
    [("这是阿莫西林胶囊。", "阿莫西林胶囊"), ("阿莫西林胶囊", "阿莫西林胶囊"), ("This is Trafen XR.", "trafenxr"), ("TRAFEN", "trafen"),
     ("Trafen by Norvik", "trafenbynorvik")],
)  # fmt: skip
def test_the_name_in_an_answer(said, name):
    assert pill_boxes.name_in(said) == name


@pytest.mark.parametrize("chinese", [True, False])
def test_of_two_boxes_the_names_are_one_character_apart(chinese):
    for number in range(20):
        rng = np.random.default_rng(number)
        first = pill_boxes.Box.made(rng, chinese)
        second = first.nearly(rng, chinese)
        assert len(first.name) == len(second.name)
        assert sum(a != b for a, b in zip(first.name, second.name)) == 1


@pytest.mark.skipif(not any(map(pill_boxes.Path.exists, map(pill_boxes.Path, pill_boxes.FONTS))), reason="no fonts-noto-cjk here")
def test_two_looks_differ_and_are_the_same_each_time():
    font = next(font for font in pill_boxes.FONTS if pill_boxes.Path(font).exists())

    def looks():
        rng = np.random.default_rng(3)
        box = pill_boxes.Box.made(rng, True)
        return [pill_boxes.drawn([box], rng, font) for _ in range(2)]

    first, second = looks()
    assert not np.array_equal(first, second) and all(map(np.array_equal, (first, second), looks()))


def test_the_table_counts_what_both_read_right():
    box = {"name": "Trafen", "brand": "x", "maker": "y", "strength": "z"}
    one = {"boxes": [box], "model_right": True, "reader_right": True, "spoken": "Trafen", "misnamed": False}
    rows = pill_boxes.table([one, {**one, "spoken": ""}, {**one, "reader_right": False}, {**one, "spoken": "Trafon", "misnamed": True}])
    assert "| all | 4 | 4 | 3 | 2 (67 %) | 3 | 1 |" in rows

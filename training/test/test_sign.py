"""Door plates, warning signs and parcel labels of the second hand."""

import numpy as np

from training.pictures.vector import NoRoom, Sheet, sign


def test_what_is_answered_is_drawn():
    asked = set()
    for seed in range(80):
        paper = Sheet(np.random.default_rng(seed), (448, 336), "train", 1.0)
        try:
            topics = sign.paint(paper)
        except NoRoom:
            continue
        printed = paper.finish()[1]
        for topic in topics:
            answer = topic.ask("zh", False)[1]
            if topic.tag == "label":
                assert answer.replace(" ", "") in printed
                asked.add(topic.field)
            elif topic.tag == "absent":
                assert answer == "\u770b\u4e0d\u5230"
    assert asked == set(sign.FIELDS)


def test_a_field_that_had_no_room_is_not_asked_for():
    made = sign.Sign(
        "door",
        True,
        [sign.Piece("room", ["302"]), sign.Piece("person", ["\u7532\u4e59"])],
        {"room": "302", "person": "\u7532\u4e59"},
    )
    assert made.drop() and made.fields == {"room": "302"} and not made.drop()

"""Medicines' boxes of the second hand: names to be read, not recalled, in many places and sizes."""

import numpy as np

from training.pictures.drug_names import ENDS, FIRST, FORMS_ZH, HERBS, LAST, MIDDLE, STEMS
from training.pictures.splits import belongs
from training.pictures.vector import NoRoom, Sheet, box, carton
from training.pictures.vector.stack import broken

LISTED = {c for part in (FIRST, MIDDLE, LAST, HERBS, FORMS_ZH) for c in "".join(part)}


def cartons(count=300):
    return [carton.fill(np.random.default_rng(seed), "train", 1.0) for seed in range(count)]


def listed(name: str) -> bool:
    word = name.split()[0]
    return set(name) <= LISTED or word.capitalize().startswith(tuple(STEMS)) and word.lower().endswith(tuple(ENDS))


def test_three_names_of_four_are_on_no_list():
    names = [made.box.name for made in cartons()]
    assert sum(not listed(name) for name in names) > 0.75 * len(names)
    assert all(belongs(name, "train") for name in names)


def test_the_name_is_labelled_or_the_largest_line():
    for made in cartons():
        name = next(piece for piece in made.pieces if piece.role == "name")
        while made.smaller():
            pass
        if name.lines[0] == made.box.name:
            assert all(name.scale > piece.scale for piece in made.pieces if piece.role in ("note", "second"))


def test_the_name_stands_anywhere():
    places = [[piece.role for piece in made.pieces].index("name") for made in cartons()]
    assert min(np.bincount(places)[:3]) > 20 and max(places) >= 4


def test_long_names_are_broken_where_they_may_be():
    style = Sheet(np.random.default_rng(0), (300, 300), "train", 0.0).style(20.0)
    lines = broken("Prokeaud Eye Drops", style, style.width("Prokeaud E"))
    assert lines == ["Prokeaud", "Eye Drops"]
    assert "".join(broken("\u6cfd\u677e\u514b\u7f13\u91ca\u7247", style, 65)) == "\u6cfd\u677e\u514b\u7f13\u91ca\u7247"


def test_what_is_answered_is_drawn_and_what_was_left_out_is_not_visible():
    read, missing = set(), 0
    for seed in range(60):
        paper = Sheet(np.random.default_rng(seed), (448, 336), "train", 1.0)
        try:
            topics = box.paint(paper)
        except NoRoom:
            continue
        printed = paper.finish()[1]
        for topic in topics:
            answer = topic.ask("en", False)[1]
            if topic.tag == "absent":
                assert answer == "not visible"
                missing += 1
            elif topic.field in ("drug", "manufacturer", "brand", "strength", "lot"):
                text = answer.removeprefix("This is ").removesuffix(".") if topic.field == "drug" else answer
                assert text.replace(" ", "") in printed
                read.add(topic.field)
    assert read == {"drug", "manufacturer", "brand", "strength", "lot"} and missing > 60

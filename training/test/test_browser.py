"""The hand that is held out of training. Chromium draws it; its pages are looked at here."""

import re

import numpy as np
import pytest

from training.make_browser import SKILLS, page_of
from training.pictures.drug_names import ENDS, FIRST, HERBS, LAST, MIDDLE, MIDS, STEMS, drug_chinese, drug_latin

FIRST_OF, MIDDLE_OF, LAST_OF, HERB, STEM, MID, END = ("(" + "|".join(part) + ")" for part in (FIRST, MIDDLE, LAST, HERBS, STEMS, MIDS, ENDS))
LISTED = re.compile(f"{FIRST_OF}{MIDDLE_OF}?{LAST_OF}|{HERB}{HERB}|{STEM}{MID}?{END}", re.I)


def bare(answer: str) -> str:
    return answer.removeprefix("这是").removeprefix("This is ").rstrip("。.")


@pytest.mark.parametrize("skill", SKILLS)
def test_answers_that_are_read_stand_on_the_page(skill):
    html, notes, height = page_of(skill, 0, 12)
    text = re.sub(r"<[^>]*>", "", html)
    assert len(notes) == 12 and height == sum(note[2] for note in notes)
    for _, width, _, asked in notes:
        assert 460 <= width < 860 and asked
        for question, answer, language in asked:
            assert question and answer and language in ("zh", "en")
            if skill in ("nameplate", "medicine") and answer not in ("not visible", "看不到"):
                assert bare(answer) in text


def test_the_same_pictures_are_made_again():
    assert page_of("nameplate", 3, 2) == page_of("nameplate", 3, 2)


def test_no_medicine_is_on_the_list():
    names = {bare(answer) for note in page_of("medicine", 0, 200)[1] for _, answer, _ in note[3]}
    assert len(names) > 120
    assert not any(LISTED.match(name) for name in names)


def test_what_the_lists_make_is_known():
    rng = np.random.default_rng(0)
    assert all(LISTED.match(make(rng, "test")) for make in (drug_chinese, drug_latin) for _ in range(200))

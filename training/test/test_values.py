"""What is printed: names on the lists and names on none."""

from pathlib import Path

import numpy as np

from training.pictures import free, pillbox, values

CHARSET = set((Path(__file__).parents[1] / "charset.txt").read_text(encoding="utf-8"))
SYLLABLES = {
    c for part in (pillbox.FIRST, pillbox.MIDDLE, pillbox.LAST, pillbox.HERBS, pillbox.FORMS_ZH) for c in "".join(part)
}


def medicines(split: str, count: int = 400) -> list[str]:
    rng = np.random.default_rng(1)
    return [pillbox.drug_chinese(rng, split) for _ in range(count)]


def test_three_medicines_of_four_trained_on_are_on_no_list():
    unlisted = [name for name in medicines("train") if set(name) - SYLLABLES]
    assert 0.73 < len(unlisted) / 400 < 0.9


def test_the_tests_medicines_are_of_the_listed_syllables_as_ever():
    assert all(set(name) <= SYLLABLES for name in medicines("test"))


def test_free_names_use_every_character_and_no_other():
    rng = np.random.default_rng(0)
    seen = {c for _ in range(4000) for c in free.hanzi(rng, 3, 8)}
    assert seen <= CHARSET and len(seen) > 0.98 * len(free.characters()) and len(free.characters()) >= 2400
    for make in (free.latin, free.code):
        for _ in range(500):
            text = make(rng)
            assert set(text) <= CHARSET and len(text) >= 3 and text == text.strip()


def test_a_companys_name_is_not_made_of_the_lists_alone():
    rng = np.random.default_rng(2)
    names = [values.manufacturer_chinese(rng, "train") for _ in range(200)]
    listed = set("".join([*values.CITIES, *values.SYLLABLES, *values.TRADES, *values.KINDS, "市（）"]))
    assert 0.6 < sum(bool(set(name) - listed) for name in names) / 200 < 0.9


def test_a_maker_on_no_list_has_a_legal_form_or_none():
    rng = np.random.default_rng(3)
    names = [values.manufacturer_latin(rng, "train") for _ in range(300)]
    bare = sum(not name.endswith(tuple(values.LATIN_KINDS)) for name in names) / 300
    assert 0.2 < bare < 0.45
    assert all(values.manufacturer_latin(rng, "test").endswith(tuple(kind.upper() for kind in values.LATIN_KINDS) + tuple(values.LATIN_KINDS)) for _ in range(99))

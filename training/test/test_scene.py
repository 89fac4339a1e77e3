"""Photographs with things painted into them. Needs ``python -m training.fonts`` and ``python -m training.photos`` once."""

import numpy as np
import pytest

from training.pictures import photograph
from training.pictures.background import choose
from training.pictures.drawing import draw
from training.pictures.photograph import KINDS, PHOTOGRAPHS
from training.pictures.splits import BACKGROUNDS


def pictures(split: str, count: int):
    for seed in range(count):
        yield draw(np.random.default_rng(seed), "photo", (448, 336), split, 1.0)


@pytest.mark.parametrize("split", ("train", "test"))
def test_every_photograph_was_collected(split):
    assert len(photograph.views(split)) >= len(PHOTOGRAPHS[split]) > 5
    assert all(set(view.shows).isdisjoint(view.hides) and {*view.shows, *view.hides} <= KINDS.keys() for view in photograph.views(split))


def test_a_photograph_is_of_one_split():
    assert PHOTOGRAPHS["train"].keys().isdisjoint(PHOTOGRAPHS["test"])
    files = [entry[:2] for split in PHOTOGRAPHS.values() for entry in split.values()]
    assert len(set(files)) == len(files)


@pytest.mark.parametrize("split", ("train", "test"))
def test_yes_and_no_are_balanced(split):
    turns = [turn for picture in pictures(split, 150) for turn in picture.turns if turn.tag == "photo" and turn.field != "print"]
    share = sum(turn.answer in ("yes", "是") for turn in turns) / len(turns)
    assert len(turns) > 200 and 0.35 < share < 0.6


def test_what_a_label_says_is_printed_on_it():
    read = 0
    for picture in pictures("train", 120):
        for turn in picture.turns:
            if turn.field == "print" and turn.answer not in ("yes", "no", "是", "否", "not visible", "看不到"):
                assert turn.answer in picture.printed
                read += 1
    assert read > 10


def test_without_print_nothing_is_read():
    empty = 0
    for picture in pictures("train", 120):
        if not picture.printed:
            answers = {turn.answer for turn in picture.turns}
            assert answers <= {"yes", "no", "是", "否", "not visible", "看不到"}
            empty += 1
    assert empty > 40


def test_a_photograph_is_a_ground_in_training_alone():
    """The test's older pictures are those of the versions before."""
    grounds = {split: [choose(np.random.default_rng(seed), split, 1.0) for seed in range(300)] for split in ("train", "test")}
    assert 10 < grounds["train"].count("photograph") < 60
    assert set(grounds["test"]) <= set(BACKGROUNDS["test"])


def test_a_missing_folder_says_what_to_run(monkeypatch, tmp_path):
    photograph.views.cache_clear()
    monkeypatch.setattr(photograph, "FOLDER", tmp_path)
    try:
        with pytest.raises(FileNotFoundError, match="training.photos"):
            draw(np.random.default_rng(0), "photo", (448, 336), "train", 1.0)
        assert draw(np.random.default_rng(0), "nameplate", (448, 336), "train", 1.0).turns
    finally:
        photograph.views.cache_clear()

"""The picture generator. Needs ``python -m training.fonts`` once, and PyTorch."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from training.pictures.degrade import collate, degrade, move_centres
from training.pictures.drawing import MOST_TURNS, SKILLS, draw
from training.pictures.flaws import sample
from training.pictures.marks import MARKS, NEEDLE_BINS, number
from training.pictures.splits import FACES, belongs
from training.pictures.typeface import faces

CHARSET = set((Path(__file__).parents[1] / "charset.txt").read_text(encoding="utf-8"))


def pictures(skill, split="train", level=1.0, count=16, size=(448, 336)):
    for seed in range(count):
        yield draw(np.random.default_rng(seed), skill, size, split, level)


@pytest.mark.parametrize("split", ("train", "test"))
@pytest.mark.parametrize("skill", SKILLS)
def test_every_character_has_a_token_and_every_centre_is_in_the_picture(skill, split):
    for picture in pictures(skill, split):
        text = picture.characters + "".join(turn.question + turn.answer for turn in picture.turns)
        unknown = {c for c in text if c not in CHARSET and number(c) is None}
        assert not unknown
        assert picture.image.shape == (336, 448, 3) and picture.image.dtype == np.uint8
        assert len(picture.characters) == len(picture.centres) == len(picture.cells)
        moved = move_centres(picture.centres, picture.degradation)
        assert ((moved >= 0) & (moved <= (448, 336))).all()
        assert 3 <= len(picture.turns) <= MOST_TURNS[split] and picture.turns[0].follows is False


@pytest.mark.parametrize("level", (0.0, 0.3, 1.0))
@pytest.mark.parametrize("size", ((224, 224), (224, 672), (1120, 392), (1600, 252), (784, 560)))
def test_any_size_can_be_drawn(size, level):
    for seed, skill in enumerate(SKILLS):
        picture = draw(np.random.default_rng(seed), skill, size, "train", level)
        assert picture.image.shape == (size[1], size[0], 3) and picture.turns


def test_the_same_seed_draws_the_same_picture():
    for skill in SKILLS:
        first, second = (draw(np.random.default_rng(7), skill, (448, 336), "train", 1.0) for _ in range(2))
        assert (first.image == second.image).all() and first.turns == second.turns


def test_a_nameplates_answers_are_printed_on_it():
    read = 0
    for picture in pictures("nameplate"):
        printed = picture.characters
        for turn in picture.turns:
            if turn.tag == "nameplate":
                assert turn.answer.replace(" ", "") in printed
                read += 1
    assert read > 20


def test_no_question_has_two_answers():
    for skill in SKILLS:
        for picture in pictures(skill):
            answers = {}
            for turn in picture.turns:
                if not turn.follows:
                    assert answers.setdefault(turn.question, turn.answer) == turn.answer


def test_yes_and_no_are_balanced():
    replies = [turn.answer for picture in pictures("yesno", count=300) for turn in picture.turns if turn.tag == "yesno"]
    share = sum(reply in ("yes", "是") for reply in replies) / len(replies)
    assert 0.4 < share < 0.6


def test_colours_are_said_short_in_training_alone():
    said = {split: " ".join(turn.question for picture in pictures("lamp", split, count=120) for turn in picture.turns) for split in ("train", "test")}
    assert all(re.search(f"[红绿蓝黄白]{noun}", said["train"]) for noun in ("灯", "色灯"))
    assert not re.search("[红绿蓝黄白](灯|的)", said["test"])


def test_what_is_held_out_stays_out():
    for script in ("latin", "chinese", "segment"):
        assert not FACES[script, "train"].keys() & FACES[script, "test"].keys()
    packages = {split: {where[0] for where in FACES["latin", split].values()} for split in ("train", "test")}
    assert not packages["train"] & packages["test"]
    assert all(name in faces() for group in FACES.values() for name in group)
    serials = {
        split: {
            turn.answer
            for picture in pictures("nameplate", split, count=80)
            for turn in picture.turns
            if turn.field == "serial" and turn.tag == "nameplate"
        }
        for split in ("train", "test")
    }
    assert serials["train"] and serials["test"]
    for split, texts in serials.items():
        assert all(belongs(text, split) for text in texts)


def test_degrade_leaves_a_picture_at_level_zero_alone():
    rng = np.random.default_rng(0)
    picture = draw(rng, "nameplate", (448, 336), "train", 0.0)
    out = degrade(torch.from_numpy(picture.image)[None], collate([picture.degradation]))[0].numpy()
    assert np.abs(out.astype(int) - picture.image).mean() < 2


def test_centres_follow_the_perspective():
    rng = np.random.default_rng(3)
    size = (448, 336)
    for _ in range(5):
        image = np.zeros((336, 448, 3), np.uint8)
        x, y = rng.integers(100, 340), rng.integers(80, 250)
        image[y - 4 : y + 4, x - 4 : x + 4] = 255
        params = sample(rng, size, 30.0, 1.0, 1.0, np.array([[20, 20], [428, 316]]))
        params["glare"][3] = params["rust"][0] = params["noise"] = params["dirt"] = 0
        params["light"][:] = 1
        params["scratches"][:] = 0
        out = degrade(torch.from_numpy(image)[None], collate([params]))[0].float().mean(-1)
        weight = (out - out.median()).clamp(min=30) - 30
        seen = [
            float((weight.sum(0) * torch.arange(448)).sum() / weight.sum()) + 0.5,
            float((weight.sum(1) * torch.arange(336)).sum() / weight.sum()) + 0.5,
        ]
        assert np.abs(move_centres(np.array([[x, y]]), params)[0] - seen).max() < 1.5


def marks(picture):
    return [MARKS[number(c)] for c in picture.characters if number(c) is not None]


def test_marks_say_what_the_answers_say():
    asked = 0
    for picture in pictures("count", count=40):
        for turn in picture.turns:
            if turn.question in ("How many parts are there?", "一共有几个零件？"):
                assert turn.answer == str(len(marks(picture)))
                asked += 1
    for picture in pictures("lamp", count=40):
        for turn in picture.turns:
            if turn.field == "lit":
                assert turn.answer == str(sum(lit for _, _, lit in marks(picture)))
                asked += 1
    assert asked > 20


def test_a_needles_mark_is_its_reading():
    for picture in pictures("gauge", count=40):
        bins = {i for kind, i in marks(picture) if kind == "needle"}
        assert len(bins) == 1 and 0 <= bins.pop() < NEEDLE_BINS


@pytest.mark.parametrize("skill", ("nameplate", "pillbox"))
def test_every_line_of_print_knows_where_its_ink_is(skill):
    for picture in pictures(skill, "test"):
        runs = [run for line in picture.lines for run in line]
        assert "".join(run.text for run in runs).replace(" ", "") == picture.characters
        inks = np.concatenate([run.inks[[character != " " for character in run.text]] for run in runs])
        middles = (inks[:, :2] + inks[:, 2:]) / 2
        assert np.abs(middles - picture.centres).max(0)[0] < 30 and (inks[:, 2] >= inks[:, 0]).all()


def screened(pitch: float, image: torch.Tensor) -> torch.Tensor:
    picture = next(pictures("display", count=1))
    clean = sample(np.random.default_rng(0), (448, 336), 40.0, 0.0, 1.0, np.array([[224, 168]]))
    assert picture.degradation.keys() == clean.keys()
    clean["screen"] = np.array([pitch, pitch, 0.3, 0.3], np.float32)
    return degrade(image, collate([clean]))


def test_a_fine_screen_shows_moire_and_a_coarse_one_its_pixels():
    gray = torch.full((1, 336, 448, 3), 150, dtype=torch.uint8)
    for pitch, period in ((1.02, 51.0), (4.0, 4.0)):
        columns = screened(pitch, gray)[0, :, :, 0].float().mean(0)
        spectrum = torch.fft.rfft(columns - columns.mean()).abs()
        assert abs(448 / int(spectrum.argmax()) - period) < 0.2 * period


def test_most_pictures_are_no_photographed_screens_and_the_tests_never_are():
    shown = [bool(p.degradation["screen"][2:].any()) for p in pictures("display", count=200)]
    assert 0 < sum(shown) < 40
    assert not any(p.degradation["screen"][2:].any() for p in pictures("display", "test", count=40))

"""The second reader's lines that a part of the training questions comes with."""

import numpy as np

from training import batches
from training.pictures.drawing import draw
from training.pictures.hints import MOST, misread, rows
from training.tokenizer import Tokenizer


def test_print_is_in_rows_from_the_top_and_from_the_left():
    assert rows([(90, 10, 20, "50 Hz"), (31, 120, 20, "M-200"), (30, 10, 20, "Model")]) == ["Model M-200", "50 Hz"]


def test_a_nameplates_values_are_in_its_rows():
    for seed in range(20):
        picture = draw(np.random.default_rng(seed), "nameplate", (448, 336), "train", 0.9)
        whole = "".join(picture.printed).replace(" ", "")
        for turn in picture.turns:
            if turn.tag == "nameplate":
                assert turn.answer.replace(" ", "") in whole


def test_a_reader_makes_mistakes_and_not_too_many():
    given = [f"SERIAL {i:08}" for i in range(10)]
    right = total = 0
    for seed in range(200):
        read = misread(np.random.default_rng(seed), given)
        assert len(read) <= len(given) and sum(map(len, read)) <= MOST
        right += sum(row in given for row in read)
        total += len(given)
    assert 0.6 < right / total < 0.95


def hinted_share(split: str) -> float:
    tokenizer, rng = Tokenizer.load(), np.random.default_rng(0)
    head = tokenizer.encode("\n> ")
    found = pictures = 0
    for _ in range(8):
        batch = batches.make_batch(rng, tokenizer, (12, 12), np.full(16, 0.9), ["nameplate"] * 16, split)
        for ids in batch["ids"].tolist():
            pictures += 1
            found += any(ids[i : i + len(head)] == head for i in range(len(ids)))
    return found / pictures


def test_a_small_share_of_the_training_questions_has_hints_and_no_test_question():
    assert 0.02 < hinted_share("train") < 0.15
    assert hinted_share("test") == 0

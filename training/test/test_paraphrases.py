"""Wordings of training alone: of a list, with its fields, and none that the test keeps."""

import importlib
import pkgutil
import re

import numpy as np

from training import pictures
from training.pictures.paraphrases import MORE
from training.pictures.questions import parted, wording
from training.tokenizer import Tokenizer


def lists():
    """Every list of wordings of the training pictures, those of a field too."""
    for found in pkgutil.walk_packages(pictures.__path__, "training.pictures."):
        for name, value in vars(importlib.import_module(found.name)).items():
            if name.startswith("SPECIAL"):  # by field a list, or a Chinese and an English one
                yield from (one for of in value.values() for one in (of if isinstance(of, tuple) else [of]))
            elif re.fullmatch(r"[A-Z_]+_(ZH|EN)", name) and isinstance(value, list) and any(re.search("[?？{]", str(one)) for one in value):
                yield value


def plain(text: str) -> str:
    return text.lower().strip("?？.。!！ ")


FIELDS = re.compile(r"\{\w+\}")


def test_each_belongs_to_a_list_and_has_its_fields():
    by_first = {value[0]: value for value in lists()}
    assert set(MORE) <= set(by_first)
    for first, further in MORE.items():
        for text in further:
            assert set(FIELDS.findall(text)) == set(FIELDS.findall(first)), text


def test_none_is_kept_for_the_test():
    kept = {plain(text) for value in lists() for text in parted(value)[1]}
    assert len(kept) > 100
    assert not {plain(text) for further in MORE.values() for text in further} & kept


def test_every_character_has_a_token():
    charset = set(Tokenizer.load().charset)
    assert not {c for further in MORE.values() for text in further for c in text} - charset


def test_training_alone_asks_them():
    rng = np.random.default_rng(0)
    for value in lists():
        if further := MORE.get(value[0]):
            assert set(further) & {wording(rng, "train", value) for _ in range(200)}
            assert not set(further) & ({wording(rng, "test", value) for _ in range(200)} - set(value))

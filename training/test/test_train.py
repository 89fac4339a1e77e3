"""A slice of training from its first step to its checkpoint, on a CPU, with pictures that are drawn for it."""

import json
import sys
from functools import partial

import numpy as np
import torch

from training import checkpoint, train
from training.batches import make_batch
from training.config import NanoConfig
from training.model import Nano
from training.tokenizer import IGNORE, Tokenizer


def test_a_slice_ends_when_the_file_appears_and_the_next_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(train, "NanoConfig", partial(NanoConfig, text_layers=1, vision_layers=1))  # or it takes minutes
    wanted = tmp_path / "wanted"
    wanted.touch()
    common = "--patches 512 --no-compile --workers 1 --evaluate-pictures 0".split()
    for number, more in enumerate((["--minutes", "60"], ["--minutes", "60", "--final", "--resume", str(tmp_path / "0/checkpoint")])):
        out = tmp_path / str(number)
        monkeypatch.setattr(sys, "argv", ["train", "--out", str(out), "--stop", str(wanted), *common, *more])
        train.main()
        header = json.loads((out / "checkpoint/header.json").read_text())
        assert header["slices"] == number + 1 and number < header["steps"] <= 3 * (number + 1)
        assert all(torch.isfinite(tensor).all() for tensor in checkpoint.load(out / "checkpoint").values())


def test_what_is_learned_is_what_has_a_target():
    tokenizer = Tokenizer.load()
    batch = make_batch(np.random.default_rng(0), tokenizer, (8, 8), np.full(3, 0.5), ["nameplate", "display", "lamp"], "train")
    assert batch["learned"].tolist() == (batch["targets"].flatten() != IGNORE).nonzero()[:, 0].tolist()
    torch.manual_seed(0)
    model, reader = Nano(NanoConfig(vocab_size=len(tokenizer))), train.Reader(NanoConfig.vision_hidden, tokenizer.patch_classes)
    answer, character, accuracy = train.losses(model, reader, batch, 0)
    assert 0 < answer < 20 and 0 < character < 20 and 0 <= accuracy <= 1


def test_a_patch_is_labelled_with_what_has_its_centre_there():
    """A picture of 2 x 1 tokens, 4 x 2 patches of 14 px; the tower's order is four patches of a token, then the next token's."""
    batch = {
        "centres": torch.tensor([[[1.0, 1.0], [15.0, 20.0], [50.0, 3.0], [-9.0, 3.0]]]),
        "classes": torch.tensor([[5, 6, 7, 8]], dtype=torch.int16),
        "cells": torch.tensor([[[0, 0], [1, 2], [3, 1], [4, 4]]], dtype=torch.int8),
    }
    classes, rows, columns = train.patch_labels(batch, (28, 56))
    assert classes.tolist() == [[5, 0, 0, 6, 0, 7, 0, 0]]
    assert rows.tolist() == [[0, 0, 0, 1, 0, 3, 0, 0]] and columns.tolist() == [[0, 0, 0, 2, 0, 1, 0, 0]]

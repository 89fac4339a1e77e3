"""Weights on disk, and weights out of files with another vocabulary."""

import numpy as np
import torch

from training import checkpoint
from training.restore import moved


def test_what_is_loaded_is_what_was_saved_and_nothing_of_the_one_before(tmp_path):
    torch.manual_seed(0)
    folder = tmp_path / "checkpoint"
    large = {"a": torch.randn(6_000_000), "b": torch.randn(5, 7)}
    checkpoint.save(large, folder, seen=1.0)
    assert len(list(folder.glob("part-*.bin"))) == 1
    small = {"b": torch.randn(3, 2)}
    checkpoint.save(small, folder, seen=2.0)
    loaded = checkpoint.load(folder)
    assert loaded.keys() == {"b"} and torch.equal(loaded["b"], small["b"].bfloat16())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint"]


def test_a_save_that_fails_leaves_the_checkpoint_before_it_whole(tmp_path, monkeypatch):
    folder = tmp_path / "checkpoint"
    before = {"a": torch.randn(40, 50)}
    checkpoint.save(before, folder)
    monkeypatch.setattr(checkpoint.json, "dumps", lambda *_: 1 / 0)
    try:
        checkpoint.save({"a": torch.randn(60, 50)}, folder)
    except ZeroDivisionError:
        pass
    monkeypatch.undo()
    assert torch.equal(checkpoint.load(folder)["a"], before["a"].bfloat16())


def test_a_grown_vocabulary_keeps_the_rows_of_its_tokens():
    rng = np.random.default_rng(3)
    rows = rng.normal(2.0, 0.5, (300, 64)).astype(np.float32)
    old = ["<s>", *(chr(0x4E00 + i) for i in range(0, 598, 2))]
    new = ["<s>", *(chr(0x4E00 + i) for i in range(600))]
    grown = moved(rows, old, new, 1024, first_character=1)
    assert grown.shape == (1024, 64) and np.isfinite(grown).all()
    for token in old:
        assert (grown[new.index(token)] == rows[old.index(token)]).all()
    drawn = grown[[i for i, token in enumerate(new) if token not in old]]
    assert len(np.unique(drawn[:, 0])) == len(drawn)
    assert abs(drawn.mean() - 2.0) < 0.05 and abs(drawn.std() - 0.5) < 0.05

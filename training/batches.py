"""Batches of one picture size, drawn by worker processes while the GPU trains."""

from __future__ import annotations

import multiprocessing
import os
from dataclasses import replace
from math import sqrt

import cv2
import numpy as np
import torch
from torch.utils.data import IterableDataset

from glm4v_ros.policy.hints import hinted
from training.config import IMAGE_MAX_TOKENS, TOKEN_PIXELS
from training.pictures.degrade import collate, move_centres
from training.pictures.drawing import draw
from training.pictures.hints import misread
from training.tokenizer import IGNORE, Tokenizer

SMALL = 200  # image tokens of the largest pictures until the model looks at the picture
ENLARGED = 0.3  # share of the training pictures that are drawn smaller and scaled up, as crops and small pictures are
HINTED = 0.07  # share of the training pictures whose first question comes with a second reader's lines
STRAY = 0.1  # of these: another picture's lines
AT_CAP = 0.5  # share of the batches whose pictures fill IMAGE_MAX_TOKENS, as every camera's do


def _grids() -> list[tuple[int, int]]:
    """Image tokens across and down, of pictures at the cap first.

    Some thirty, of every shape that the engine makes; with as many as there are, every batch would be of new sizes, and planning its
    kernels takes three times as long as running them (measured).
    """
    grids = []
    for tokens, shapes in ((IMAGE_MAX_TOKENS, 11), (330, 5), (190, 5), (110, 5), (64, 3)):
        for aspect in np.geomspace(1 / 2.8, 2.8, shapes):
            rows = max(5, round(sqrt(tokens / aspect)))
            grids.append((max(5, tokens // rows), rows))
    return grids


GRIDS = _grids()
CAPPED = 11  # how many of them are at the cap

#: Share of each kind of picture.
SKILLS: dict[str, float] = {
    "nameplate": 0.20, "display": 0.06, "gauge": 0.06, "lamp": 0.13, "pillbox": 0.17, "count": 0.05,
    "absent": 0.03, "yesno": 0.05, "followup": 0.03, "label": 0.06, "table": 0.05, "invoice": 0.05, "diagram": 0.03,
    "photo": 0.03,
}  # fmt: skip

TEXT_TOKENS = 320  # most tokens after the picture; turns that do not fit are left out


class Curriculum:
    """How far training is, shared with the workers: pictures seen, in millions."""

    def __init__(self, seen: float = 0.0):
        self._seen = multiprocessing.Value("d", seen)

    @property
    def seen(self) -> float:
        return self._seen.value

    @seen.setter
    def seen(self, value: float) -> None:
        self._seen.value = value

    @property
    def hardest(self) -> float:
        """Level of the hardest pictures now: single clean lines first, everything from one million on."""
        return float(np.clip((self.seen - 0.05) / 0.95, 0.0, 1.0))

    def level(self, rng: np.random.Generator) -> float:
        return self.hardest * float(rng.random()) ** 0.3  # the test asks at full difficulty

    def size(self, rng: np.random.Generator) -> tuple[int, int]:
        """Image tokens across and down."""
        if self.hardest < 0.2:
            grids = [(columns, rows) for columns, rows in GRIDS if columns * rows <= SMALL]
        else:
            grids = GRIDS[:CAPPED] if rng.random() < AT_CAP else GRIDS[CAPPED:]
        return grids[rng.integers(len(grids))]


def choose(rng: np.random.Generator, weights: dict):
    keys, values = list(weights), np.array(list(weights.values()), float)
    return keys[rng.choice(len(keys), p=values / values.sum())]


def draw_somehow(rng, skill: str, pixels: tuple[int, int], split: str, level: float, flaws: float):
    """A picture of this skill; a lamp panel, which fits any canvas, where the painter finds no room for its own."""
    enlarge = 1.0
    if split == "train" and min(pixels) > 240 and rng.random() < ENLARGED:
        enlarge = rng.uniform(1.1, min(2.4, min(pixels) / 210))
    for _ in range(6):
        try:
            return draw(rng, skill, pixels, split, level, flaws, enlarge)
        except (RuntimeError, ValueError, IndexError):
            enlarge = 1.0
    return draw(rng, "lamp", pixels, split, level, flaws)


def make_batch(rng, tokenizer: Tokenizer, size: tuple[int, int], levels, skills, split: str) -> dict:
    """One batch: clean pictures, how to degrade them, conversations, and where each character stands.

    images (B, H, W, 3) uint8; ids, targets (B, L) int64; centres (B, M, 2) float32 px after the perspective, classes (B, M) int16 (0: none);
    cells (B, M, 2) int8: row and column of a table in which it stands, from 1 (0: none);
    weights (B, L) float32: of each target in the loss; learned (n,) int64: where in (B * L) there is a target;
    tags: per picture a list of (skill, start, end) spans in targets.
    """
    columns, rows = size
    tokens = rows * columns
    pixels = columns * TOKEN_PIXELS, rows * TOKEN_PIXELS
    # Flaws and contents are hard independently, or small print is never seen clean.
    pictures = [draw_somehow(rng, skill, pixels, split, level, level * rng.random() ** 0.5) for skill, level in zip(skills, levels)]
    conversations, tags = [], []
    for i, picture in enumerate(pictures):
        turns, length = picture.turns, 0
        if split == "train" and rng.random() < HINTED:
            other = pictures[i - 1] if rng.random() < STRAY else picture
            first = turns[0]
            turns = [replace(first, question=hinted(first.question, misread(rng, other.printed), first.language)), *turns[1:]]
        kept = []
        for turn in turns:
            length += len(tokenizer.encode(turn.question)) + len(tokenizer.encode(turn.answer)) + 4
            if kept and length > TEXT_TOKENS:
                break
            kept.append(turn)
        turns = kept
        ids, targets, spans = tokenizer.conversation([(t.question, t.answer) for t in turns], tokens)
        conversations.append((ids, targets, spans))
        tags.append([(turn.tag, *span) for turn, span in zip(turns, spans)])
    longest = (max(len(ids) for ids, _, _ in conversations) + 63) // 64 * 64
    ids = np.zeros((len(pictures), longest), np.int64)
    targets = np.full((len(pictures), longest), IGNORE, np.int64)
    weights = np.zeros((len(pictures), longest), np.float32)
    for i, (a, b, spans) in enumerate(conversations):
        ids[i, : len(a)], targets[i, : len(b)] = a, b
        for start, end in spans:  # by the root of its length, or serial numbers drown counts and "yes"
            weights[i, start:end] = (end - start) ** -0.5
    most = max(1, max(len(p.centres) for p in pictures))
    centres = np.full((len(pictures), most, 2), -1e4, np.float32)
    classes = np.zeros((len(pictures), most), np.int16)
    cells = np.zeros((len(pictures), most, 2), np.int8)
    for i, p in enumerate(pictures):
        centres[i, : len(p.centres)] = move_centres(p.centres, p.degradation)
        classes[i, : len(p.centres)] = [tokenizer.character_class(c) for c in p.characters]
        cells[i, : len(p.centres)] = p.cells
    return {
        "images": torch.from_numpy(np.stack([p.image for p in pictures])),
        "degradation": collate([p.degradation for p in pictures]),
        "ids": torch.from_numpy(ids),
        "targets": torch.from_numpy(targets),
        "weights": torch.from_numpy(weights),
        "learned": torch.from_numpy(np.flatnonzero(targets != IGNORE)),
        "centres": torch.from_numpy(centres),
        "classes": torch.from_numpy(classes),
        "cells": torch.from_numpy(cells),
        "tags": tags,
    }


class Batches(IterableDataset):
    """Endless training batches of about ``patches`` 14-px patches each."""

    def __init__(self, tokenizer: Tokenizer, curriculum: Curriculum, patches: int, seed: int, skills: dict[str, float]):
        self.tokenizer, self.curriculum, self.patches, self.seed, self.skills = tokenizer, curriculum, patches, seed, skills

    def __iter__(self):
        worker = torch.utils.data.get_worker_info()
        if worker:
            os.nice(10)  # the process that keeps the GPU busy goes first: with a busy machine it was that one which waited
        torch.set_num_threads(1)
        cv2.setNumThreads(0)
        rng = np.random.default_rng((self.seed, worker.id if worker else 0))
        while True:
            size = self.curriculum.size(rng)
            count = max(1, self.patches // (4 * size[0] * size[1]))
            skills = [choose(rng, self.skills) for _ in range(count)]
            levels = [self.curriculum.level(rng) for _ in range(count)]
            batch = make_batch(rng, self.tokenizer, size, levels, skills, "train")
            del batch["tags"]
            yield batch

"""Golden vectors from PyTorch for the engine's parity tests, which need no PyTorch.

    python -m training.golden TEXT_GGUF VISION_GGUF OUT_DIR      (the shipped files; OUT_DIR: test/golden/nano)

The weights are those of the shipped files, rounded to f16 as the tests round them, so that only the two programs differ.
Writes pictures whose sides are multiples of 28 px (so that nothing resizes them), greedy answers to 50 of them, and the
image embeddings of three. Pictures and questions that are in OUT_DIR already are kept.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import torch

from training.batches import SKILLS, choose
from training.config import TOKEN_PIXELS, NanoConfig
from training.model import Nano
from training.pictures.degrade import collate, degrade
from training.pictures.drawing import draw
from training.restore import read, restore
from training.tokenizer import Tokenizer

SIZES = ((8, 8), (12, 8), (10, 8), (9, 12))
PICTURES = 50
EMBEDDED = 3
MOST_TOKENS = 48


def as_f16(name: str, tensor: np.ndarray) -> torch.Tensor:
    """Matrices as an f16 GGUF holds them; vectors and the position table stay at f32 (see export.add)."""
    keep = tensor.ndim == 1 or "position_embedding" in name
    return torch.from_numpy(tensor if keep else tensor.astype(np.float16).astype(np.float32))


@torch.no_grad()
def greedy(model: Nano, tokenizer: Tokenizer, tokens: torch.Tensor, grid: tuple[int, int], question: str) -> str:
    """The answer about a picture of which the tower made ``tokens`` (1, n, hidden), ``grid`` = (rows, columns)."""
    ids, _, _ = tokenizer.conversation([(question, "")], tokens.shape[1])
    end = {tokenizer.id("<|user|>"), tokenizer.id("<|endoftext|>")}
    answer: list[int] = []
    while len(answer) < MOST_TOKENS:
        hidden = model.read(tokens, grid, torch.tensor([ids + answer]))
        best = int(model.lm_head(hidden[0, -1]).argmax())
        if best in end:
            break
        answer.append(best)
    return tokenizer.decode(answer)


def make_pictures(out: Path) -> None:
    """Pictures with a question each."""
    rng = np.random.default_rng(50)
    cases = []
    for number in range(PICTURES):
        columns, rows = SIZES[number % len(SIZES)]
        picture = draw(rng, choose(rng, SKILLS), (columns * TOKEN_PIXELS, rows * TOKEN_PIXELS), "test", 0.3)
        image = degrade(torch.from_numpy(picture.image)[None], collate([picture.degradation]))[0].numpy()
        name = f"{number:02}.png"
        cv2.imwrite(str(out / name), image[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])
        cases.append({"image": name, "question": picture.turns[0].question})
    write(out, cases)


def write(out: Path, cases: list[dict]) -> None:
    (out / "answers.jsonl").write_text("".join(json.dumps(c, ensure_ascii=False) + "\n" for c in cases), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=Path)
    parser.add_argument("vision", type=Path)
    parser.add_argument("out", type=Path)
    a = parser.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)

    tokenizer = Tokenizer.load()
    config = NanoConfig(vocab_size=len(tokenizer))
    model = Nano(config).eval()
    state = restore(read(a.text), read(a.vision), config)
    model.load_state_dict({name: as_f16(name, tensor) for name, tensor in state.items()})

    if not (a.out / "answers.jsonl").exists():
        make_pictures(a.out)
    cases = [json.loads(line) for line in (a.out / "answers.jsonl").read_text(encoding="utf-8").splitlines()]
    embeddings = {}
    for number, case in enumerate(cases):
        image = np.ascontiguousarray(cv2.imread(str(a.out / case["image"]))[..., ::-1])
        with torch.no_grad():
            tokens, _ = model.model.visual(torch.from_numpy(image)[None])
        case["answer"] = greedy(model, tokenizer, tokens, (image.shape[0] // TOKEN_PIXELS, image.shape[1] // TOKEN_PIXELS), case["question"])
        if number < EMBEDDED:
            embeddings[case["image"]] = tokens[0].numpy()
    write(a.out, cases)
    np.savez_compressed(a.out / "embeddings.npz", **embeddings)
    print(f"{PICTURES} pictures, {sum(p.stat().st_size for p in a.out.iterdir()) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()

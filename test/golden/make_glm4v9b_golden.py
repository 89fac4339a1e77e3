"""Computes the golden vectors of the tiny glm-4v-9b checkpoints with PyTorch, in float64.

    python test/golden/make_glm4v9b_golden.py        writes test/golden/glm4v9b_*.npz and glm4v9b_tokens.json

Needs torch and tiktoken; the tests need neither, only the files written here.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import tiktoken
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
from golden import glm4v9b_checkpoint as tiny  # noqa: E402
from golden.glm4v9b_reference import Reference  # noqa: E402

HERE = Path(__file__).parent
QUESTION = "What does the gauge say?"
SENTENCES = (
    "What does the label say?", "压力表的读数是多少？", "It's 12345 rpm,\n\n  they're open; DON'T  touch!",
    " \t\r\n x\r\n\r\n",
    "naïve café 🤖 ½ 3.5bar", "<|user|> is text here", "", "a", "水泵正在运行，请不要触摸。",
)  # fmt: skip
PATTERN = (  # tokenization_chatglm.py's
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def greedy(reference: Reference, x: torch.Tensor, positions: torch.Tensor, count: int) -> list[int]:
    tokens = []
    for _ in range(count):
        logits = reference.text(x, positions)[-1]
        best = logits.topk(2).values
        assert best[0] - best[1] > 1e-3, "two tokens are too close for a test of greedy decoding; change the weights"
        tokens.append(int(logits.argmax()))
        x = torch.cat([x, reference.embed(tokens[-1:])])
        positions = torch.cat([positions, positions[-1:] + 1])
    return tokens


def main() -> None:
    torch.manual_seed(0)
    encoding = tiktoken.Encoding("tiny", pat_str=PATTERN, mergeable_ranks=tiny.ranks(), special_tokens={})
    special = tiny.special_ids()
    encode = lambda text: encoding.encode(text, disallowed_special=())  # noqa: E731
    (HERE / "glm4v9b_tokens.json").write_text(
        json.dumps([{"text": text, "tokens": encode(text)} for text in SENTENCES], ensure_ascii=False, indent=1) + "\n"
    )
    head = [special["[gMASK]"], special["<sop>"], special["<|user|>"], *encode("\n")]
    tail = [*encode(QUESTION), special["<|assistant|>"]]
    for name, shape in tiny.VARIANTS.items():
        sizes = tiny.shapes(shape).items()
        reference = Reference(shape, {name: torch.from_numpy(tiny.values(name, size)).double() for name, size in sizes})
        image = reference.vision(tiny.picture())
        text = reference.embed(head + tail)
        text_positions = torch.arange(len(text))
        mixed = torch.cat([reference.embed(head), image, reference.embed(tail)])
        p = len(head)  # the begin of the image, all patches one behind it, the end one further
        mixed_positions = torch.tensor(
            [*range(p), p, *[p + 1] * (len(image) - 2), p + 2, *range(p + 3, p + 3 + len(tail))]
        )
        np.savez_compressed(
            HERE / f"glm4v9b_{name}.npz",
            head=np.array(head, np.int32),
            tail=np.array(tail, np.int32),
            image=image.numpy().astype(np.float32),
            text_logits=reference.text(text, text_positions).numpy().astype(np.float32),
            mixed_logits=reference.text(mixed, mixed_positions).numpy().astype(np.float32),
            text_greedy=np.array(greedy(reference, text, text_positions, 32), np.int32),
            mixed_greedy=np.array(greedy(reference, mixed, mixed_positions, 32), np.int32),
            # What the engine writes: it puts the newline behind the header itself.
            answer_greedy=np.array(
                greedy(
                    reference,
                    torch.cat([mixed, reference.embed(encode("\n"))]),
                    torch.cat([mixed_positions, mixed_positions[-1:] + 1]),
                    32,
                ),
                np.int32,
            ),
        )


if __name__ == "__main__":
    main()

"""GLM-4's vocabulary, from a checkpoint's tokenizer.model to what a GGUF holds."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from glm4v_ros.catalog.checkpoint import Checkpoint
from glm4v_ros.errors import ModelFileError

NORMAL, CONTROL, UNUSED = 1, 3, 5  # token types of GGUF
REQUIRED = (
    "[gMASK]", "<sop>", "<|endoftext|>", "<|system|>", "<|user|>", "<|assistant|>", "<|observation|>",
    "<|begin_of_image|>", "<|end_of_image|>",
)  # fmt: skip


@dataclass(frozen=True)
class Glm4Tokenizer:
    """Byte-level BPE: ``ranks`` gives each token's bytes its id, ``special`` each special token's text its id."""

    ranks: dict[bytes, int]
    special: dict[str, int]

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> Glm4Tokenizer:
        path = checkpoint.file("tokenizer.model")
        try:
            pairs = (line.split() for line in path.read_bytes().splitlines() if line)
            ranks = {base64.b64decode(token, validate=True): int(rank) for token, rank in pairs}
        except ValueError:
            raise ModelFileError(f"{path} is not GLM-4's tokenizer (lines of base64 and rank)") from None
        added = checkpoint.json("tokenizer_config.json").get("added_tokens_decoder", {})
        special = {entry["content"]: int(token) for token, entry in added.items()}
        if missing := [token for token in REQUIRED if token not in special]:
            raise ModelFileError(f"{checkpoint.directory}/tokenizer_config.json lacks {', '.join(missing)}")
        if sorted(ranks.values()) != list(range(len(ranks))) or any(bytes([b]) not in ranks for b in range(256)):
            raise ModelFileError(f"{path} is damaged: its ranks have gaps or a byte has no token")
        return cls(ranks, special)

    def tokens(self, size: int) -> tuple[list[str], list[int]]:
        """(texts, types) of a vocabulary that is filled up to ``size`` with unused entries."""
        texts = [f"[PAD{i}]" for i in range(size)]
        types = [UNUSED] * size
        for token, rank in self.ranks.items():
            texts[rank], types[rank] = _visible(token), NORMAL
        for text, token in self.special.items():
            if token >= size or types[token] == NORMAL:
                raise ModelFileError(f"the special token {text} has the id {token}, which is taken or beyond {size}")
            texts[token], types[token] = text, CONTROL
        return texts, types

    def merges(self) -> list[str]:
        """The two halves of every token, most urgent first.

        The original merges whichever pair makes the token of lowest rank. Splitting each token by that rule, with only
        the tokens before it, gives the one pair it is ever made from, so that a list of pairs does the same.
        """
        merges = []
        for token, rank in sorted(self.ranks.items(), key=lambda item: item[1]):
            if len(token) > 1 and len(halves := self._split(token, rank)) == 2:
                merges.append(" ".join(map(_visible, halves)))
        return merges

    def _split(self, token: bytes, limit: int) -> list[bytes]:
        parts = [bytes([b]) for b in token]
        while True:
            ranked = [(self.ranks.get(a + b, limit), i) for i, (a, b) in enumerate(zip(parts, parts[1:]))]
            rank, i = min(ranked, default=(limit, 0))
            if rank >= limit:
                return parts
            parts[i : i + 2] = [parts[i] + parts[i + 1]]


def _visible_bytes() -> dict[int, str]:
    # GPT-2's rule: printable Latin-1 stands for itself, the other bytes for the characters from U+0100 on.
    shown = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    hidden = [b for b in range(256) if b not in shown]
    return {**{b: chr(b) for b in shown}, **{b: chr(256 + i) for i, b in enumerate(hidden)}}


_VISIBLE = _visible_bytes()


def _visible(token: bytes) -> str:
    return "".join(_VISIBLE[b] for b in token)

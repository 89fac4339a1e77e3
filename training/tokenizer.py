"""One token per character, and the chat format as the GGUF's template renders it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from training.pictures.marks import MARKS, number

SPECIAL = [
    "<|endoftext|>",
    "[gMASK]",
    "<sop>",
    "<|system|>",
    "<|user|>",
    "<|assistant|>",
    "<|begin_of_image|>",
    "<|image|>",
    "<|end_of_image|>",
]

#: Rendered by the engine exactly as ``Tokenizer.conversation`` renders it. The newline after the assistant header stands
#: inside an expression, because Jinja trims a template's last newline. System messages are left out: the model saw none.
CHAT_TEMPLATE = (
    "[gMASK]<sop>"
    "{%- for message in messages %}"
    "{%- if message.role != 'system' %}"
    "{{- '<|' + message.role + '|>\n' }}"
    "{%- if message.content is string %}{{- message.content }}"
    "{%- else %}"
    "{%- for part in message.content %}"
    "{%- if part.type == 'text' %}{{- part.text }}"
    "{%- else %}{{- '<|begin_of_image|><|image|><|end_of_image|>' }}{%- endif %}"
    "{%- endfor %}"
    "{%- endif %}"
    "{%- endif %}"
    "{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|assistant|>\n' }}{%- endif %}"
)

IGNORE = -100


@dataclass
class Tokenizer:
    """Special tokens, 256 byte tokens, then one token per character of ``charset``."""

    charset: str
    tokens: list[str] = field(init=False)

    def __post_init__(self):
        characters = ["▁" if c == " " else c for c in self.charset]
        if len(set(characters)) != len(characters):
            raise ValueError("the character set repeats a character")
        self.tokens = SPECIAL + [f"<0x{i:02X}>" for i in range(256)] + characters
        self._ids = {token: i for i, token in enumerate(self.tokens)}
        self._ids[" "] = self._ids["▁"]

    @classmethod
    def load(cls, path: Path | None = None) -> Tokenizer:
        """Reads ``charset.txt``; the newline is a character of its own and comes first."""
        text = (path or Path(__file__).with_name("charset.txt")).read_text(encoding="utf-8")
        return cls("\n" + "".join(sorted(set(text) - {"\n", "\r"})))

    def __len__(self) -> int:
        return (len(self.tokens) + 255) // 256 * 256

    @property
    def first_character(self) -> int:
        return len(SPECIAL) + 256

    def id(self, token: str) -> int:
        return self._ids[token]

    def character_class(self, character: str) -> int:
        """Class of the per-patch reading: 0 for a character outside the set, its number from 1, then the marks."""
        mark = number(character)
        if mark is not None:
            return len(self.charset) + 1 + mark
        i = self._ids.get(character)
        return 0 if i is None else i - self.first_character + 1

    @property
    def patch_classes(self) -> int:
        return 1 + len(self.charset) + len(MARKS)

    def encode(self, text: str) -> list[int]:
        """Characters to ids; one outside the set becomes its UTF-8 bytes, as llama.cpp's SPM tokenizer does."""
        ids = []
        for character in text:
            i = self._ids.get(character)
            if i is not None:
                ids.append(i)
            else:
                ids.extend(self._ids[f"<0x{b:02X}>"] for b in character.encode("utf-8"))
        return ids

    def decode(self, ids: list[int]) -> str:
        out = bytearray()
        for i in ids:
            if i >= len(self.tokens):
                continue
            token = self.tokens[i]
            if i < len(SPECIAL):
                continue
            if i < self.first_character:
                out.append(int(token[3:5], 16))
            else:
                out.extend((" " if token == "▁" else token).encode("utf-8"))
        return out.decode("utf-8", errors="replace")

    def conversation(self, turns: list[tuple[str, str]], image_tokens: int) -> tuple[list[int], list[int], list[tuple[int, int]]]:
        """Ids, targets and the span of each answer in the targets.

        The picture stands at the start of the first user turn. ``targets[i]`` is the token that should follow ``ids[i]``,
        IGNORE where nothing is to be learned. A span covers the answer and the header that ends it.
        """
        user, assistant, newline = self.id("<|user|>"), self.id("<|assistant|>"), self.id("\n")
        ids = [self.id("[gMASK]"), self.id("<sop>"), user, newline, self.id("<|begin_of_image|>")]
        ids += [self.id("<|image|>")] * image_tokens + [self.id("<|end_of_image|>")]
        targets = [IGNORE] * len(ids)
        spans = []
        for place, (question, answer) in enumerate(turns):
            if place:
                ids += [user, newline]
                targets += [IGNORE, IGNORE]
            prompt = self.encode(question) + [assistant, newline]
            reply = self.encode(answer)
            ids += prompt + reply
            start = len(targets) + len(prompt) - 1
            targets += [IGNORE] * (len(prompt) - 1) + reply + [user]
            spans.append((start, len(targets)))
        return ids, targets, spans

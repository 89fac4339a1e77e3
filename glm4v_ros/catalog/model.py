"""What a model is: two GGUF files and how to talk to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

IMAGE_TOKENS = 4096  # of a picture of GLM-4V at most in mtmd, where nothing else says so


@dataclass(frozen=True)
class Model:
    """A text GGUF, a vision GGUF and how to talk to them. What is zero or empty the files say: ``Pair.complete``."""

    name: str
    text_path: Path
    vision_path: Path
    text_sha256: str = ""  # empty: not verified
    vision_sha256: str = ""
    context_tokens: int = 0  # the longest context it was trained for
    image_max_tokens: int = 0  # cap per image; 0: llama.cpp's
    images_per_conversation: int = 0  # 0: no limit
    template_arguments: dict[str, Any] = field(default_factory=dict)  # e.g. {"enable_thinking": False}
    answer_prefix: str = ""  # put after the assistant header, e.g. "<think></think>"
    demo: bool = False  # for trying out: the eldercare preset refuses it

    def most_image_tokens(self, configured: int = 0) -> int:
        """Of one picture; ``configured``: by whoever runs the model, 0: nothing."""
        return configured or self.image_max_tokens or IMAGE_TOKENS

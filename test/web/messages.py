"""Requests as clients send them."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

MODEL = "glm4v-nano"
PATIENCE = 120.0  # seconds


def png(seed: int, width: int = 40, height: int = 30) -> bytes:
    """A picture like no other."""
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)).save(file, "PNG")
    return file.getvalue()


def data_url(data: bytes, kind: str = "png") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def user(text: str, *urls: str) -> dict:
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return {"role": "user", "content": [{"type": "text", "text": text}, *parts]}


def chat(text: str = "what is it?", *urls: str, **fields) -> dict:
    """A body for /v1/chat/completions; without a picture, about one of our own."""
    return {"model": MODEL, "messages": [user(text, *(urls or (data_url(png(1)),)))], **fields}


def decide(*questions: dict, urls: tuple[str, ...] = (), **fields) -> dict:
    content = [{"type": "input_image", "image_url": url} for url in urls or (data_url(png(1)),)]
    return {"model": MODEL, "input": [{"role": "user", "content": content}], "questions": list(questions), **fields}

"""Chromium draws a page."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from PIL import Image

_BOX = """ids => ids.map(id => { const box = document.getElementById(id).getBoundingClientRect();
          return [box.x, box.y, box.width, box.height].map(Math.round) })"""
_INK = """ids => ids.map(id => { const range = document.createRange(); range.selectNodeContents(document.getElementById(id));
          const box = range.getBoundingClientRect(); return [box.x, box.y, box.width, box.height].map(Math.round) })"""


class Browser:
    def __init__(self, chromium):
        self._chromium = chromium

    def draw(self, body: str, width: int, height: int, ids: Sequence[str], print_ids: Sequence[str]):
        """(height, width, 3) uint8 RGB, and [x, y, width, height] in px: of the elements ``ids`` and of the text in ``print_ids``."""
        page = self._chromium.new_page(viewport={"width": width, "height": height})
        try:
            page.set_content(f"<!doctype html><meta charset=utf-8><style>body{{margin:0}}</style>{body}")
            boxes, inks = page.evaluate(_BOX, list(ids)), page.evaluate(_INK, list(print_ids))
            picture = Image.open(io.BytesIO(page.screenshot(timeout=120_000))).convert("RGB")
        finally:
            page.close()
        return np.asarray(picture), boxes, inks


@contextmanager
def browser() -> Iterator[Browser]:
    """Ends with a message where there is none."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        sys.exit("the pictures are drawn by Chromium: apt install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as library:
        chromium = library.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-lcd-text", "--disable-background-networking", "--disable-sync"]
        )
        try:
            yield Browser(chromium)
        finally:
            chromium.close()

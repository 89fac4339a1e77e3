"""Further wordings of questions, in training alone.

A seventh of the wordings is kept for the test, and beside lists of four to ten some of those were never understood:
"第一个模块是什么？" was answered with "看不到" 16 times of 16. What is written here is neither in a list nor among what is kept.
"""

from __future__ import annotations

from training.pictures.paraphrases_machines import MACHINES
from training.pictures.paraphrases_pages import PAGES

#: By a list's first wording.
MORE: dict[str, list[str]] = {first: further.split("|") for first, further in (MACHINES | PAGES).items()}

"""Tells whether an answer says that the model cannot see what it was asked about."""

from __future__ import annotations

import re
from dataclasses import replace

from glm4v_ros.engine.answer import Answer

_ENGLISH = re.compile(
    r"\b(?:"
    r"(?:is|are|was)?\s*(?:not|n't)\s+(?:\w+\s+){0,2}?(?:visible|legible|readable|shown|discernible|present\s+in\s+the\s+(?:image|picture|photo))"
    r"|(?:can(?:not|'t|’t)|could\s*n(?:o|')t|unable\s+to|not\s+able\s+to)\s+(?:\w+\s+){0,1}?(?:see|read|tell|determine|identify|make\s+out|discern|find)"
    r"|(?:invisible|illegible|unreadable)"
    r"|(?:does|do)\s*(?:not|n't)\s+(?:show|contain|appear|include)"
    r"|no\s+(?:such\s+)?(?:\w+\s+){0,3}?(?:is\s+|are\s+)?(?:visible|shown|legible)"
    r")\b",
    re.IGNORECASE,
)
_CHINESE = re.compile(
    r"看不到|看不见|看不清|看不出|不可见|未显示|没有显示|没显示|无法(?:看到|看见|看清|辨认|辨别|识别|读取|确定|判断|得知)"
    r"|不清楚|不清晰|(?:图|画面|照片|铭牌)(?:片|像)?(?:中|里|上)?(?:没有|并没有|并无|未见|不存在)|模糊不清|難以辨認|难以辨认"
)


def judged(answer: Answer) -> Answer:
    """The engine's answer with ``abstained`` filled in."""
    return replace(answer, abstained=abstains(answer.text))


def abstains(answer: str) -> bool:
    """True for "not visible", "看不到" and the like."""
    return bool(_ENGLISH.search(answer) or _CHINESE.search(answer))

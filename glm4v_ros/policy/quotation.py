"""Which parts of an answer quote print."""

from __future__ import annotations

import re
import unicodedata

from glm4v_ros.policy.print_date import dates
from glm4v_ros.policy.print_form import bare

_SHORT = 48  # characters: a longer answer without a frame is no value by itself
_PLAIN = re.compile(  # what quotes nothing
    r"(?:yes|no|none|true|false|ok|是的?|否|不是|有|没有|无|对|不对|可以|不可以|亮|不亮|on|off)[.。!！]?", re.IGNORECASE
)
_FRAMES = tuple(
    re.compile(frame, re.IGNORECASE | re.DOTALL)
    for frame in (
        r"^(?:我读到的是|读数(?:是|为)|答案是)[:：]?(?P<q>.+)$",
        r"^I read:?\s+(?P<q>.+)$",
        r"^(?:这|那|它|该\w{0,4}|上面|屏幕|显示屏|铭牌上?|标签上?)(?:的\w{1,8})?(?:是|为|叫|写着|写的是|显示(?:的是|为)?|标的是)[:：]?(?P<q>.+)$",
        r"^(?:\w{0,6}的)?[^\W\d]{1,8}(?:是|为|[:：])\s*(?P<q>[^\s].*)$",
        r"^(?:it|this)(?: \w+)? (?:expires?|was (?:made|manufactured|produced)|is valid|is made)(?: (?:in|on|by|until))?\s+"
        r"(?P<q>.+)$",
        r"^(?:this|it|that|the \w+(?: \w+){0,4}|its \w+(?: \w+){0,3})(?: (?:\w+ )?(?:is|reads|says|shows|was|are)|'s)"
        r"(?: (?:called|named|made by|a|an|the|on))?:?\s+(?P<q>.+)$",
        r"^(?:有效期|保质期)?(?:至|到|为)?(?P<q>\d.*?)(?:到期|过期|为止|生产|制造)?$",
        r"^(?P<q>\d.+?)(?:到期|过期|失效|为止|生产的?|制造的?|出厂的?)$",
        r"^made by (?P<q>.+)$",
        r"^由(?P<q>.+?)(?:生产|制造)的?$",
    )
)  # fmt: skip
_QUOTED = re.compile(r"[\"“”「『《](?P<q>[^\"“”」』》]{2,})[\"“”」』》]|`(?P<b>[^`]{2,})`|\*\*(?P<c>[^*]{2,})\*\*")
_CODE = re.compile(
    r"[A-Za-z0-9±~+\-/.°%℃µμ:×]*\d[A-Za-z0-9±~+\-/.°%℃µμ:×]*"
    r"(?: ?(?:[kKmMµμ]?(?:VAC|VDC|VA|V|W|A|Hz|HZ|Pa|bar|Ω|g|L|l|m)|°C|°F|℃|rpm|r/min|psi|HP|hp|kg|%RH|%))?(?![A-Za-z0-9])"
)


def quoted(answer: str) -> tuple[str, ...]:
    """The strings of an answer that should be printed in the picture, in its order; () where it quotes nothing.

    A short answer is one string; of a sentence what it says of something, and of a longer text its quotations, dates,
    codes and numbers with their units.
    """
    text = unicodedata.normalize("NFC", answer).strip()
    if not text or _PLAIN.fullmatch(text):
        return ()
    marked = [match["q"] or match["b"] or match["c"] for match in _QUOTED.finditer(text)]
    if marked and len(text) > sum(map(len, marked)) + 6:
        return tuple(dict.fromkeys(map(bare, marked)))
    for frame in _FRAMES:
        match = frame.match(bare(text))
        if match and len(match["q"]) <= _SHORT and not _sentences(match["q"]):
            return (bare(match["q"]),)
    if len(text) <= _SHORT and not _sentences(text) and "\n" not in text:
        return (bare(text),)
    if "\n" in text and all(len(line) <= _SHORT for line in text.splitlines()):
        return tuple(filter(None, map(bare, text.splitlines())))
    return _tokens(text)


def _sentences(text: str) -> bool:
    """Whether it goes on after a full stop, or has clauses."""
    return bool(
        re.search(r"[。！？；]\s*\S|[.!?;]\s+[A-Z\u4e00-\u9fff].*\s|，.*，|, and |\bwhich\b|\bbecause\b", bare(text))
    )


def _tokens(text: str) -> tuple[str, ...]:
    found: list[tuple[int, str]] = []
    taken: list[tuple[int, int]] = []
    for date in dates(text):
        found.append((date.start, text[date.start : date.end].strip()))
        taken.append((date.start, date.end))
    for match in _CODE.finditer(text):
        if not any(start < match.end() and match.start() < end for start, end in taken) and len(bare(match[0])) > 1:
            found.append((match.start(), bare(match[0])))
    return tuple(dict.fromkeys(text for _, text in sorted(found)))

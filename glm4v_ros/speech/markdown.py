"""Text without the marks that are for the eye or for the machine."""

from __future__ import annotations

import re

_THINKING = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_THINKING_PREFILLED = re.compile(r"\A.*?</think>", re.DOTALL)  # the template wrote the opening tag
_SPECIAL_TOKEN = re.compile(r"<\|[^<>|\n]*\|>|</?s>|\[gMASK\]|<sop>")
_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9]*(?:\s[^<>]*)?/?>")

_LINES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.MULTILINE), replacement)
    for pattern, replacement in (
        (r"^[ \t]*(```|~~~).*$", ""),  # code fence
        (r"^[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(\|[ \t]*:?-{2,}:?[ \t]*)*\|?[ \t]*$", ""),  # table rule, horizontal rule
        (r"^[ \t]*([*_][ \t]*){3,}$", ""),
        (r"^[ \t]*={3,}[ \t]*$", ""),
        (r"^[ \t]*(>[ \t]*)+", ""),
        (r"^[ \t]*#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*$", r"\1"),
        (r"^[ \t]*[-*+•·‣▪●○][ \t]+(\[[ xX]\][ \t]+)?", ""),
        (r"^[ \t]*\|[ \t]*(.*?)[ \t]*\|?[ \t]*$", r"\1"),  # table row
        (r"[ \t]*(?<!\|)\|(?!\|)[ \t]*", ", "),
    )
)
_SPANS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), replacement)
    for pattern, replacement in (
        (r"!?\[([^\]\n]*)\]\([^()\n]*\)", r"\1"),  # link, picture
        (r"`+([^`]*)`+", r"\1"),
        (r"\$\$?([^$\n]*[\\^_{}°×±≈≤≥][^$\n]*)\$\$?", r"\1"),  # LaTeX
        (r"\*\*(?=\S)(.+?)(?<=\S)\*\*", r"\1"),
        (r"(?<!\w)__(?=\S)(.+?)(?<=\S)__(?!\w)", r"\1"),
        (r"~~(?=\S)(.+?)(?<=\S)~~", r"\1"),
        (r"(?<![\w*])\*(?=[^\s*])([^*\n]+?)(?<=[^\s*])\*(?![\w*])", r"\1"),
        (r"(?<!\w)_(?=\S)([^_\n]+?)(?<=\S)_(?!\w)", r"\1"),
        (r"\\frac\{(\d+)\}\{(\d+)\}", r"\1/\2"),
        (r"\^?\{?\\circ\}?\s*(?:\\?text\{|\\mathrm\{)?([CF])\}?", r"°\1"),
        (r"\^?\{?\\circ\}?", "°"),
        (r"\\(?:text|mathrm)\{([^{}]*)\}", r"\1"),
        (r"\\times", "×"),
        (r"\\pm", "±"),
        (r"\\approx", "≈"),
        (r"\\leq?(?![a-z])", "≤"),
        (r"\\geq?(?![a-z])", "≥"),
        (r"\\[()\[\]]", ""),
        (r"\\([\\`*_{}\[\]()#+.!~|-])", r"\1"),
    )
)


def without_thinking(text: str) -> str:
    """``text`` without thinking, box markers and other special tokens of a GLM."""
    text = _THINKING.sub("", text)
    text = _THINKING_PREFILLED.sub("", text)
    return _SPECIAL_TOKEN.sub("", text)


def plain_text(text: str) -> str:
    """``text`` without Markdown, LaTeX's commonest commands and HTML tags; lines stay lines."""
    text = _TAG.sub(" ", text.replace("&nbsp;", " ").replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))
    for pattern, replacement in _LINES + _SPANS:
        text = pattern.sub(replacement, text)
    return text

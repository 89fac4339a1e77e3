"""How a model is told which language to answer in."""

from __future__ import annotations

_NAMES = {
    "ar": "Arabic",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "fi": "Finnish",
    "fr": "French",
    "he": "Hebrew",
    "hi": "Hindi",
    "hu": "Hungarian",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "ms": "Malay",
    "nb": "Norwegian",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sv": "Swedish",
    "th": "Thai",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "vi": "Vietnamese",
    "yue": "Cantonese",
    "zh": "Chinese",
}


def with_language(system_prompt: str, tag: str) -> str:
    """A system prompt that also asks for an answer in the language with this BCP 47 tag; empty: the question's own."""
    return "\n".join(filter(None, (system_prompt, instruction(tag))))


def instruction(tag: str) -> str:
    """The sentence for a BCP 47 tag; empty for none."""
    if not tag:
        return ""
    name = _NAMES.get(tag.split("-")[0].lower())
    return f"Answer in {name}." if name else f"Answer in the language with the BCP 47 tag {tag}."

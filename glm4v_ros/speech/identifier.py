"""How identifiers are said: model numbers, addresses, telephone numbers, versions.

A rule takes the match of its pattern in spoken_form.py and a language, "en" or "zh", and gives words.
"""

from __future__ import annotations

import re

from glm4v_ros.speech.number import cardinal, digits
from glm4v_ros.speech.vocabulary import padded, word


def spelled(text: str, language: str) -> str:
    """Letters and digits one by one, a word as a word, marks by name: H3U-32MR is "H three U dash three two M R"."""
    names = {
        "-": "dash",
        "/": "slash",
        "_": "underscore",
        ".": "dot",
        ":": "colon",
        "*": "star",
        "+": "plus",
        "@": "at",
    }
    parts = []
    for part in re.findall(r"[A-Z]{4,}(?=[-_])|[A-Z]?[a-z]{2,}|[A-Za-z]|\d+|[^\sA-Za-z\d]", text):
        if part.isdigit():
            parts.append(digits(part, language))
        elif part.isalpha() and len(part) > 1 and not re.search("[AEIOUYaeiouy]", part):
            parts.extend(part)
        elif part.isalpha():
            parts.append(part)
        elif part in names:
            parts.append(word(names[part], language))
    return " ".join(parts)


def identifier(match, language):
    return spelled(match.group(), language)


def address(match, language):
    return spelled(re.sub(r"^https?://|/$", "", match.group()), language)


def ip_address(match, language):
    address, prefix, port = match.groups()
    words = word("dot", language).join(padded(digits(part, language), language) for part in address.split("."))
    if prefix:
        words += padded(word("slash", language), language) + cardinal(int(prefix), language)
    if port:
        words += padded(word("port", language), language) + digits(port, language)
    return words


def mac_address(match, language):
    pairs = re.split("[:-]", match.group())
    return (", " if language == "en" else "，").join(spelled(pair, language) for pair in pairs)


def version(match, language):
    numbers = match.group(1).split(".")
    point = "点" if language == "zh" else " point "
    said = point.join(cardinal(int(number), language) for number in numbers)
    named = re.search(r"(?:版本号?|[Vv]ersion)[:： ]*$", match.string[: match.start()])
    return said if named or match.group()[0].isdigit() else f"{word('version', language)} {said}"


def telephone(match, language):
    groups = re.findall(r"\d+", match.group())
    plus = padded(word("plus", language), language) if match.group().startswith("+") else ""
    return plus + (", " if language == "en" else "，").join(digits(group, language) for group in groups)


def long_digits(match, language):
    return digits(match.group(), language)

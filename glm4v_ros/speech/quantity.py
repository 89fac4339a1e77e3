"""How numbers are said with what they count: units, ranges, fractions, money.

A rule takes the match of its pattern in spoken_form.py and a language, "en" or "zh", and gives words.
"""

from __future__ import annotations

import re

from glm4v_ros.speech.number import cardinal, decimal, ordinal
from glm4v_ros.speech.unit import TEMPERATURES, UNITS, unit_name
from glm4v_ros.speech.vocabulary import padded, word

VULGAR = {
    "½": (1, 2),
    "⅓": (1, 3),
    "⅔": (2, 3),
    "¼": (1, 4),
    "¾": (3, 4),
    "⅕": (1, 5),
    "⅛": (1, 8),
    "⅜": (3, 8),
    "⅝": (5, 8),
    "⅞": (7, 8),
}
_CURRENCIES = {
    "$": ("dollar", "美元"),
    "€": ("euro", "欧元"),
    "£": ("pound", "英镑"),
    "¥": ("yuan", "元"),
    "￥": ("yuan", "元"),
}
NUMBER = r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
SIGNED = rf"(?:(?<![A-Za-z0-9.)])[-+−])?(?:{NUMBER})"
SYMBOL = "|".join(re.escape(symbol) for symbol in sorted(UNITS, key=len, reverse=True))
UNIT = rf"(?:{SYMBOL})(?:/(?:{SYMBOL}))?"
_MEASURE = "[个只台张次块片根条位名件种天年人辆把支瓶盒粒颗组行列页米升克毫厘公千小分秒层倍周句盏扇匹部间座股瓣滴口]"


def _quantity(number: str, symbol: str, language: str, after: str = "", plural: bool = False) -> str:
    """A number and its unit; ``after`` is what follows in the text (a Chinese 2 before a measure word is 两)."""
    number = number.replace("−", "-").lstrip("+")
    if symbol in TEMPERATURES and language == "zh" and number.startswith("-"):
        said = "零下" + decimal(number[1:], language)
    elif language == "zh" and number == "2" and not symbol and re.match(_MEASURE, after):
        said = "两"
    else:
        said = decimal(number, language)
    if not symbol:
        return said
    count = "2" if plural else number
    if symbol in UNITS:
        name = unit_name(symbol, count, language)
    else:
        top, bottom = symbol.split("/")
        name = (
            unit_name(top, count, language) + padded(word("per", language), language) + unit_name(bottom, "1", language)
        )
    return f"{said} {name}" if language == "en" else said + name


def following(match) -> str:
    return match.string[match.end() : match.end() + 1]


def span(match, language):
    prefix, low, low_unit, high, unit = match.groups()
    symbol = unit or low_unit or ""
    first = _quantity(low, symbol if symbol in TEMPERATURES and language == "zh" else "", language, following(match))
    if symbol in TEMPERATURES and language == "zh":
        first = first.removesuffix(unit_name(symbol, low, language))
    last = _quantity(high, symbol, language, following(match), plural=True)
    return _supply(prefix) + first + padded(word("to", language), language) + last


def _supply(prefix: str | None) -> str:
    return f"{' '.join(prefix)} " if prefix else ""


def dimensions(match, language):
    numbers = re.findall(NUMBER, match.group(1))
    said = padded(word("by", language), language).join(_quantity(n, "", language) for n in numbers[:-1])
    return (
        said
        + padded(word("by", language), language)
        + _quantity(numbers[-1], match.group(2) or "", language, plural=True)
    )


def fraction(match, language):
    whole, top, bottom, vulgar, unit = match.groups()
    top, bottom = VULGAR[vulgar] if vulgar else (int(top), int(bottom))
    if unit and not whole and (top >= bottom or bottom > 8):  # 50/60Hz
        return cardinal(top, language) + padded(word("or", language), language) + _quantity(str(bottom), unit, language)
    if language == "zh":
        said = f"{cardinal(bottom, language)}分之{cardinal(top, language)}"
        return (
            (f"{cardinal(int(whole), language)}又" if whole else "")
            + said
            + (unit_name(unit, "1", language) if unit else "")
        )
    if bottom in (2, 4):
        name = "half" if bottom == 2 else "quarter"
    else:
        name = ordinal(bottom)
    if bottom in (0, 1) or bottom > 100 or (bottom == 2 and top > 1):
        said = f"{cardinal(top, language)} over {cardinal(bottom, language)}"
    else:
        said = f"{cardinal(top, language)} {name}{'' if top == 1 else 's'}"
    if whole:
        said = f"{cardinal(int(whole), language)} and {said.replace('one half', 'a half')}"
    return f"{said} {unit_name(unit, '2' if whole else '1', language)}" if unit else said


def percentage(match, language):
    number, mark = match.groups()
    per_mille = mark == "‰"
    if language == "zh":
        sign = "负" if number[0] in "-−" else ""
        return f"{sign}{'千' if per_mille else '百'}分之{decimal(number.lstrip('+-−'), language)}"
    return f"{decimal(number, language)} {'per mille' if per_mille else 'percent'}"


def money(match, language):
    sign, number = match.groups()
    name, chinese = _CURRENCIES[sign]
    if language == "zh":
        return decimal(number, language) + chinese
    whole, _, cents = number.partition(".")
    plural = "" if whole == "1" or name == "yuan" else "s"
    if name in ("dollar", "euro") and len(cents) == 2 and int(cents):
        return f"{decimal(whole, language)} {name}{plural} and {counted(cents.lstrip('0'), 'cent', language)}"
    return f"{decimal(number if cents.strip('0') else whole, language)} {name}{plural}"


def counted(number: str, noun: str, language: str) -> str:
    return f"{decimal(number, language)} {noun}{'' if number == '1' else 's'}"


def measure(match, language):
    prefix, number, unit = match.groups()
    return _supply(prefix) + _quantity(number, unit, language, following(match))


def numbered_place(match, language):
    return ordinal(int(match.group(1))) if language == "en" else f"第{cardinal(int(match.group(1)), language)}"


def numbered(match, language):
    number = cardinal(int(match.group(1)), language)
    return f"number {number}" if language == "en" else f"{number}号"


def list_item(match, language):
    number = cardinal(int(match.group(1)), language)
    return f"{number}, " if language == "en" else f"{number}，"


def multiple(match, language):
    number = match.group(1)
    return f"{decimal(number, language)} times" if language == "en" else f"{decimal(number, language)}倍"


def ratio(match, language):
    left, right = match.groups()
    return f"{decimal(left, language)}{padded('to' if language == 'en' else '比', language)}{decimal(right, language)}"


def plain_number(match, language):
    before = match.string[match.start() - 1 : match.start()]
    return _quantity(match.group(), "", language, "" if before == "第" else following(match))

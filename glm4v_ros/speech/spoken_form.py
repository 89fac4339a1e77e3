"""What a person would say for a text that was written to be read: "-5 ℃" is "minus five degrees Celsius"."""

from __future__ import annotations

import re
from collections.abc import Callable

from glm4v_ros.speech.calendar import (
    MONTH,
    chinese_year,
    date,
    date_day_first,
    english_date,
    english_date_day_first,
    time_of_day,
    year_alone,
)
from glm4v_ros.speech.identifier import address, identifier, ip_address, long_digits, mac_address, telephone, version
from glm4v_ros.speech.language import base_language, language_of, runs
from glm4v_ros.speech.markdown import plain_text, without_thinking
from glm4v_ros.speech.quantity import (
    NUMBER,
    SIGNED,
    SYMBOL,
    UNIT,
    VULGAR,
    dimensions,
    fraction,
    list_item,
    measure,
    money,
    multiple,
    numbered,
    numbered_place,
    percentage,
    plain_number,
    ratio,
    span,
)
from glm4v_ros.speech.vocabulary import ABBREVIATIONS, SYMBOLS

_START = r"(?<![A-Za-z0-9.])"
_END = r"(?![A-Za-z0-9]|[-_][A-Za-z0-9])"


def spoken_form(text: str, language: str = "") -> str:
    """``text`` as it is to be said in ``language`` (BCP 47; empty: the one most of it is in).

    Numbers, dates, addresses, model numbers, units and symbols become words; Markdown, thinking and markers vanish.
    Languages other than English and Chinese get the latter only.
    """
    text = plain_text(without_thinking(text))
    language = base_language(language) or language_of(text)
    if language not in ("en", "zh"):
        return " ".join(text.split())
    text = _RULE.sub(lambda match: _speak(match, language), text)
    text = "".join(SYMBOLS[language].get(character, character) for character in text)
    return _tidy(_join_lines(text, language), language)


def spoken_runs(text: str, language: str = "", default: str = "en") -> list[tuple[str, str]]:
    """``text`` as (language, words) pairs, one for each change of voice, ready for a synthesiser.

    ``language`` (BCP 47) says what numbers and names without a language of their own are read in; empty: ``default``.
    """
    language = base_language(language)
    if language not in ("", "en", "zh"):
        pairs = [(language, text)]
    else:
        text = plain_text(without_thinking(text))
        pairs = runs(text, language or language_of(text, base_language(default)))
    said = [(language, spoken_form(piece, language)) for language, piece in pairs]
    return [(language, words) for language, words in said if re.search(r"\w", words)]


def _speak(match: re.Match[str], language: str) -> str:
    pattern, rule = _RULES[int(match.lastgroup[1:])]
    words = rule(pattern.match(match.string, match.start()), language)
    # English words stand apart from what is around them; Chinese needs it only beside Latin letters.
    return f" {words} " if language == "en" else words


def _abbreviation(match, language):
    words = ABBREVIATIONS[language].get(match.group(1), match.group(1))
    before = match.string[: match.start()].rstrip(" :：(（").casefold()
    return "" if before.endswith(words.casefold()) else words  # "Serial number (SN)"


_BEFORE_YEAR = "[Ii]n |[Ss]ince |[Yy]ear |[Uu]ntil |[Bb]y |[Ff]rom |[Oo]f "
_IDENTIFIER = r"(?=[A-Za-z0-9/_.-]*\d)(?=[A-Za-z0-9/_.-]*[A-Za-z])[A-Za-z0-9]+(?:[-/_.]+[A-Za-z0-9]+)*"
_ABBREVIATION = "|".join(
    re.escape(name) for name in sorted(set(ABBREVIATIONS["en"]) | set(ABBREVIATIONS["zh"]), key=len, reverse=True)
)
#: Tried in this order at each place of the text; the first that matches speaks.
_RULES: list[tuple[re.Pattern[str], Callable[[re.Match[str], str], str]]] = [
    (re.compile(pattern, re.MULTILINE), rule)
    for pattern, rule in (
        (r"https?://[^\s，。；）)]+[^\s，。；）).,;:!?]|www\.[^\s，。；）)]+[^\s，。；）).,;:!?]", address),
        (r"[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", address),
        (_START + r"(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}" + _END, mac_address),
        (_START + r"(\d{1,3}(?:\.\d{1,3}){3})(?:/(\d{1,2}))?(?::(\d{1,5}))?(?![A-Za-z0-9]|\.\d)", ip_address),
        (_START + r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:T(?=\d)|(?![0-9A-Za-z]))", date),
        (_START + r"(\d{4})\s?年\s?(\d{1,2})\s?月\s?(\d{1,2})\s?[日号]", date),
        (_START + r"(\d{4})\s?年(?:\s?(\d{1,2})\s?月)?", chinese_year),
        (_START + r"((?:19|20)\d\d)[-/](0[1-9]|1[0-2])()(?![\d/-])", date),
        (_START + r"(\d{1,2})[-/.](\d{1,2})[-/.]((?:19|20)\d\d)(?![\d-]|\.\d)", date_day_first),
        (r"\b" + MONTH + r" (\d{1,2})(?:st|nd|rd|th)?(?:,? (\d{4}))?(?![\d:]|\.\d)", english_date),
        (r"\b" + MONTH + r"[ -]()(\d{4})(?![\d:]|\.\d)", english_date),
        (_START + r"(\d{1,2})(?:st|nd|rd|th)?[ -]" + MONTH + r"(?:,?[ -](\d{4}))?(?![\w:])", english_date_day_first),
        (rf"\b({_BEFORE_YEAR})((?:19|20)\d\d)(?!\d|[.,:/-]\d|[%A-Za-z]|\s?(?:{SYMBOL})\b)", year_alone),
        (r"(?:(?<=比例)|(?<=比例为)|(?<=[Rr]atio )|(?<=[Ss]cale ))(\d+):(\d+)(?![\d:])", ratio),
        (_START + r"(\d{1,2}):(\d{2})(?::(\d{2}))?(?![\d:])", time_of_day),
        (_START + r"[vV](?:er(?:sion)?)?\.? ?(\d+(?:\.\d+)+)" + _END, version),
        (_START + r"(\d+(?:\.\d+){2,})" + _END, version),
        (r"\+\d{1,3}(?:[ -]\d{2,5}){2,5}" + _END, telephone),
        (_START + r"\d{2,5}-\d{3,4}-\d{4}" + _END + "|" + _START + r"0\d{2,3}-\d{7,8}" + _END, telephone),
        (r"^\s*\(?(\d{1,2})(?:[.)](?=\s)|[、）])\s*(?=\S)", list_item),
        (rf"(?:(AC|DC)\s?)?({SIGNED})\s?({UNIT})?\s?[-–~～]\s?([-−]?(?:{NUMBER}))\s?({UNIT})?" + _END, span),
        (rf"((?:{SIGNED})(?:\s?[x×*]\s?(?:{NUMBER}))+)\s?({UNIT})?" + _END, dimensions),
        (
            _START + rf"(?<!/)(?:(\d+)\s+)?(\d{{1,2}})/([1-9]\d{{0,2}})()(?:\s?({SYMBOL}))?(?![A-Za-z0-9/%]|\.\d)",
            fraction,
        ),
        (_START + rf"(\d+)?\s?()()([{''.join(VULGAR)}])(?:\s?({SYMBOL})" + _END + ")?", fraction),
        (rf"({SIGNED})\s?([%‰])", percentage),
        (r"([$€£¥￥])\s?(\d+(?:,\d{3})*(?:\.\d+)?)" + _END, money),
        (rf"(?:(AC|DC)\s?)?({SIGNED})\s?({UNIT})" + _END, measure),
        (_START + r"(\d+)(?:st|nd|rd|th)\b", numbered_place),
        (r"(?:\b[Nn]o\.|#|№)\s?(\d{1,4})" + _END, numbered),
        (rf"(?<![A-Za-z0-9])({_ABBREVIATION})(?![A-Za-z0-9])", _abbreviation),
        (_START + r"(\d+(?:\.\d+)?)[xX×](?![A-Za-z0-9])", multiple),
        (_START + _IDENTIFIER, identifier),
        (_START + r"\d+(?:-\d+){2,}" + _END, identifier),
        (_START + r"(\d+):(\d+)(?![\d:])", ratio),
        (_START + r"(?:\d{7,}|0\d+)(?![\d,]|\.\d)", long_digits),
        (SIGNED, plain_number),
    )
]
_RULE = re.compile("|".join(f"(?P<r{i}>{pattern.pattern})" for i, (pattern, _) in enumerate(_RULES)), re.MULTILINE)


def _join_lines(text: str, language: str) -> str:
    """Line breaks become pauses: a line that ends without punctuation is ended like a sentence."""
    lines = [line.strip() for line in text.splitlines()]
    stop = "。" if language == "zh" else "."
    ended = [line if line[-1] in ".!?,;:。！？，；：、…" else line + stop for line in lines[:-1] if line]
    return " ".join(ended + [line for line in lines[-1:] if line])


def _tidy(text: str, language: str) -> str:
    text = re.sub(r"[\U0001F000-\U0001FAFF\u2600-\u27BF\uFE0F\u200B-\u200F\uFEFF]", "", text)
    text = re.sub(r"[\"“”„«»「」『』《》〈〉*`^_|{}]", " ", text)
    comma = "，" if language == "zh" else ", "
    text = re.sub(r"\s*[(（\[【]\s*", comma, text)
    text = re.sub(r"\s*[)）\]】]\s*(?=[\w])", comma, text)
    text = re.sub(r"\s*[)）\]】]\s*", "", text)
    text = re.sub(r"\s*(?:—+|–)\s*|\s+-+\s+", comma, text)
    text = re.sub(r"(?:\.{2,}|…+)", "。" if language == "zh" else ".", text)
    text = " ".join(text.split())
    text = re.sub(r"\s+([,.;:!?，。；：！？、])", r"\1", text)
    text = re.sub(r"([,;:，；：、])(?:\s*[,;，；、])+", r"\1", text)
    text = re.sub(r"[,;:，；：、]+\s*(?=[.!?。！？])", "", text)
    text = re.sub(r"^[\s,.;:，。；：、!?！？]+", "", text)
    if language == "zh":
        text = re.sub(r"(?<=[\u3000-\u9fff，。；：！？])\s+|\s+(?=[\u3000-\u9fff，。；：！？])", "", text)
    return text.strip()

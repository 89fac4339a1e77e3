"""What a person would say for a text that was written to be read: "-5 ℃" is "minus five degrees Celsius"."""

from __future__ import annotations

import re
from collections.abc import Callable

from glm4v_ros.speech.language import base_language, language_of, runs
from glm4v_ros.speech.markdown import plain_text, without_thinking
from glm4v_ros.speech.number import cardinal, decimal, digits, english_year, ordinal
from glm4v_ros.speech.unit import TEMPERATURES, UNITS, unit_name

_MONTHS = "January February March April May June July August September October November December".split()
_MONTH = (
    "(" + "|".join(f"{name}|{name.upper()}|{name[:3]}\\.?|{name[:3].upper()}\\.?" for name in _MONTHS) + r"|Sept\.?)"
)
_WORDS = {
    "dot": ("dot", "点"), "slash": ("slash", "斜杠"), "dash": ("dash", "杠"), "underscore": ("underscore", "下划线"),
    "at": ("at", "艾特"), "colon": ("colon", "冒号"), "port": ("port", "端口"), "to": ("to", "到"), "by": ("by", "乘"),
    "plus": ("plus", "加"), "or": ("or", "或"), "and": ("and", "和"), "per": ("per", "每"),
    "version": ("version", "版本"), "star": ("star", "星"),
}  # fmt: skip
_ABBREVIATIONS = {
    "en": {
        "e.g.": "for example", "i.e.": "that is", "approx.": "approximately", "vs.": "versus", "etc.": "et cetera",
        "max.": "maximum",
        "min.": "minimum", "temp.": "temperature", "qty": "quantity", "Qty": "quantity", "QTY": "quantity",
        "S/N": "serial number",
        "SN": "serial number", "P/N": "part number", "PN": "part number", "N/A": "not available", "w/o": "without",
        "w/": "with",
        "No.": "number", "Mfg.": "manufacturing", "MFG": "manufacturing date", "EXP": "expiry date", "LOT": "lot",
        "Fig.": "figure",
        "Dr.": "Doctor", "Mr.": "Mister", "Mrs.": "Missus", "Ltd.": "Limited", "Co.": "Company",
        "approx": "approximately",
    },
    "zh": {
        "S/N": "序列号", "SN": "序列号", "P/N": "零件号", "PN": "零件号", "N/A": "不适用", "No.": "编号", "MFG": "生产日期",
        "EXP": "有效期",
        "LOT": "批号", "Qty": "数量", "QTY": "数量", "max.": "最大", "min.": "最小",
    },
}  # fmt: skip
_SYMBOLS = {
    "en": {
        "&": " and ", "@": " at ", "+": " plus ", "=": " equals ", "±": " plus or minus ", "≥": " at least ",
        "≤": " at most ", "<": " less than ",
        ">": " greater than ", "≈": " about ", "~": " about ", "～": " about ", "×": " times ", "÷": " divided by ",
        "%": " percent ",
        "°": " degrees ", "→": ", ", "/": ", ", "\\": " backslash ", "#": " number ", "№": " number ",
        "♂": " male ", "♀": " female ",
        "§": " section ", "©": "", "®": "", "™": "", "≠": " is not equal to ", "√": " yes ", "✓": " yes ",
        "✔": " yes ", "✗": " no ", "✘": " no ",
        "Ω": " ohms ", "φ": " diameter ", "Φ": " diameter ", "ø": " diameter ", "∞": " infinity ",
    },
    "zh": {
        "&": "和", "@": "艾特", "+": "加", "=": "等于", "±": "正负", "≥": "大于等于", "≤": "小于等于", "<": "小于", ">": "大于",
        "≈": "约等于",
        "~": "约", "～": "约", "×": "乘", "÷": "除以", "%": "百分号", "°": "度", "→": "，", "/": "，", "\\": "反斜杠", "#": "号",
        "№": "编号",
        "♂": "男", "♀": "女", "§": "第", "©": "", "®": "", "™": "", "≠": "不等于", "√": "是", "✓": "是", "✔": "是", "✗": "否",
        "✘": "否",
        "Ω": "欧", "φ": "直径", "Φ": "直径", "ø": "直径", "∞": "无穷大",
    },
}  # fmt: skip
_VULGAR = {
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

_NUMBER = r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_SIGNED = rf"(?:(?<![A-Za-z0-9.)])[-+−])?(?:{_NUMBER})"
_SYMBOL = "|".join(re.escape(symbol) for symbol in sorted(UNITS, key=len, reverse=True))
_UNIT = rf"(?:{_SYMBOL})(?:/(?:{_SYMBOL}))?"
_START = r"(?<![A-Za-z0-9.])"
_END = r"(?![A-Za-z0-9]|[-_][A-Za-z0-9])"
_MEASURE = "[个只台张次块片根条位名件种天年人辆把支瓶盒粒颗组行列页米升克毫厘公千小分秒层倍周句盏扇匹部间座股瓣滴口]"


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
    text = "".join(_SYMBOLS[language].get(character, character) for character in text)
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


def _word(name: str, language: str) -> str:
    return _WORDS[name][language == "zh"]


def _speak(match: re.Match[str], language: str) -> str:
    pattern, rule = _RULES[int(match.lastgroup[1:])]
    words = rule(pattern.match(match.string, match.start()), language)
    # English words stand apart from what is around them; Chinese needs it only beside Latin letters.
    return f" {words} " if language == "en" else words


def _spell(text: str, language: str) -> str:
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
            parts.append(_word(names[part], language))
    return " ".join(parts)


def _identifier(match, language):
    return _spell(match.group(), language)


def _url(match, language):
    return _spell(re.sub(r"^https?://|/$", "", match.group()), language)


def _ip(match, language):
    address, prefix, port = match.groups()
    words = _word("dot", language).join(_pad(digits(part, language), language) for part in address.split("."))
    if prefix:
        words += _pad(_word("slash", language), language) + cardinal(int(prefix), language)
    if port:
        words += _pad(_word("port", language), language) + digits(port, language)
    return words


def _mac(match, language):
    pairs = re.split("[:-]", match.group())
    return (", " if language == "en" else "，").join(_spell(pair, language) for pair in pairs)


def _date(match, language):
    return _say_date(*match.groups()[:3], language)


def _date_day_first(match, language):
    # Day or month first: nobody can tell, so it is read as printed.
    first, second, year = match.groups()
    if language == "zh":
        return f"{cardinal(int(first), language)}，{cardinal(int(second), language)}，{digits(year, language)}"
    return f"{cardinal(int(first), language)}, {cardinal(int(second), language)}, {english_year(int(year))}"


def _english_date(match, language):
    month, day, year = match.groups()
    return _say_date(year, _month_number(month), day, language)


def _english_date_day_first(match, language):
    day, month, year = match.groups()
    return _say_date(year, _month_number(month), day, language)


def _month_number(name: str) -> str:
    return str(next(i for i, month in enumerate(_MONTHS, 1) if month.startswith(name[:3].capitalize())))


def _say_date(year, month, day, language):
    """``year`` and ``day`` may be None or empty. A month or day that no calendar has is read as it stands."""
    if not 1 <= int(month) <= 12 or not 0 <= int(day or 1) <= 31:
        return " ".join(digits(part, language) for part in (year, month, day) if part)
    if language == "zh":
        said = f"{digits(year, language)}年" if year else ""
        said += f"{cardinal(int(month), language)}月"
        return said + (f"{cardinal(int(day), language)}日" if day else "")
    said = _MONTHS[int(month) - 1]
    said += f" {ordinal(int(day))}" if day else ""
    if not year:
        return said
    return f"{said}, {english_year(int(year))}" if day else f"{said} {english_year(int(year))}"


def _chinese_year(match, language):
    year, month = match.groups()
    return digits(year, "zh") + "年" + (cardinal(int(month), "zh") + "月" if month else "")


def _year(match, language):
    before, year = match.groups()
    return before + english_year(int(year)) if language == "en" else before + digits(year, language)


def _time(match, language):
    hour, minute, second = match.groups()
    if int(hour) > 24 or int(minute) > 59 or int(second or 0) > 59:
        return _spell(match.group(), language)
    if language == "zh":
        said = f"{_two(int(hour))}点"
        if int(minute) or second:
            said += f"{'零' if int(minute) < 10 and int(minute) else ''}{cardinal(int(minute), language)}分"
        elif _after(match) != "整":
            said += "整"
        return said + (f"{cardinal(int(second), language)}秒" if second else "")
    if not second and minute == "00":
        return (
            f"{cardinal(int(hour), language)} o'clock"
            if int(hour) <= 12
            else f"{cardinal(int(hour), language)} hundred"
        )
    said = f"{cardinal(int(hour), language)} {'oh ' if int(minute) < 10 else ''}{cardinal(int(minute), language)}"
    return said + (f" and {_count(second.lstrip('0') or '0', 'second', language)}" if second else "")


def _two(number: int) -> str:
    return "两" if number == 2 else cardinal(number, "zh")


def _count(number: str, noun: str, language: str) -> str:
    return f"{decimal(number, language)} {noun}{'' if number == '1' else 's'}"


def _version(match, language):
    numbers = match.group(1).split(".")
    point = "点" if language == "zh" else " point "
    said = point.join(cardinal(int(number), language) for number in numbers)
    named = re.search(r"(?:版本号?|[Vv]ersion)[:： ]*$", match.string[: match.start()])
    return said if named or match.group()[0].isdigit() else f"{_word('version', language)} {said}"


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
            unit_name(top, count, language) + _pad(_word("per", language), language) + unit_name(bottom, "1", language)
        )
    return f"{said} {name}" if language == "en" else said + name


def _pad(word: str, language: str) -> str:
    return f" {word} " if language == "en" else word


def _after(match) -> str:
    return match.string[match.end() : match.end() + 1]


def _range(match, language):
    prefix, low, low_unit, high, unit = match.groups()
    symbol = unit or low_unit or ""
    first = _quantity(low, symbol if symbol in TEMPERATURES and language == "zh" else "", language, _after(match))
    if symbol in TEMPERATURES and language == "zh":
        first = first.removesuffix(unit_name(symbol, low, language))
    last = _quantity(high, symbol, language, _after(match), plural=True)
    return _supply(prefix) + first + _pad(_word("to", language), language) + last


def _supply(prefix: str | None) -> str:
    return f"{' '.join(prefix)} " if prefix else ""


def _dimensions(match, language):
    numbers = re.findall(_NUMBER, match.group(1))
    said = _pad(_word("by", language), language).join(_quantity(n, "", language) for n in numbers[:-1])
    return (
        said
        + _pad(_word("by", language), language)
        + _quantity(numbers[-1], match.group(2) or "", language, plural=True)
    )


def _fraction(match, language):
    whole, top, bottom, vulgar, unit = match.groups()
    top, bottom = _VULGAR[vulgar] if vulgar else (int(top), int(bottom))
    if unit and not whole and (top >= bottom or bottom > 8):  # 50/60Hz
        return cardinal(top, language) + _pad(_word("or", language), language) + _quantity(str(bottom), unit, language)
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


def _percent(match, language):
    number, mark = match.groups()
    per_mille = mark == "‰"
    if language == "zh":
        sign = "负" if number[0] in "-−" else ""
        return f"{sign}{'千' if per_mille else '百'}分之{decimal(number.lstrip('+-−'), language)}"
    return f"{decimal(number, language)} {'per mille' if per_mille else 'percent'}"


def _money(match, language):
    sign, number = match.groups()
    name, chinese = _CURRENCIES[sign]
    if language == "zh":
        return decimal(number, language) + chinese
    whole, _, cents = number.partition(".")
    plural = "" if whole == "1" or name == "yuan" else "s"
    if name in ("dollar", "euro") and len(cents) == 2 and int(cents):
        return f"{decimal(whole, language)} {name}{plural} and {_count(cents.lstrip('0'), 'cent', language)}"
    return f"{decimal(number if cents.strip('0') else whole, language)} {name}{plural}"


def _measure(match, language):
    prefix, number, unit = match.groups()
    return _supply(prefix) + _quantity(number, unit, language, _after(match))


def _ordinal(match, language):
    return ordinal(int(match.group(1))) if language == "en" else f"第{cardinal(int(match.group(1)), language)}"


def _numbered(match, language):
    number = cardinal(int(match.group(1)), language)
    return f"number {number}" if language == "en" else f"{number}号"


def _list_item(match, language):
    number = cardinal(int(match.group(1)), language)
    return f"{number}, " if language == "en" else f"{number}，"


def _times(match, language):
    number = match.group(1)
    return f"{decimal(number, language)} times" if language == "en" else f"{decimal(number, language)}倍"


def _ratio(match, language):
    left, right = match.groups()
    return f"{decimal(left, language)}{_pad('to' if language == 'en' else '比', language)}{decimal(right, language)}"


def _telephone(match, language):
    groups = re.findall(r"\d+", match.group())
    plus = _pad(_word("plus", language), language) if match.group().startswith("+") else ""
    return plus + (", " if language == "en" else "，").join(digits(group, language) for group in groups)


def _abbreviation(match, language):
    words = _ABBREVIATIONS[language].get(match.group(1), match.group(1))
    before = match.string[: match.start()].rstrip(" :：(（").casefold()
    return "" if before.endswith(words.casefold()) else words  # "Serial number (SN)"


def _long_digits(match, language):
    return digits(match.group(), language)


def _number(match, language):
    before = match.string[match.start() - 1 : match.start()]
    return _quantity(match.group(), "", language, "" if before == "第" else _after(match))


_BEFORE_YEAR = "[Ii]n |[Ss]ince |[Yy]ear |[Uu]ntil |[Bb]y |[Ff]rom |[Oo]f "
_IDENTIFIER = r"(?=[A-Za-z0-9/_.-]*\d)(?=[A-Za-z0-9/_.-]*[A-Za-z])[A-Za-z0-9]+(?:[-/_.]+[A-Za-z0-9]+)*"
_ABBREVIATION = "|".join(
    re.escape(name) for name in sorted(set(_ABBREVIATIONS["en"]) | set(_ABBREVIATIONS["zh"]), key=len, reverse=True)
)

#: Tried in this order at each place of the text; the first that matches speaks.
_RULES: list[tuple[re.Pattern[str], Callable[[re.Match[str], str], str]]] = [
    (re.compile(pattern, re.MULTILINE), rule)
    for pattern, rule in (
        (r"https?://[^\s，。；）)]+[^\s，。；）).,;:!?]|www\.[^\s，。；）)]+[^\s，。；）).,;:!?]", _url),
        (r"[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", _url),
        (_START + r"(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}" + _END, _mac),
        (_START + r"(\d{1,3}(?:\.\d{1,3}){3})(?:/(\d{1,2}))?(?::(\d{1,5}))?(?![A-Za-z0-9]|\.\d)", _ip),
        (_START + r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:T(?=\d)|(?![0-9A-Za-z]))", _date),
        (_START + r"(\d{4})\s?年\s?(\d{1,2})\s?月\s?(\d{1,2})\s?[日号]", _date),
        (_START + r"(\d{4})\s?年(?:\s?(\d{1,2})\s?月)?", _chinese_year),
        (_START + r"((?:19|20)\d\d)[-/](0[1-9]|1[0-2])()(?![\d/-])", _date),
        (_START + r"(\d{1,2})[-/.](\d{1,2})[-/.]((?:19|20)\d\d)(?![\d-]|\.\d)", _date_day_first),
        (r"\b" + _MONTH + r" (\d{1,2})(?:st|nd|rd|th)?(?:,? (\d{4}))?(?![\d:]|\.\d)", _english_date),
        (r"\b" + _MONTH + r"[ -]()(\d{4})(?![\d:]|\.\d)", _english_date),
        (_START + r"(\d{1,2})(?:st|nd|rd|th)?[ -]" + _MONTH + r"(?:,?[ -](\d{4}))?(?![\w:])", _english_date_day_first),
        (rf"\b({_BEFORE_YEAR})((?:19|20)\d\d)(?!\d|[.,:/-]\d|[%A-Za-z]|\s?(?:{_SYMBOL})\b)", _year),
        (r"(?:(?<=比例)|(?<=比例为)|(?<=[Rr]atio )|(?<=[Ss]cale ))(\d+):(\d+)(?![\d:])", _ratio),
        (_START + r"(\d{1,2}):(\d{2})(?::(\d{2}))?(?![\d:])", _time),
        (_START + r"[vV](?:er(?:sion)?)?\.? ?(\d+(?:\.\d+)+)" + _END, _version),
        (_START + r"(\d+(?:\.\d+){2,})" + _END, _version),
        (r"\+\d{1,3}(?:[ -]\d{2,5}){2,5}" + _END, _telephone),
        (_START + r"\d{2,5}-\d{3,4}-\d{4}" + _END + "|" + _START + r"0\d{2,3}-\d{7,8}" + _END, _telephone),
        (r"^\s*\(?(\d{1,2})(?:[.)](?=\s)|[、）])\s*(?=\S)", _list_item),
        (rf"(?:(AC|DC)\s?)?({_SIGNED})\s?({_UNIT})?\s?[-–~～]\s?([-−]?(?:{_NUMBER}))\s?({_UNIT})?" + _END, _range),
        (rf"((?:{_SIGNED})(?:\s?[x×*]\s?(?:{_NUMBER}))+)\s?({_UNIT})?" + _END, _dimensions),
        (
            _START + rf"(?<!/)(?:(\d+)\s+)?(\d{{1,2}})/([1-9]\d{{0,2}})()(?:\s?({_SYMBOL}))?(?![A-Za-z0-9/%]|\.\d)",
            _fraction,
        ),
        (_START + rf"(\d+)?\s?()()([{''.join(_VULGAR)}])(?:\s?({_SYMBOL})" + _END + ")?", _fraction),
        (rf"({_SIGNED})\s?([%‰])", _percent),
        (r"([$€£¥￥])\s?(\d+(?:,\d{3})*(?:\.\d+)?)" + _END, _money),
        (rf"(?:(AC|DC)\s?)?({_SIGNED})\s?({_UNIT})" + _END, _measure),
        (_START + r"(\d+)(?:st|nd|rd|th)\b", _ordinal),
        (r"(?:\b[Nn]o\.|#|№)\s?(\d{1,4})" + _END, _numbered),
        (rf"(?<![A-Za-z0-9])({_ABBREVIATION})(?![A-Za-z0-9])", _abbreviation),
        (_START + r"(\d+(?:\.\d+)?)[xX×](?![A-Za-z0-9])", _times),
        (_START + _IDENTIFIER, _identifier),
        (_START + r"\d+(?:-\d+){2,}" + _END, _identifier),
        (_START + r"(\d+):(\d+)(?![\d:])", _ratio),
        (_START + r"(?:\d{7,}|0\d+)(?![\d,]|\.\d)", _long_digits),
        (_SIGNED, _number),
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

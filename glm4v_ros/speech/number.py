"""Numbers as words, in English and Chinese."""

from __future__ import annotations

_ENGLISH = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()
_SCALES = ((10**9, "billion"), (10**6, "million"), (10**3, "thousand"), (100, "hundred"))
_IRREGULAR_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
_CHINESE = "零一二三四五六七八九"
_LARGEST = 10**12  # from here on digits are clearer than words


def digits(text: str, language: str) -> str:
    """Each digit of ``text`` by itself: ``"105"`` is "one zero five" or "一零五"."""
    if language == "zh":
        return "".join(_CHINESE[int(digit)] for digit in text)
    return " ".join(_ENGLISH[int(digit)] for digit in text)


def cardinal(number: int, language: str) -> str:
    """A whole number of at most 12 digits as words; digit by digit beyond."""
    sign = {"zh": "负"}.get(language, "minus ") if number < 0 else ""
    number = abs(number)
    if number >= _LARGEST:
        return sign + digits(str(number), language)
    return sign + (_chinese(number) if language == "zh" else _english(number))


def decimal(text: str, language: str) -> str:
    """What ``-1,234.50`` reads like. A leading zero ("007") makes it a code, which is read digit by digit."""
    text = text.replace(",", "").replace("−", "-")
    sign = text.startswith("-")
    whole, point, fraction = text.lstrip("+-").partition(".")
    if len(whole) > 1 and whole[0] == "0" and not point:
        words = digits(whole, language)
    else:
        words = cardinal(int(whole or "0"), language)
    if fraction:
        words += ("点" if language == "zh" else " point ") + digits(fraction, language)
    if not sign:
        return words
    return ("负" if language == "zh" else "minus ") + words


def ordinal(number: int) -> str:
    """English only: 1 is "first", 21 is "twenty-first"."""
    words = _english(number)
    head, last = words[: words.rfind(words.replace("-", " ").split()[-1])], words.replace("-", " ").split()[-1]
    if last in _IRREGULAR_ORDINALS:
        return head + _IRREGULAR_ORDINALS[last]
    return head + (last[:-1] + "ieth" if last.endswith("y") else last + "th")


def english_year(number: int) -> str:
    """1984 is "nineteen eighty-four", 2005 "two thousand five", 2024 "twenty twenty-four"."""
    century, rest = divmod(number, 100)
    if not 10 <= century <= 99 or century % 10 == 0 and rest < 10:
        return _english(number)
    if rest == 0:
        return f"{_english(century)} hundred"
    return f"{_english(century)} {'oh ' if rest < 10 else ''}{_english(rest)}"


def _english(number: int) -> str:
    if number < 20:
        return _ENGLISH[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f"-{_ENGLISH[ones]}" if ones else "")
    scale, name = next((scale, name) for scale, name in _SCALES if number >= scale)
    high, low = divmod(number, scale)
    return f"{_english(high)} {name}" + (f" {_english(low)}" if low else "")


def _chinese(number: int) -> str:
    if number < 10:
        return _CHINESE[number]
    if number < 20:
        return "十" + (_CHINESE[number - 10] if number > 10 else "")
    for scale, name in ((10**8, "亿"), (10**4, "万"), (1000, "千"), (100, "百"), (10, "十")):
        if number < scale:
            continue
        high, low = divmod(number, scale)
        # 2000 is 两千 and 20000 两万, but 200 stays 二百 and 12000 is 一万二千.
        head = "两" if high == 2 and scale >= 1000 else _chinese(high)
        if not low:
            return head + name
        gap = "零" if low < scale // 10 else ""
        tail = "一" + _chinese(low) if 10 <= low < 20 else _chinese(low)  # 110 is 一百一十
        if scale >= 10**4 and 1000 <= low < 10**4 and tail.startswith("两"):
            tail = "二" + tail[1:]
        return head + name + gap + tail
    raise AssertionError(number)

"""How dates and times of day are said.

A rule takes the match of its pattern in spoken_form.py and a language, "en" or "zh", and gives words.
"""

from __future__ import annotations

from glm4v_ros.speech.identifier import spelled
from glm4v_ros.speech.number import cardinal, digits, english_year, ordinal
from glm4v_ros.speech.quantity import counted, following

_MONTHS = "January February March April May June July August September October November December".split()
MONTH = (
    "(" + "|".join(f"{name}|{name.upper()}|{name[:3]}\\.?|{name[:3].upper()}\\.?" for name in _MONTHS) + r"|Sept\.?)"
)


def date(match, language):
    return _say_date(*match.groups()[:3], language)


def date_day_first(match, language):
    # Day or month first: nobody can tell, so it is read as printed.
    first, second, year = match.groups()
    if language == "zh":
        return f"{cardinal(int(first), language)}，{cardinal(int(second), language)}，{digits(year, language)}"
    return f"{cardinal(int(first), language)}, {cardinal(int(second), language)}, {english_year(int(year))}"


def english_date(match, language):
    month, day, year = match.groups()
    return _say_date(year, _month_number(month), day, language)


def english_date_day_first(match, language):
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


def chinese_year(match, language):
    year, month = match.groups()
    return digits(year, "zh") + "年" + (cardinal(int(month), "zh") + "月" if month else "")


def year_alone(match, language):
    before, year = match.groups()
    return before + english_year(int(year)) if language == "en" else before + digits(year, language)


def time_of_day(match, language):
    hour, minute, second = match.groups()
    if int(hour) > 24 or int(minute) > 59 or int(second or 0) > 59:
        return spelled(match.group(), language)
    if language == "zh":
        said = f"{_two(int(hour))}点"
        if int(minute) or second:
            said += f"{'零' if int(minute) < 10 and int(minute) else ''}{cardinal(int(minute), language)}分"
        elif following(match) != "整":
            said += "整"
        return said + (f"{cardinal(int(second), language)}秒" if second else "")
    if not second and minute == "00":
        return (
            f"{cardinal(int(hour), language)} o'clock"
            if int(hour) <= 12
            else f"{cardinal(int(hour), language)} hundred"
        )
    said = f"{cardinal(int(hour), language)} {'oh ' if int(minute) < 10 else ''}{cardinal(int(minute), language)}"
    return said + (f" and {counted(second.lstrip('0') or '0', 'second', language)}" if second else "")


def _two(number: int) -> str:
    return "两" if number == 2 else cardinal(number, "zh")

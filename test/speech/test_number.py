import pytest

from glm4v_ros.speech.number import cardinal, decimal, english_year, ordinal


@pytest.mark.parametrize("number, english, chinese", [
    (0, "zero", "零"), (2, "two", "二"), (10, "ten", "十"), (15, "fifteen", "十五"), (20, "twenty", "二十"),
    (42, "forty-two", "四十二"),
    (105, "one hundred five", "一百零五"), (110, "one hundred ten", "一百一十"), (200, "two hundred", "二百"),
    (1001, "one thousand one", "一千零一"), (1010, "one thousand ten", "一千零一十"), (2000, "two thousand", "两千"),
    (12000, "twelve thousand", "一万二千"), (20000, "twenty thousand", "两万"), (10010, "ten thousand ten", "一万零一十"),
    (100001, "one hundred thousand one", "十万零一"), (-7, "minus seven", "负七"),
    (100_000_000, "one hundred million", "一亿"), (10**12, "one " + "zero " * 11 + "zero", "一" + "零" * 12),
])  # fmt: skip
def test_cardinal(number, english, chinese):
    assert cardinal(number, "en") == english
    assert cardinal(number, "zh") == chinese


def test_decimal_reads_the_fraction_digit_by_digit():
    assert decimal("1,234.50", "en") == "one thousand two hundred thirty-four point five zero"
    assert decimal("-0.05", "zh") == "负零点零五"


def test_leading_zero_is_a_code():
    assert decimal("007", "en") == "zero zero seven"


@pytest.mark.parametrize(
    "year, words",
    [
        (1984, "nineteen eighty-four"),
        (1905, "nineteen oh five"),
        (2000, "two thousand"),
        (2005, "two thousand five"),
        (2024, "twenty twenty-four"),
        (1900, "nineteen hundred"),
    ],
)
def test_english_year(year, words):
    assert english_year(year) == words


@pytest.mark.parametrize(
    "number, words",
    [
        (1, "first"),
        (2, "second"),
        (5, "fifth"),
        (12, "twelfth"),
        (20, "twentieth"),
        (21, "twenty-first"),
        (30, "thirtieth"),
        (103, "one hundred third"),
    ],
)
def test_ordinal(number, words):
    assert ordinal(number) == words

import pytest

from glm4v_ros.policy.print_date import dates


def only(text):
    (date,) = dates(text)
    return date


FIFTH_OF_MARCH = (
    "2021年3月5日", "2021年03月05日", "2021.03.05", "2021-03-05", "2021/3/5", "20210305", "2021 03 05", "05 MAR 2021", "5-Mar-2021",
    "March 5, 2021", "Mar. 5 2021", "5th of March 2021", "05/03/2021", "03/05/2021", "05.03.2021",
)  # fmt: skip


@pytest.mark.parametrize("text", FIFTH_OF_MARCH)
def test_one_day_in_many_ways(text):
    assert only(text).same(only("2021-03-05"))
    assert not only(text).same(only("2021-03-06")) and not only(text).same(only("2022-03-05"))


@pytest.mark.parametrize("text", ("2027年8月", "2027年08月", "2027.08", "2027-8", "2027/08", "08/2027", "Aug 2027", "AUG. 2027", "August 2027",
                                  "有效期至2027年08月", "EXP 08-2027", "expires in August 2027."))  # fmt: skip
def test_one_month_in_many_ways(text):
    assert only(text).same(only("2027年8月"))
    assert not only(text).same(only("2027年8月12日")) and only(text).within(only("2027年8月12日"))
    assert not only(text).within(only("2027年9月12日"))


@pytest.mark.parametrize(
    "text", ("192.168.20.24", "10.0.2024.7", "2024", "SN20240305A77", "2024年", "13/2024", "99.2024.99", "1450r/min")
)
def test_no_dates(text):
    assert dates(text) == []


def test_the_order_of_day_and_month_is_not_guessed():
    assert only("05/03/2021").same(only("2021-03-05")) and only("05/03/2021").same(only("2021-05-03"))
    assert not only("25/03/2021").same(only("2021-05-25"))


def test_two_dates_in_one_text():
    assert [date.year for date in dates("2021.03.05 - 2024.03.04")] == [2021, 2024]

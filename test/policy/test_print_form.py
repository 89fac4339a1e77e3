import pytest

from glm4v_ros.policy.print_form import Form, alike, bare, distance, same


@pytest.mark.parametrize(
    "first, second",
    [
        ("AC 220V", "AC220V"), ("ＡＢ－１２", "AB-12"), ("36.5℃", "36.5°C"), ("3×380V", "3x380V"), ("（江州）", "(江州)"), ("A–B", "A-B"),
        ("5～10", "5~10"), ("XK-7.", "XK-7"), ("“XK-7”", "XK-7"), ("10μF", "10µF"), ("1,5 kW", "1,5kW"), ("IP 54", "IP54"),
        ("50KW", "50kW"), ("SN：7", "SN:7"),
    ],
)  # fmt: skip
def test_the_same_print(first, second):
    assert same(first, second) and same(second, first) and not alike(first, second)


@pytest.mark.parametrize(
    "first, second",
    [
        ("1852979", "SN11852979"), ("控释", "缓释"), ("AB-12", "AB12"), ("5.0", "50"), ("-5", "5"), ("mA", "MA"), ("A", ""), ("", ""),
        ("12", "1 3"), ("AB12", "BA12"), ("Re", "RE"), ("10-5", "105"),
    ],
)  # fmt: skip
def test_another_print(first, second):
    assert not same(first, second) and not same(second, first)


@pytest.mark.parametrize(
    "first, second", [("22OV", "220V"), ("l0.O.0.7", "10.0.0.7"), ("5OHz", "50Hz"), ("I5kW", "15kW"), ("3.O", "3.0")]
)
def test_a_letter_among_digits_of_a_number(first, second):
    assert same(first, second, numeric=True) and not same(first, second) and alike(first, second)


@pytest.mark.parametrize(
    "first, second", [("OV", "0V"), ("5l", "51"), ("In", "1n"), ("220V", "230V"), ("-20~60", "20~60"), ("20", "2 O1")]
)
def test_a_number_stays_a_number(first, second):
    assert not same(first, second, numeric=True)


@pytest.mark.parametrize(
    "first, second", [("-20~60°C", "-20~60C"), ("100-240V", "100~240V"), ("-20-60℃", "-20~60℃"), ("-20~+60", "-20-+60")]
)
def test_ranges_and_rings(first, second):
    assert same(first, second, numeric=True)


def test_each_character_knows_where_it_stood():
    form = Form.of(" 5 ℃x")
    assert form.text == "5°Cx" and form.origin == (1, 3, 3, 4)


def test_bare_and_distance():
    assert bare(' "XK-7." ') == "XK-7." and bare("《药》") == "药" and bare("a.") == "a"
    assert distance("kitten", "sitting") == 3 and distance("", "ab") == 2 and distance("ab", "ab") == 0

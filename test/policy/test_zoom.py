"""Where to look closer; lines are 40 px high, so that an em is 30."""

import numpy as np
import pytest
from print_lines import line, plate

from glm4v_ros.policy import zoom
from glm4v_ros.policy.verification import Reading
from glm4v_ros.reader.line import Line
from glm4v_ros.vision.frame import Frame
from glm4v_ros.vision.region import Region

WIDTH, HEIGHT = 6000, 4500
PIXELS = zoom.pixels_of(576)


def at(lines, x, y):
    return [
        Line(one.text, _moved(one.quad, x, y), one.confidence, tuple(_moved(place, x, y) for place in one.places))
        for one in lines
    ]


def _moved(quad, x, y):
    return tuple((left + x, top + y) for left, top in quad)


def find(question, *lines, width=WIDTH, height=HEIGHT, pixels=PIXELS):
    place = zoom.find(question, [Reading([one for some in lines for one in some], width, height)])
    return place and place.zoom(pixels)


def covers(region, lines):
    return all(
        region.x <= x <= region.x + region.width and region.y <= y <= region.y + region.height for one in lines for x, y in one.quad
    )


@pytest.mark.parametrize(
    "question, index",
    [("What is the serial number?", 0), ("额定功率是多少？", 1), ("What is the IP address?", 2), ("Who made it?", 2)],
)
def test_the_plate_with_the_asked_label(question, index):
    plates = [
        at(plate("S/N: 4711-22", "MODEL: KX-7"), 500, 600),
        at(plate("额定功率 5.5kW", "频率 50Hz"), 4000, 700),
        at(plate("IP address: 10.0.0.7", "Hartwell Controls Ltd"), 2500, 3600),
    ]
    found = find(question, *plates)
    assert found.image == 0 and covers(found.region, plates[index]) and found.places == 1
    others = [one for number, some in enumerate(plates) if number != index for one in some]
    assert not any(covers(found.region, [one]) for one in others)


def test_the_part_is_seen_larger_and_within_the_tokens():
    lines = at(plate("S/N: 4711-22", "MODEL: KX-7"), 500, 600)
    found = find("serial number?", lines)
    cut = found.cut(Frame(np.zeros((HEIGHT, WIDTH, 3), np.uint8)))
    assert cut.width * cut.height <= PIXELS * 1.01
    seen = (PIXELS / (WIDTH * HEIGHT)) ** 0.5
    assert found.scale >= 1 and 30 * found.scale >= 27 > 30 * seen
    assert min(cut.width, cut.height) >= 200 and max(cut.width, cut.height) <= 3.1 * min(cut.width, cut.height)


def test_small_print_is_enlarged_by_as_much_as_it_lacks():
    small = [Line(one.text, tuple((x / 2, y / 2) for x, y in one.quad), 0.9) for one in plate("S/N: 4711-22")]
    assert find("serial number?", at(small, 900, 900)).scale == pytest.approx(28 / 15)


def test_no_zoom_where_print_is_large_enough_or_nothing_is_gained():
    lines = plate("S/N: 4711-22", "MODEL: KX-7")
    assert find("serial number?", lines, width=800, height=500) is None
    assert find("serial number?", lines, pixels=WIDTH * HEIGHT) is None
    assert not zoom.too_large([Frame(np.zeros((500, 800, 3), np.uint8))], PIXELS)
    assert zoom.too_large([Frame(np.zeros((500, 800, 3), np.uint8)), Frame(np.zeros((1500, 1600, 3), np.uint8))], PIXELS)


def test_no_place_where_nothing_is_printed_or_nothing_fits():
    assert find("serial number?") is None
    assert find("serial number?", plate("DANGER")) is None


@pytest.mark.parametrize(
    "question, row, sure",
    [("serial number?", "S/N: 4711-22", True), ("serial number?", "S/N", False), ("What is the model?", "KX-7", False),
     ("What is the voltage?", "Input: 24 V", True)],
)  # fmt: skip
def test_a_place_is_sure_at_a_label_with_a_value(question, row, sure):
    assert zoom.find(question, [Reading(plate(row), WIDTH, HEIGHT)]).sure == sure


def test_a_value_in_the_row_below_or_far_beside_its_label_is_within():
    below = at(plate("Serial No.", "70418-2263", "Voltage", "400 V"), 3000, 2000)
    assert covers(find("serial number?", below).region, below)
    beside = at([line("序列号"), line("70418-2263", 420)], 3000, 2000)
    assert covers(find("序列号?", beside).region, beside)


def test_of_two_places_the_one_beside_what_the_question_names():
    one = at(plate("PUMP 1", "S/N: 111-22"), 400, 400)
    two = at(plate("PUMP 2", "S/N: 333-44"), 400, 3000)
    found = find("What is the serial number of pump 2?", one, two)
    assert covers(found.region, two) and not covers(found.region, one) and found.places == 2
    assert covers(find("What is the serial number of pump 1?", one, two).region, one)
    chinese = at(plate("水泵", "出厂编号 111-22"), 400, 400), at(plate("风机", "出厂编号 333-44"), 400, 3000)
    assert covers(find("风机的出厂编号是什么？", *chinese).region, chinese[1])


def test_another_plate_in_the_same_row_is_left_out():
    own = at(plate("制造商 宏达电气", "型号 KX-7"), 500, 600)
    other = at(plate("DANGER"), 2500, 600)
    region = find("制造商是什么？", own, other).region
    assert covers(region, own) and not covers(region, other) and region.width < 1200


def test_of_several_pictures_the_one_that_has_it():
    readings = [Reading(plate("MODEL: KX-7"), WIDTH, HEIGHT), Reading(at(plate("S/N: 4711-22"), 100, 100), WIDTH, HEIGHT)]
    found = zoom.find("serial number?", readings).zoom(PIXELS)
    assert found.image == 1 and covers(found.region, readings[1].lines)


def test_the_region_stays_inside_the_picture():
    lines = at(plate("S/N: 4711-22"), WIDTH - 250, HEIGHT - 45)
    region = find("serial number?", lines).region
    assert region.x >= 0 and region.y >= 0 and region.x + region.width <= WIDTH and region.y + region.height <= HEIGHT


def test_an_open_question_looks_at_all_print_if_that_is_near_together():
    lines = at(plate("NORVIK", "PUMPS"), 2000, 2000)
    assert covers(find("What is written on the sign?", lines).region, lines)
    far = at(plate("DANGER"), 0, 0), at(plate("EXIT"), WIDTH - 200, HEIGHT - 50)
    assert find("What is written here?", *far) is None


def test_only_lines_of_the_part_are_read_there():
    lines = plate("S/N: 111-22"), at(plate("S/N: 333-44"), 3000, 2000)
    reading = Reading([one for some in lines for one in some], WIDTH, HEIGHT)
    part = zoom.Zoom(0, Region(2900, 1900, 500, 300), "S/N", 1.0).reading(reading)
    assert [one.text for one in part.lines] == ["S/N: 333-44"] and (part.width, part.height) == (WIDTH, HEIGHT)


def test_a_large_sign_reaches_no_farther_than_the_asked_print():
    plates = at(plate("S/N: 4711-22", "MODEL: KX-7"), 1500, 600)
    sign = [Line(one.text, tuple((4 * x + 400, 4 * y + 560) for x, y in one.quad), 0.9) for one in plate("DANGER")]
    found = find("What is the serial number?", [*plates, *sign])
    assert covers(found.region, plates) and not covers(found.region, sign)

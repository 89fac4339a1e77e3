import random

import pytest

from glm4v_ros.engine.repetition import Repetition


def stops_at(tokens):
    """How many tokens it takes until a circle is seen; None for never."""
    repetition = Repetition()
    return next((count for count, token in enumerate(tokens, 1) if repetition.add(token)), None)


@pytest.mark.parametrize("cycle", [1, 2, 7, 16, 40, 64])
def test_a_circle_is_seen(cycle):
    start = [1000 + i for i in range(20)]
    found = stops_at(start + list(range(cycle)) * 300)
    assert found == len(start) + max(64, 4 * cycle)


@pytest.mark.parametrize("cycle", [65, 100, 200, 400])
def test_a_long_circle_is_seen(cycle):
    found = stops_at(list(range(cycle)) * 20)
    assert cycle + 256 <= found <= cycle + 270


@pytest.mark.parametrize("length", [9, 16, 40, 120])
def test_a_circle_that_counts_on_is_seen(length):
    """A sentence with a number in it that is another one each time."""
    sentence = list(range(length))
    counting = [token if token else 1000 + number for number in range(400) for token in sentence]
    assert stops_at(counting) < 2800


def test_a_list_of_the_same_is_no_circle_yet():
    """Forty lines of ten words of which one counts, as an inspection's."""
    line = list(range(10))
    assert stops_at([token if token else 1000 + number for number in range(40) for token in line]) is None


def test_what_is_no_circle():
    assert stops_at([0] * 16 + [1] * 16 + [2] * 40) is None  # serial numbers have runs
    assert stops_at(list(range(50)) * 3) is None
    drawn = random.Random(0)
    assert stops_at([drawn.randrange(10) for _ in range(5000)]) is None

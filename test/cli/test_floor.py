import pytest

from glm4v_ros.catalog.pair import Pair
from glm4v_ros.cli.floor import Floor, Machine


@pytest.fixture(scope="module")
def pair(nano):
    return Pair.of(nano)


def test_a_machine_is_measured():
    machine = Machine.measured(False, 1)
    assert machine.bytes_per_s > 1e8 and machine.flop_per_s > 1e8


def test_a_token_reads_the_weights_and_what_was_said(pair):
    floor = Floor(pair.text, pair.vision, Machine(1e9, 1e12))
    size = pair.text.weight_bytes
    assert 0.8e9 / size < floor.decode_tokens_per_s(0) < 1.3e9 / size
    assert floor.decode_tokens_per_s(4096) < floor.decode_tokens_per_s(0)
    twice = Floor(pair.text, pair.vision, Machine(2e9, 1e12))
    assert twice.decode_tokens_per_s(0) == pytest.approx(2 * floor.decode_tokens_per_s(0))


def test_a_new_frame_is_encoded_and_read(pair):
    floor = Floor(pair.text, pair.vision, Machine(1e9, 1e12))
    least = 1000 * 2 * pair.text.weight_bytes * 192 / 1e12  # at half a byte a weight and more, twice as many operations at least
    assert least < floor.new_frame_ms(192, 192) < 60 * least
    assert floor.new_frame_ms(384, 384) > 2 * floor.new_frame_ms(192, 192)


def test_shares(pair):
    floor = Floor(pair.text, pair.vision, Machine(1e9, 1e12))
    results = {"image_tokens": 192, "new_frame_ttft_ms": 4 * floor.new_frame_ms(192, 192),
               "decode_tokens_per_s": 0.5 * floor.decode_tokens_per_s(192)}  # fmt: skip
    assert floor.shares(results) == {"new_frame": 0.25, "decode": 0.5}

"""One warm frame on its way, with a KV cache that only says who asked it for what."""

import logging

import pytest
from asking import image_run

from glm4v_ros.engine.chat_template import ChatTemplate
from glm4v_ros.engine.messages import Warm
from glm4v_ros.engine.sequence import Sequence
from glm4v_ros.engine.warm_frame import WarmFrame
from glm4v_ros.errors import EngineFailed
from glm4v_ros.vision.tower import ImageTokens

IMAGE = ImageTokens((image_run(),))


class Frame:
    key = "front"


class Cells:
    """Has ``matched`` cells of any layout already."""

    matched = 0

    def __init__(self):
        self.released = []

    def match(self, layout):
        return None, self.matched

    def allocate(self, layout, extra, base, shared, kept):
        assert kept and extra == 0
        return Sequence(0, layout, base, shared, layout.cells)

    def release(self, sequence):
        self.released.append(sequence)
        sequence.alive = False


@pytest.fixture
def cells():
    return Cells()


@pytest.fixture
def warm(cells):
    source = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}!"
    warm = WarmFrame(ChatTemplate(source, lambda text, special: tuple(map(ord, text))), cells)
    warm.wanted = (Warm((), "be brief", 64), Frame())
    return warm


def test_its_sequence_ends_with_the_image_behind_the_system_prompt(warm):
    assert warm.identity == ("front", 64)
    warm.allocate(IMAGE)
    assert warm.wanted is None and warm.identity is None
    layout = warm.sequence.layout
    assert layout.cells == len("<system>be brief<user>") + 6 and layout.frame_keys == {"front"}


def test_a_frame_that_lies_in_the_kv_cache_needs_no_sequence(warm, cells):
    cells.matched = len("<system>be brief<user>") + 5  # one cell is always left out
    warm.allocate(IMAGE)
    assert warm.sequence is None and warm.wanted is None


def test_a_question_about_it_leaves_its_sequence_alone(warm, cells):
    warm.allocate(IMAGE)
    sequence = warm.sequence
    warm.leave({("front", 0)})
    assert warm.sequence is sequence and not cells.released


@pytest.mark.parametrize("filled, users, released", [(3, 0, True), (3, 1, False), (28, 0, False)])
def test_any_other_question_ends_it_unless_somebody_uses_it_or_it_is_ready(warm, cells, filled, users, released):
    warm.allocate(IMAGE)
    sequence = warm.sequence
    sequence.cells, sequence.users = filled, users
    warm.leave({("rear", 64)})
    assert warm.sequence is None and cells.released == [sequence] * released


def test_a_frame_that_cannot_be_encoded_is_given_up_and_told(warm, caplog):
    with caplog.at_level(logging.WARNING):
        warm.give_up(EngineFailed("no tower"))
    assert warm.wanted is None and "no tower" in caplog.text

"""When the second reader is asked, and what comes of its failures; test_verification.py has what it finds."""

from concurrent.futures import Future

import numpy as np
import pytest
from print_lines import plate

from glm4v_ros.engine.answer import Answer, FinishReason
from glm4v_ros.errors import NotRead
from glm4v_ros.policy.print_check import PrintCheck, required
from glm4v_ros.policy.verification import Verdict, Verification
from glm4v_ros.reader.line import Line
from glm4v_ros.vision.frame import Frame

FRAMES = [Frame(np.full((1000, 2000, 3), level, np.uint8)) for level in (1, 2)]


class Reader:
    """Its futures are the test's to complete, unless it gives a ``result``."""

    def __init__(self, result="late"):
        self.futures, self.result = [], result

    def read(self, frame):
        self.futures.append(Future())
        if isinstance(self.result, NotRead):
            self.futures[-1].set_exception(self.result)
        elif self.result != "late":
            self.futures[-1].set_result(self.result)
        return self.futures[-1]


def test_it_reads_once_and_only_for_print():
    reader = Reader()
    PrintCheck(reader, "Is the lamp on?", FRAMES).begin()
    assert reader.futures == []
    check = PrintCheck(reader, "型号?", FRAMES)
    check.begin()
    check.begin()
    assert len(reader.futures) == 2
    reader.futures[0].set_result(tuple(plate("型号 XK-7")))
    reader.futures[1].set_result(())
    assert check.verification("XK-7").verdict is Verdict.CONFIRMED


@pytest.mark.parametrize(
    "answer, verdict", [("看不到", "NOT_CHECKED"), ("not visible", "NOT_CHECKED"), ("no", "NOT_FOUND")]
)
def test_an_answer_that_quotes_nothing_waits_for_nobody(answer, verdict):
    reader = Reader()
    check = PrintCheck(reader, "型号?", FRAMES)
    check.begin()
    assert check.verification(answer).verdict.name == verdict
    assert all(future.cancelled() for future in reader.futures)


def test_a_reader_that_fails_or_is_late():
    reader = Reader()
    check = PrintCheck(reader, "型号?", FRAMES)
    check.begin()
    reader.futures[0].set_exception(NotRead("install it"))
    found = check.verification("XK-7")
    assert (found.verdict, found.reason) == (Verdict.NOT_CHECKED, "install it") and reader.futures[1].cancelled()
    late = PrintCheck(reader, "型号?", FRAMES)
    assert "not done after 0.01 s" in late.verification("XK-7", timeout=0.01).reason
    assert all(future.cancelled() for future in reader.futures[1:]) and late.seconds > 0
    canceled = PrintCheck(reader, "型号?", FRAMES)
    canceled.begin()
    canceled.cancel()
    assert canceled.verification("XK-7").verdict is Verdict.NOT_CHECKED


def test_required_lets_through_what_is_confirmed_or_abstains_already():
    said = Answer("id", "XK-7", FinishReason.STOP)
    assert required(said, Verification(Verdict.CONFIRMED), "en") is said
    blind = Answer("id", "not visible", FinishReason.STOP, abstained=True)
    assert required(blind, Verification(), "en") is blind
    for verdict in (Verdict.NOT_CHECKED, Verdict.NOT_FOUND, Verdict.CONTRADICTED):
        withheld = required(said, Verification(verdict, reason="why"), "zh")
        assert withheld.abstained and "XK-7" in withheld.text and withheld.request_id == "id"


LARGE = Frame(np.zeros((3000, 4000, 3), np.uint8))


def test_a_large_picture_is_zoomed_and_verified_in_its_own_pixels():
    lines = plate("序列号 4711", "型号 XK-7"), [_moved(one, 2500, 2000) for one in plate("编号牌", "EXIT")]
    check = PrintCheck(Reader(tuple(lines[0] + lines[1])), "序列号是什么?", [LARGE])
    (shown,) = check.zoomed(576)
    assert check.zoom.text == "序列号" and check.zoom_reason == "" and shown.width * shown.height <= 576 * 784
    found = check.verification("4711")
    assert found.verdict is Verdict.CONFIRMED and found.evidence[0].region.x > 100


def _moved(one, x, y):
    return Line(one.text, tuple((left + x, top + y) for left, top in one.quad), one.confidence)


@pytest.mark.parametrize(
    "question, frames, result, reason",
    [
        ("Is the lamp on?", [LARGE], "late", "no print"),
        ("型号?", [Frame(np.zeros((400, 600, 3), np.uint8))], "late", "as large as it is"),
        ("型号?", [LARGE], (), "no print was found"),
        ("型号?", [LARGE], NotRead("install it"), "install it"),
        ("型号?", [LARGE], "late", "not done after 0 s"),
    ],
)
def test_frames_stay_whole_where_there_is_no_zoom(question, frames, result, reason):
    check = PrintCheck(Reader(result), question, frames)
    assert check.zoomed(576, timeout=0.0) == tuple(frames) and check.zoom is None and reason in check.zoom_reason


def test_what_the_model_was_told_verifies_nothing():
    check = PrintCheck(Reader(tuple(plate("型号 XK-7"))), "型号?", FRAMES[:1])
    assert "XK-7" in check.hinted("zh") and check.hint_lines == 1
    assert check.verification("XK-7").verdict is Verdict.NOT_CHECKED
    assert check.verification("XK-7", unhinted="XK-1").verdict is Verdict.NOT_CHECKED
    assert check.verification("XK-7", unhinted="XK-7").verdict is Verdict.CONFIRMED


@pytest.mark.parametrize("result", [(), NotRead("install it")])
def test_a_question_without_hints_is_verified_as_ever(result):
    check = PrintCheck(Reader(result), "型号?", FRAMES[:1])
    assert check.hinted("zh") == "型号?" and check.hint_lines == 0


class Page:
    """A reader that finds the lines of one large picture only in its parts; the frames' first pixel counts them."""

    def __init__(self, lines):
        self.lines, self.read_sizes = lines, []

    def read(self, frame):
        self.read_sizes.append((frame.width, frame.height))
        future = Future()
        x, y = (256 * int(frame.rgb[0, 0, part]) + int(frame.rgb[0, 1, part]) for part in (0, 1))
        inside = [
            _moved(one, -x, -y)
            for one in self.lines
            if x <= one.quad[0][0] < x + frame.width and y <= one.quad[0][1] < y + frame.height and frame.width < 4000
        ]
        future.set_result(tuple(inside))
        return future


@pytest.fixture(scope="module")
def mapped():
    """Each pixel tells where it is, as the one right of it does: x and y in two values."""
    y, x = np.mgrid[:3000, :4000].astype(np.uint16)
    rgb = np.zeros((3000, 4000, 3), np.uint8)
    rgb[::, ::2, 0], rgb[::, 1::2, 0] = x[:, ::2] >> 8, x[:, ::2] & 255
    rgb[::, ::2, 1], rgb[::, 1::2, 1] = y[:, ::2] >> 8, y[:, ::2] & 255
    return Frame(rgb)


def test_print_that_is_not_found_in_the_whole_is_looked_for_in_parts(mapped):
    reader = Page([_moved(one, 3001, 2200) for one in plate("序列号 4711", "型号 XK-7")])
    check = PrintCheck(reader, "序列号是什么?", [mapped])
    check.zoomed(576)
    assert check.zoom.text == "序列号" and check.zoom.region.x < 3001 < check.zoom.region.x + check.zoom.region.width
    assert reader.read_sizes[0] == (4000, 3000) and max(max(size) for size in reader.read_sizes[1:]) <= 1000
    found = check.verification("4711")
    assert found.verdict is Verdict.CONFIRMED and 3000 < found.evidence[0].region.x < 3300


def test_a_place_at_its_label_is_not_looked_for_in_parts():
    reader = Reader(tuple(plate("序列号 4711")))
    check = PrintCheck(reader, "序列号是什么?", [LARGE])
    check.zoomed(576)
    assert check.zoom and len(reader.futures) == 1


def test_a_cancel_ends_the_looking(mapped):
    class Canceling(Page):
        def read(self, frame):
            if len(self.read_sizes) == 3:
                check.cancel()
            return super().read(frame)

    reader = Canceling([])
    check = PrintCheck(reader, "序列号是什么?", [mapped])
    assert check.zoomed(576) == (mapped,) and "cancelled" in check.zoom_reason and len(reader.read_sizes) == 4

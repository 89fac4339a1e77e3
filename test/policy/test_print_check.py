"""When the second reader is asked, and what comes of its failures; test_verification.py has what it finds."""

from concurrent.futures import Future

import numpy as np
import pytest
from print_lines import plate

from glm4v_ros.engine.answer import Answer, FinishReason
from glm4v_ros.errors import NotRead
from glm4v_ros.policy.print_check import PrintCheck, required
from glm4v_ros.policy.verification import Verdict, Verification
from glm4v_ros.vision.frame import Frame

FRAMES = [Frame(np.full((1000, 2000, 3), level, np.uint8)) for level in (1, 2)]


class Reader:
    """Its futures are the test's to complete."""

    def __init__(self):
        self.futures = []

    def read(self, frame):
        self.futures.append(Future())
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

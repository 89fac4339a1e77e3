import pytest

from glm4v_ros.cli.case import Turn
from glm4v_ros.cli.score import Result, by_tag, matches, table
from glm4v_ros.engine.answer import Answer, FinishReason


def result(answer, *accepted, tags=(), latency=1.0, tolerance=None, abstained=False):
    turn = Turn("q", accepted, tags, tolerance)
    return Result(
        turn,
        Answer("id", answer, FinishReason.STOP, abstained=abstained, latency=latency, time_to_first_token=latency / 2),
    )


@pytest.mark.parametrize(
    "answer, accepted, tolerance, right",
    [
        ("H3U-32MR/ES", ["H3U-32MR/ES"], None, True),
        ("h3u-32MR/ES", ["H3U-32MR/ES"], None, False),  # byte for byte
        ("24V ", ["24V"], None, False),
        ("24 V", ["24V", "24 V"], None, True),
        ("3.5 bar", ["3.4 bar"], None, False),
        ("3.5 bar", ["3.4 bar"], 0.1, True),
        ("3.6 bar", ["3.4 bar"], 0.1, False),
        ("3.5 psi", ["3.4 bar"], 0.1, False),
        ("3.5", ["3.4 bar"], 0.1, False),
        ("-3.4 bar", ["3.4 bar"], 0.1, False),
        ("−5 °C", ["-4 °C"], 1, True),
        ("4 of 5", ["4 of 6"], 1, False),  # which number?
        ("看不到", ["3.4 bar"], 0.1, False),
        ("0.3 MPa", ["0.1 MPa"], 0.2, True),
    ],
)
def test_matches(answer, accepted, tolerance, right):
    assert matches(answer, Turn("q", tuple(accepted), (), tolerance)) is right


def test_shares():
    results = [
        result("A", "A", tags=("plate",)),
        result("B", "A", tags=("plate", "night")),
        result("not visible", "A", tags=("plate",), abstained=True),
        result("not visible", "not visible", tags=("absent",), abstained=True),
        result("I cannot see it", "not visible", tags=("absent",), abstained=True),
        result("12345", "看不到", "not visible", tags=("absent",)),
        Result(Turn("q", ("A",), ("plate",)), error="BAD_IMAGE: torn"),
    ]
    scores = by_tag(results)
    assert list(scores) == ["absent", "night", "plate", "all"]
    plate, absent, everything = (scores[name].figures() for name in ("plate", "absent", "all"))
    assert (plate["questions"], plate["exact"], plate["abstained"], plate["errors"]) == (4, 0.25, 0.25, 1)
    assert plate["invented"] is None and plate["unanswerable"] == 0
    assert (absent["exact"], absent["abstained"], absent["invented"]) == (1 / 3, 2 / 3, 1 / 3)
    assert everything["questions"] == 7 and everything["exact"] == 2 / 7


def test_percentiles():
    figures = by_tag([result("A", "A", latency=float(n)) for n in range(1, 101)])["all"].figures()
    assert figures["latency_s"] == {"p50": 50, "p90": 90, "p99": 99}
    assert figures["first_token_s"] == {"p50": 25, "p90": 45, "p99": 49.5}
    assert by_tag([Result(Turn("q", ("A",)), error="x")])["all"].figures()["latency_s"]["p50"] is None


def test_table():
    lines = table(
        by_tag([result("A", "A", tags=("plate",), latency=0.25), result("1", "看不到", tags=("absent",))])
    ).splitlines()
    assert [line.split() for line in lines] == [
        "tag questions exact abstained invented p50 s p90 s p99 s errors".split(),
        "absent 1 0.0% 0.0% 100.0% 1.00 1.00 1.00 0".split(),
        "plate 1 100.0% 0.0% - 0.25 0.25 0.25 0".split(),
        "all 2 50.0% 0.0% 100.0% 0.25 1.00 1.00 0".split(),
    ]
    assert len({len(line) for line in lines}) == 1

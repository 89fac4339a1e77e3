import json

import pytest

from glm4v_ros.cli import case
from glm4v_ros.errors import BadRequest


@pytest.fixture
def write(tmp_path):
    """Writes lines to a file beside a.png, b.png and c.png; its path."""
    for name in "abc":
        (tmp_path / f"{name}.png").touch()

    def write(*lines):
        path = tmp_path / "cases.jsonl"
        path.write_text(
            "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines), encoding="utf-8"
        )
        return str(path)

    return write


def test_a_line_with_everything(write, tmp_path):
    (one,) = case.read(write({"image": ["a.png", "b.png"], "question": "压力?", "answer": ["3.4 bar", "3.4bar"],
                              "tags": ["gauge", "night"], "tolerance": 0.2, "choices": ["x", "y"]}))  # fmt: skip
    assert one.pictures == (tmp_path / "a.png", tmp_path / "b.png") and one.number == 1 and one.skill == "gauge"
    assert one.turns == (case.Turn("压力?", ("3.4 bar", "3.4bar"), ("gauge", "night"), 0.2, ("x", "y")),)


def test_turns_inherit_tags_and_tolerance(write):
    turns = [
        {"question": "q1", "answer": "a1"},
        {"question": "q2", "answer": "a2", "tags": ["date", "pills"], "tolerance": 0},
    ]
    (one,) = case.read(write({"image": "a.png", "tags": ["pills"], "tolerance": 1, "turns": turns}))
    assert one.turns == (case.Turn("q1", ("a1",), ("pills",), 1), case.Turn("q2", ("a2",), ("pills", "date"), 0))


def test_pictures_beside_the_file_come_before_those_of_the_current_directory(write, tmp_path, monkeypatch):
    path = write(
        {"image": "a.png", "question": "q", "answer": "x"}, {"image": "here.png", "question": "q", "answer": "x"}
    )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.png").touch()
    (elsewhere / "here.png").touch()
    monkeypatch.chdir(elsewhere)
    assert [str(one.pictures[0]) for one in case.read(path)] == [str(tmp_path / "a.png"), "here.png"]


GOOD = {"image": "a.png", "question": "q", "answer": "x"}


@pytest.mark.parametrize(
    "line, reason",
    [
        ("{", "line 2 is not JSON"),
        ("[]", "line 2 is not a JSON object"),
        ("", "line 2 is not JSON"),
        ({**GOOD, "image": "z.png"}, "no picture"),
        ({**GOOD, "image": None}, "'image' is missing"),
        ({**GOOD, "question": " "}, "'question'"),
        ({**GOOD, "question": 5}, "'question'"),
        ({**GOOD, "answer": []}, "'answer' is missing"),
        ({**GOOD, "answer": [1]}, "'answer' should be"),
        ({**GOOD, "tolerance": -1}, "'tolerance'"),
        ({**GOOD, "tolerance": True}, "'tolerance'"),
        ('{"image": "a.png", "question": "q", "answer": "x", "tolerance": NaN}', "'tolerance'"),
        ('{"image": "a.png", "question": "\\ud800", "answer": "x"}', "not valid Unicode"),
        ({"image": "a.png", "turns": ["q"]}, "'turns'"),
        ({"image": "a.png", "turns": [{"question": "q"}]}, "'answer' is missing"),
        ({**GOOD, "tags": "a b", "choices": {"a": 1}}, "'choices'"),
    ],
)
def test_a_mistake_is_named_with_its_line(write, line, reason):
    path = write(GOOD, line)
    with pytest.raises(BadRequest) as error:
        case.read(path)
    assert reason in str(error.value) and "line 2" in str(error.value) and path in str(error.value)


def test_no_file_and_no_lines(write, tmp_path):
    with pytest.raises(BadRequest, match="No such file"):
        case.read(str(tmp_path / "none.jsonl"))
    with pytest.raises(BadRequest, match="has no lines"):
        case.read(write())


def test_swapped_pictures_stay_within_the_skill(write):
    lines = [{**GOOD, "image": f"{name}.png", "tags": [tag]} for name in "abc" for tag in ("plate", "gauge")]
    cases = case.read(write(*lines, {**GOOD, "tags": ["alone"]}))
    other = case.swapped(cases)
    assert [one.turns for one in other] == [one.turns for one in cases]
    assert all(one.pictures != before.pictures for one, before in zip(other, cases))
    for skill in ("plate", "gauge"):
        assert len({one.pictures for one in other if one.skill == skill}) == 3
    assert case.swapped(cases) == other  # the same every time


def test_nothing_to_swap(write):
    with pytest.raises(BadRequest, match="two different"):
        case.swapped(case.read(write(GOOD, GOOD)))

"""What `glm4v eval` does around the engine; test_real_model.py has the engine itself."""

import json

import numpy as np
import pytest
from PIL import Image

from glm4v_ros.errors import ContextFull


@pytest.fixture
def plates(tmp_path):
    """Twelve cases: picture n has the grey level n, and the answer is n."""
    lines = []
    for n in range(12):
        Image.fromarray(np.full((30, 40, 3), n, np.uint8)).save(tmp_path / f"{n}.png")
        lines.append(
            {"image": f"{n}.png", "question": "level?", "answer": str(n), "tags": ["level", "odd" if n % 2 else "even"]}
        )
    path = tmp_path / "plates.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def reads(question, frames):
    """A model that reads: it sees the grey level."""
    return [str(frames[0].rgb[0, 0, 0])]


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_model_that_reads(glm4v, scripted, plates, jobs):
    engine = scripted(reads)
    code, out, err = glm4v("eval", plates, "--jobs", jobs)
    rows = {line.split()[0]: line.split() for line in out.splitlines()}
    assert (code, err) == (0, "") and list(rows) == ["tag", "even", "level", "odd", "all"]
    assert rows["all"][1:3] == ["12", "100.0%"] and rows["odd"][1:3] == ["6", "100.0%"]
    assert len(engine.configs) == engine.closed == jobs and engine.most_in_work <= jobs


def test_swapped_pictures_show_who_does_not_look(glm4v, scripted, plates):
    scripted(reads)
    score = json.loads(glm4v("eval", plates, "--shuffle", "--json")[1])
    assert score["shuffled"] is True and score["all"]["exact"] == 0 and score["tags"]["level"]["questions"] == 12
    scripted(lambda question, frames: ["7"])
    assert [json.loads(glm4v("eval", plates, "--json", *more)[1])["all"]["exact"] for more in ((), ("--shuffle",))] == [
        1 / 12
    ] * 2


def test_answers_are_written_in_the_file_s_order(glm4v, scripted, plates, tmp_path):
    scripted(reads)
    assert glm4v("eval", plates, "--answers", tmp_path / "answers.jsonl", "--jobs", 4)[0] == 0
    lines = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    assert [line["answer"] for line in lines] == [str(n) for n in range(12)]
    assert lines[3]["right"] is True and lines[3]["expected"] == ["3"] and lines[3]["line"] == 4
    assert glm4v("eval", plates, "--answers", tmp_path / "no" / "such")[0] == 2


def test_limit_is_spread_over_the_file(glm4v, scripted, plates):
    engine = scripted(reads)
    assert glm4v("eval", plates, "--limit", 3)[0] == 0
    assert [int(frames[0].rgb[0, 0, 0]) for _, frames in engine.asked] == [0, 4, 8]


def test_a_conversation_is_one_session_and_shows_its_picture_once(glm4v, scripted, plates, tmp_path):
    turns = [{"question": f"q{n}", "answer": f"q{n}"} for n in range(3)]
    path = tmp_path / "turns.jsonl"
    path.write_text("".join(json.dumps({"image": "1.png", "turns": turns, "tags": ["talk"]}) + "\n" for _ in range(2)))
    engine = scripted(lambda question, frames: [question.text])
    score = json.loads(glm4v("eval", path, "--json")[1])
    assert score["tags"]["talk"]["questions"] == 6 and score["all"]["exact"] == 1
    assert [len(frames) for _, frames in engine.asked] == [1, 0, 0, 1, 0, 0]
    sessions = [question.session_id for question, _ in engine.asked]
    assert sessions[0] == sessions[1] == sessions[2] != sessions[3] and engine.resets == [sessions[0], sessions[3]]


def test_a_question_without_an_answer_is_wrong_and_gives_1(glm4v, scripted, plates, tmp_path):
    def script(question, frames):
        level = frames[0].rgb[0, 0, 0]
        return [ContextFull("too long")] if level == 5 else [str(level)]

    scripted(script)
    (tmp_path / "7.png").write_bytes(b"torn")
    code, out, _ = glm4v("eval", plates, "--json")
    figures = json.loads(out)["all"]
    assert code == 1 and figures["errors"] == 2 and figures["exact"] == 10 / 12


def test_a_bad_file_is_refused_before_the_model_is_loaded(glm4v, scripted, plates):
    engine = scripted(reads)
    plates.write_text(plates.read_text() + "{}\n")
    code, out, err = glm4v("eval", plates)
    assert (code, out) == (2, "") and "line 13" in err and engine.configs == []

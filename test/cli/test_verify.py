"""`glm4v ask --verify` and `glm4v eval --verify` around a scripted engine and a scripted second reader."""

import json
from concurrent.futures import Future

import numpy as np
import pytest
from PIL import Image

from glm4v_ros.cli import verified
from glm4v_ros.errors import NotRead
from glm4v_ros.reader.line import Line


class ScriptedReader:
    """Reads the given lines, (text, x, y, width, height) each, in every picture."""

    def __init__(self):
        self.lines = []
        self.failure = None
        self.asked = []
        self.missing = ""
        self.on_read = lambda: None

    def read(self, frame):
        self.on_read()
        self.asked.append(frame)
        future = Future()
        if self.failure:
            future.set_exception(self.failure)
        else:
            future.set_result(tuple(
                Line(text, ((x, y), (x + width, y), (x + width, y + height), (x, y + height)), 0.95)
                for text, x, y, width, height in self.lines
            ))  # fmt: skip
        return future

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


@pytest.fixture
def reader(monkeypatch):
    one = ScriptedReader()
    monkeypatch.setattr(verified, "reader", lambda threads: one)
    return one


def ask(glm4v, *words):
    code, out, err = glm4v("ask", *words, "--json")
    assert code == 0, err
    return json.loads(out)


def test_confirmed_with_its_place(glm4v, scripted, reader, picture):
    scripted(lambda question, frames: ["XK", "-7"])
    reader.lines = [("型号", 2, 4, 10, 5), ("XK-7", 14, 4, 12, 5)]
    line = ask(glm4v, picture, "型号是什么?", "--verify", "auto")
    assert line["answer"] == "XK-7" and line["verification"] == "confirmed" and line["verification_confidence"] == 0.95
    assert line["evidence"] == [{"text": "XK-7", "image": 0, "region": [14, 4, 12, 5]}]


def test_regions_are_those_of_the_stored_file(glm4v, scripted, reader, tmp_path):
    path, exif = tmp_path / "turned.jpg", Image.Exif()
    exif[0x0112] = 6  # the stored picture is turned a quarter clockwise to be shown
    Image.fromarray(np.zeros((30, 40, 3), np.uint8)).save(path, exif=exif)
    scripted(lambda question, frames: ["XK-7"])
    reader.lines = [("XK-7", 3, 4, 12, 5)]
    line = ask(glm4v, path, "What does it say?", "--verify", "auto", "--roi", "5,10,25,20")
    assert [(frame.width, frame.height) for frame in reader.asked] == [(20, 25)]
    assert line["evidence"][0]["region"] == [9, 15, 5, 12]


def test_regions_are_those_of_the_file_when_a_small_picture_was_made_larger(glm4v, scripted, reader, picture):
    sharp = np.full((30, 40, 3), 230, np.uint8)
    sharp[10:20, 14:26:3] = 20
    Image.fromarray(sharp).save(picture)
    scripted(lambda question, frames: ["XK-7"])
    reader.lines = [("XK-7", 42, 12, 36, 15)]
    line = ask(glm4v, picture, "What does it say?", "--verify", "auto", "--enhance", "auto")
    assert [(frame.width, frame.height) for frame in reader.asked] == [(120, 90)]
    assert line["evidence"][0]["region"] == [14, 4, 12, 5]


def test_without_the_option_nothing_is_read_and_nothing_told(glm4v, scripted, reader, picture):
    scripted(lambda question, frames: ["XK-7"])
    assert "verification" not in ask(glm4v, picture, "型号是什么?") and reader.asked == []


@pytest.mark.parametrize(
    "question, answer",
    [("红灯亮着吗？", "是"), ("How many lamps are lit?", "3"), ("What is the gauge's reading?", "3 bar")],
)
def test_where_no_print_is_asked_for_nothing_is_read(glm4v, scripted, reader, picture, question, answer):
    scripted(lambda asked, frames: [answer])
    line = ask(glm4v, picture, question, "--verify", "auto")
    assert line["verification"] == "not_checked" and line["evidence"] == [] and reader.asked == []


@pytest.mark.parametrize("gpu", (False, True))
def test_on_a_cpu_the_reader_begins_after_the_first_word(glm4v, scripted, reader, picture, gpu):
    order = []

    def script(question, frames):
        order.append("asked")
        yield "XK"
        order.append("more")
        yield "-7"

    reader.lines, reader.on_read = [("XK-7", 0, 0, 12, 5)], lambda: order.append("read")
    scripted(script).gpu = gpu
    assert ask(glm4v, picture, "型号是什么?", "--verify", "auto")["verification"] == "confirmed"
    assert order == (["read", "asked", "more"] if gpu else ["asked", "read", "more"])


def test_the_answer_comes_when_the_reader_cannot(glm4v, scripted, reader, picture):
    scripted(lambda question, frames: ["XK-7"])
    reader.failure = NotRead("the second reader is not installed: pip install it")
    line = ask(glm4v, picture, "型号是什么?", "--verify", "auto")
    assert line["answer"] == "XK-7" and line["verification"] == "not_checked"
    assert "pip install it" in line["verification_reason"]
    code, out, err = glm4v("ask", picture, "型号是什么?", "--verify", "auto")
    assert (code, out) == (0, "XK-7\n") and err.startswith("glm4v: not checked: ") and "pip install it" in err


@pytest.mark.parametrize(
    "question, lines, said",
    [
        ("型号是什么?", [("型号XK-8", 0, 0, 40, 5)], "我不能确定。我读到的是：XK-7。第二个识别器读到的是：XK-8。"),
        ("型号是什么?", [], "我不能确定。我读到的是：XK-7。第二个识别器没有找到它。"),
        (
            "What model is it?",
            [("Model: XK-8", 0, 0, 40, 5)],
            "I am not certain. I read: XK-7. The second reader read: XK-8.",
        ),
        ("What model is it?", [("XK-7", 0, 0, 40, 5)], "XK-7"),
    ],
)
def test_required_withholds_what_is_not_confirmed(glm4v, scripted, reader, picture, question, lines, said):
    scripted(lambda asked, frames: ["XK", "-7"])
    reader.lines = lines
    line = ask(glm4v, picture, question, "--verify", "required")
    assert line["answer"] == said and line["abstained"] is (said != "XK-7")
    assert glm4v("ask", picture, question, "--verify", "required")[1] == said + "\n"  # not a word of it before


def test_required_without_a_reader(glm4v, scripted, reader, picture):
    scripted(lambda question, frames: ["XK-7"])
    reader.failure = NotRead("it is not installed: pip install it.")
    line = ask(glm4v, picture, "Which model is it?", "--verify", "required")
    assert line["abstained"] and line["answer"].endswith(
        "It could not be checked: it is not installed: pip install it."
    )


def test_batch(glm4v, scripted, reader, picture, tmp_path):
    questions = ["型号是什么?", "Is it on?", "编号?"]
    path = tmp_path / "batch.jsonl"
    path.write_text("".join(json.dumps({"image": picture.name, "question": one}) + "\n" for one in questions) + "{}\n")
    scripted(lambda question, frames: ["yes" if "on" in question.text else "XK-7"])
    reader.lines = [("型号", 2, 4, 10, 5), ("XK-7", 14, 4, 12, 5), ("编号", 2, 20, 10, 5), ("99", 14, 20, 10, 5)]
    code, out, _ = glm4v("ask", "--batch", path, "--verify", "auto", "--jobs", 2)
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 1 and [line.get("verification") for line in lines] == [
        "confirmed",
        "not_checked",
        "contradicted",
        None,
    ]
    assert lines[2]["evidence"] == [{"text": "99", "image": 0, "region": [14, 20, 10, 5]}] and lines[3]["error"]


def test_annotate(glm4v, scripted, reader, tmp_path):
    path, drawn = tmp_path / "plate.png", tmp_path / "drawn.png"
    Image.new("RGB", (400, 300), "white").save(path)
    scripted(lambda question, frames: ["XK-7"])
    reader.lines = [("XK-7", 100, 40, 80, 30)]
    assert glm4v("ask", path, "型号是什么?", "--annotate", drawn)[:2] == (0, "XK-7\n")
    pixels = np.asarray(Image.open(drawn)).astype(int)
    green = (pixels[..., 1] > 100) & (pixels[..., 0] < 100)
    rows, columns = np.nonzero(green)
    assert (rows.min(), columns.min()) < (40, 100) and rows.max() > 70 and columns.max() > 180
    assert not green[45:65, 105:175].any()  # the print itself stays readable
    assert glm4v("ask", path, "型号是什么?", "--annotate", tmp_path / "no" / "such.png")[0] == 2
    assert glm4v("ask", path, path, "型号?", "--annotate", drawn)[0] == 0
    assert (tmp_path / "drawn-1.png").is_file() and (tmp_path / "drawn-2.png").is_file()


CASES = [  # question, right answer, the model's answer, what is printed
    ("Model?", "XK-7", "XK-7", "Model: XK-7"),
    ("Model?", "XK-7", "XK-8", "Model: XK-7"),
    ("Model?", "XK-7", "XK-8", "Model: XK-8"),  # both readers are wrong: silent
    ("Model?", "XK 7", "XK7", "Model: XK 7"),  # a blank is no wrong print
    ("Temperature range?", "0~40 °C", "0-40℃", "TEMP 0-40 °C"),  # nor is the stroke of a range
    ("Model?", "XK-7", "not visible", "Model: XK-7"),
    ("How many lamps?", "3", "4", ""),  # wrong, and no print: silent
    ("Is it on?", "yes", "yes", ""),
]


def test_eval_counts_silent_errors(glm4v, scripted, reader, tmp_path):
    file = tmp_path / "cases.jsonl"
    answers, prints = {}, {}
    with file.open("w") as lines:
        for number, (question, right, said, printed) in enumerate(CASES):
            Image.fromarray(np.full((30, 200, 3), number, np.uint8)).save(tmp_path / f"{number}.png")
            answers[number], prints[number] = said, printed
            case = {
                "image": f"{number}.png",
                "question": question,
                "answer": right,
                "tags": ["k"],
                "region": [100, 5, 80, 20],
            }
            lines.write(json.dumps(case) + "\n")
    scripted(lambda question, frames: [answers[int(frames[0].rgb[0, 0, 0])]])
    read = reader.read

    def by_picture(frame):
        reader.lines = [(prints[int(frame.rgb[0, 0, 0])], 100, 5, 80, 20)]
        return read(frame)

    reader.read = by_picture
    said = tmp_path / "said.jsonl"
    code, out, _ = glm4v("eval", file, "--json", "--verify", "--answers", said)
    figures = json.loads(out)["tags"]["k"]["verified"]
    assert code == 0 and (figures["right"], figures["right_confirmed"], figures["right_contradicted"]) == (3, 1, 0)
    assert (figures["wrong"], figures["wrong_confirmed"], figures["wrong_unmarked"]) == (2, 0.5, 0.5)
    assert figures["silent"] == 2 and figures["regions"] == 4 and figures["regions_right"] == 1
    assert [json.loads(line)["verification"] for line in said.read_text().splitlines()] == [
        "confirmed", "contradicted", "confirmed", "confirmed", "confirmed", "not_checked", "not_checked", "not_checked"
    ]  # fmt: skip
    placed = [json.loads(line).get("region_right") for line in said.read_text().splitlines()]
    assert placed.count(True) == 4 and placed.count(None) == 4
    table = glm4v("eval", file, "--verify")[1].splitlines()
    assert "silent" in table[0] and len({len(line) for line in table}) == 1
    assert "silent" not in glm4v("eval", file)[1]


def test_eval_without_a_reader_ends_at_once(glm4v, scripted, reader, tmp_path, picture):
    engine = scripted(lambda question, frames: ["x"])
    reader.missing = "it is not installed: pip install it"
    (tmp_path / "cases.jsonl").write_text(json.dumps({"image": picture.name, "question": "q", "answer": "a"}))
    code, _, err = glm4v("eval", tmp_path / "cases.jsonl", "--verify")
    assert code == 2 and "pip install it" in err and engine.asked == []


def test_a_region_that_is_none(glm4v, scripted, tmp_path, picture):
    scripted(lambda question, frames: ["x"])
    case = {"image": picture.name, "question": "q", "answer": "a", "region": [1, 2, 3]}
    (tmp_path / "cases.jsonl").write_text(json.dumps(case))
    code, _, err = glm4v("eval", tmp_path / "cases.jsonl")
    assert code == 2 and "'region'" in err


@pytest.fixture
def large(tmp_path):
    path = tmp_path / "large.png"
    Image.fromarray(np.zeros((3000, 4000, 3), np.uint8)).save(path)
    return path


def test_zoom_shows_the_model_the_part_and_tells_where_it_is(glm4v, scripted, reader, large):
    shown = []
    scripted(lambda question, frames: shown.extend(frames) or ["XK-7"])
    reader.lines = [("型号", 2000, 1000, 60, 24), ("XK-7", 2080, 1000, 80, 24)]
    line = ask(glm4v, large, "型号是什么?", "--zoom", "auto", "--verify", "auto")
    x, y, width, height = line["zoom"]["region"]
    assert x < 2000 and y < 1000 and x + width > 2160 and y + height > 1024 and width < 600 and height < 600
    assert [(frame.width, frame.height) != (4000, 3000) for frame in shown] == [True]
    assert line["zoom"]["text"] == "型号" and line["verification"] == "confirmed"
    assert line["evidence"][0]["region"] == [2080, 1000, 80, 24]
    code, out, err = glm4v("ask", large, "型号是什么?", "--zoom", "auto")
    assert code == 0 and out == "XK-7\n" and f"{width}x{height} pixels at ({x}, {y})" in err


def test_zoom_in_a_picture_that_is_cut_and_turned(glm4v, scripted, reader, tmp_path):
    path, exif = tmp_path / "turned.jpg", Image.Exif()
    exif[0x0112] = 6  # the stored picture is turned a quarter clockwise to be shown
    Image.fromarray(np.zeros((3000, 4000, 3), np.uint8)).save(path, exif=exif)
    scripted(lambda question, frames: ["XK-7"])
    reader.lines = [("型号", 500, 1000, 60, 24), ("XK-7", 580, 1000, 80, 24)]
    line = ask(glm4v, path, "型号是什么?", "--zoom", "auto", "--verify", "auto", "--roi", "300,200,3000,2500")
    x, y, width, height = line["zoom"]["region"]
    ex, ey, ewidth, eheight = line["evidence"][0]["region"]
    assert (ex, ey, ewidth, eheight) == (1300, 2040, 24, 80)
    assert x < ex and y < ey and x + width > ex + ewidth and y + height > ey + eheight


def test_without_a_place_the_whole_picture_is_asked_about_and_it_says_why(glm4v, scripted, reader, large):
    shown = []
    scripted(lambda question, frames: shown.extend(frames) or ["XK-7"])
    line = ask(glm4v, large, "型号是什么?", "--zoom", "auto")
    assert line["zoom"] is None and "no print was found" in line["zoom_reason"] and shown[0].width == 4000
    assert "verification" not in line


def test_hints_are_told_and_only_an_answer_without_them_is_verified(glm4v, scripted, reader, picture):
    texts = []
    said = {True: "XK-7", False: "XK-1"}
    scripted(lambda question, frames: texts.append(question.text) or [said["> 型号" in question.text]])
    reader.lines = [("型号", 2, 4, 10, 5), ("XK-7", 14, 4, 12, 5)]
    line = ask(glm4v, picture, "型号是什么?", "--hints", "lines", "--verify", "auto")
    assert line["answer"] == "XK-7" and line["hint_lines"] == 1 and line["verification"] == "not_checked" and len(texts) == 2
    said[False] = "XK-7"
    assert ask(glm4v, picture, "型号是什么?", "--hints", "lines", "--verify", "auto")["verification"] == "confirmed"
    assert "verification" not in ask(glm4v, picture, "型号是什么?", "--hints", "lines")
    code, _, err = glm4v("ask", picture, "型号是什么?", "--hints", "lines", "--verify", "required")
    assert code and "set hints to off" in err


def test_eval_zooms_and_hints(glm4v, scripted, reader, large, tmp_path):
    questions = tmp_path / "cases.jsonl"
    questions.write_text(json.dumps({"image": str(large), "question": "型号是什么?", "answer": "XK-7"}) + "\n")
    texts = []
    scripted(lambda question, frames: texts.append(question.text) or ["XK-7" if frames[0].width < 4000 else "?"])
    reader.lines = [("型号", 2000, 1000, 60, 24), ("XK-7", 2080, 1000, 80, 24)]
    code, out, err = glm4v("eval", questions, "--json", "--zoom", "auto", "--answers", tmp_path / "answers")
    assert code == 0 and json.loads(out)["all"]["exact"] == 1 and json.loads(out)["all"]["zoomed"] == 1
    assert json.loads((tmp_path / "answers").read_text())["zoom"][2] < 600
    code, out, err = glm4v("eval", questions, "--json", "--hints", "lines", "--verify")
    assert code == 0 and json.loads(out)["all"]["exact"] == 0
    assert [text.count("> 型号") for text in texts] == [0, 0, 1]  # zoomed; then without and with hints

"""The second hand. Needs ``python -m training.fonts`` once, and Skia."""

import re

import numpy as np
import pytest

from training.pictures import vector
from training.pictures.drawing import ADDED, draw
from training.pictures.marks import CELLS, MARKS, number
from training.pictures.nameplate_rows import Row
from training.pictures.questions import converse
from training.pictures.splits import FACES
from training.pictures.vector import plate, sheet, table

PRINTED = ("nameplate", "pillbox", "label", "table", "invoice", "diagram")


def drawn(skill, count=12, size=(560, 420), split="train"):
    """Clean pictures of the second hand: the sheet, its picture and what can be asked."""
    found = 0
    for seed in range(10 * count):
        paper = vector.Sheet(np.random.default_rng(seed), size, split, 1.0)
        try:
            topics = vector.PAINTERS[skill](paper)
        except vector.NoRoom:
            continue
        yield paper, paper.finish(), topics
        found += 1
        if found == count:
            return
    raise AssertionError(f"only {found} of {count} pictures of {skill} had room")


@pytest.mark.parametrize("skill", PRINTED)
def test_a_centre_lies_on_its_characters_ink(skill):
    seen = clear = 0
    for paper, (image, characters, centres), _ in drawn(skill):
        reach = max(5, int(0.4 * paper.em))
        for x, y in centres.astype(int):
            window = image[max(0, y - reach) : y + reach, max(0, x - reach) : x + reach].astype(int).mean(-1)
            clear += np.ptp(window) > 40
            seen += 1
    assert seen > 200 and clear > 0.97 * seen


def test_a_table_s_characters_know_their_row_and_column():
    for paper, (_, characters, centres), _ in drawn("table"):
        texts: dict[tuple[int, int], str] = {}
        for character, cell in zip(characters, paper.cells):
            texts[tuple(cell)] = texts.get(tuple(cell), "") + character
        beside = texts.pop((0, 0), "")  # a title, a spreadsheet's letters and numbers
        rows, columns = (sorted({cell[axis] for cell in texts}) for axis in (0, 1))
        assert rows == [*range(1, len(rows) + 1)] and columns == [*range(1, len(columns) + 1)]
        assert len(rows) < CELLS[0] and len(columns) < CELLS[1]
        printed = [text.replace(" ", "") for *_, text in paper.printed]
        assert all(text in printed for text in texts.values()) and len(beside) + sum(map(len, texts.values())) == len(characters)
        for axis, places in enumerate((rows, columns)):  # rows lie below each other, columns beside each other
            middles = [centres[paper.cells[:, axis] == place][:, 1 - axis].mean() for place in places]
            assert middles == sorted(middles)


@pytest.mark.parametrize("skill", ("nameplate", "pillbox", "label", "table"))  # the others have tests of their own
def test_what_is_read_is_printed(skill):
    read = 0
    for paper, (_, characters, _), topics in drawn(skill):
        for topic in topics:
            if (
                topic.tag in ("nameplate", "label", "table")
                and topic.field not in ("sum", "selected")
                or topic.field == "drug"
            ):
                answer = topic.ask("zh", False)[1].removeprefix("这是").removesuffix("。")
                assert answer.replace(" ", "") in characters
                read += 1
    assert read >= 12


def test_a_makers_name_alone_is_often_the_last_line_in_training():
    rows = [Row("model", "Model", "X-12"), Row("manufacturer", "", "Acme Pumps"), Row("weight", "Weight", "3 kg")]
    last = {"train": 0, "test": 0}
    for split in last:
        for seed in range(40):
            paper = vector.Sheet(np.random.default_rng(seed), (640, 480), split, 0.3)
            printed = plate.place(paper, rows, "", {}, lambda shown: shown)
            assert printed["manufacturer"] == "Acme Pumps"
            last[split] += max(paper.printed)[3] == "Acme Pumps"
    assert 15 < last["train"] < 35 and last["test"] < 8


def test_a_lamps_mark_says_what_the_answers_say():
    asked = written = 0
    for _, (_, characters, _), topics in drawn("lamp", 60):
        marks = [MARKS[number(c)] for c in characters if number(c) is not None]
        for topic in topics:
            if topic.field == "lit":
                assert topic.ask("en", False)[1] == str(sum(lit for _, _, lit in marks))
                asked += 1
            elif topic.field == "written":
                assert topic.ask("en", False)[1].replace(" ", "") in characters
                written += 1
    assert asked == 60 and written > 10


def test_what_is_asked_of_a_table_is_what_its_cells_say():
    heads, names = ["电压", "Stock"], ["甲乙", "Kaisu", "H3"]
    cells = [["3.5", "120"], ["40", "7"], ["12.25", "99"]]
    column = lambda question: 0 if heads[0] in question else 1  # noqa: E731
    sums = {round(float(a[j]) + float(b[j]), 3) for j in (0, 1) for a in cells for b in cells if a is not b}
    asked = set()
    for seed in range(60):
        on_screen = seed % 2 == 0  # a spreadsheet, whose first row is that of the heads
        for topic in table.topics(np.random.default_rng(seed), "train", heads, names, cells, on_screen, (2, 1)):
            question, answer = topic.ask("en", False)
            assert on_screen or topic.field not in ("address",)
            if topic.field in ("largest", "smallest", "who"):
                numbers = [float(row[column(question)]) for row in cells]
                best = numbers.index((min if topic.field == "smallest" else max)(numbers))
                assert answer == (names[best] if topic.field == "who" else cells[best][column(question)])
            elif topic.field == "cell":
                row = next(i for i, name in enumerate(names) if name in question)
                assert answer == cells[row][column(question)]
            elif topic.field == "place":
                i, j = (int(re.search(rf"(?i){word} (\d+)", question)[1]) for word in ("row", "column"))
                assert answer == cells[i - 1 - on_screen][j - 2]
            elif topic.field == "address":
                column_letter, row_number = re.search(r"([A-J])(\d)", question).groups()
                assert answer == cells[int(row_number) - 2]["BC".index(column_letter)]
            elif topic.field.endswith("by number"):
                numbers = [float(row[int(re.search(r"\d", question)[0]) - 2]) for row in cells]
                assert float(answer) == (max if topic.field.startswith("largest") else min)(numbers)
            elif topic.field == "sum":
                assert float(answer) in sums
            elif topic.field == "selected":
                assert answer == "B3"
            elif topic.field == "more":
                first, second = sorted((name for name in names if name in question), key=question.index)
                of = [float(cells[names.index(name)][column(question)]) for name in (first, second)]
                assert answer == ("yes" if of[0] > of[1] else "no")
            asked.add(topic.field)
    assert {"largest", "smallest", "who", "cell", "place", "more", "sum", "address", "selected"} <= asked
    assert {"largest by number", "smallest by number"} <= asked


def test_sums_are_printed_as_their_parts_are():
    assert [table.added(*pair) for pair in (("3.5", "40"), ("0.05", "0.1"), ("12", "9"), ("99.9", "0.10"))] == [
        "43.5",
        "0.15",
        "21",
        "100.00",
    ]


def test_faces_of_the_test_are_not_trained_on():
    held_out = {name for split in ("test", "browser") for name in FACES["latin", split]} | set(FACES["chinese", "test"])
    assert not held_out & (set(sheet.LATIN["train"]) | set(sheet.CHINESE["train"]))


@pytest.mark.parametrize("skill", (*vector.PAINTERS,))
def test_an_enlarged_picture_keeps_its_centres(skill):
    inside = 0
    for seed in range(6):
        picture = draw(np.random.default_rng(seed), skill, (784, 560), "train", 1.0, 0.0, enlarge=1.7)
        assert picture.image.shape == (560, 784, 3)
        assert ((picture.centres >= 0) & (picture.centres <= (784, 560))).all()
        inside += len(picture.centres)
    assert inside > 10


def test_skills_of_the_second_hand_alone_are_left_out_of_older_skills_in_the_test():
    for skill in ("absent", "yesno", "followup"):
        for seed in range(40):
            turns = draw(np.random.default_rng(seed), skill, (448, 336), "test", 1.0).turns
            assert not {turn.tag for turn in turns} & set(ADDED)


def test_a_conversation_about_a_label_asks_for_what_is_printed():
    asked = set()
    for _, (_, characters, _), topics in drawn("label", 20):
        for turn in converse(np.random.default_rng(1), topics, "label", 6):
            if turn.tag == "label":
                assert turn.answer.replace(" ", "") in characters
                asked.add(turn.language)
    assert asked == {"zh", "en"}

"""Tables and spreadsheets: a cell by row and column or by name, largest and smallest of a column, sums of two."""

from __future__ import annotations

from training.pictures import free, values
from training.pictures.picture import Topic
from training.pictures.questions import ask, unseen
from training.pictures.sampling import chance, pick
from training.pictures.vector.grid import Grid, address, draw
from training.pictures.vector.sheet import Sheet
from training.pictures.words import NO, YES

HEADS_ZH = (
    "数量 单价 金额 库存 产量 温度 湿度 电压 电流 功率 成绩 得分 人数 次数 重量 长度 一月 二月 三月 四月 上午 "
    "下午 早班 晚班 合格 入库 出库"
).split()
HEADS_EN = (
    "Qty Price Total Stock Output Temp Humidity Volts Amps Power Score Points Staff Runs Weight Length Jan "
    "Feb Mar Apr Morning Evening Early Late Passed In Out"
).split()
CELL_ZH = "{r}的{c}是多少？|{r}的{c}？|表中{r}的{c}是多少？|{r}那一行的{c}是多少？|{c}一列里{r}是多少？|读一下{r}的{c}。|请问{r}的{c}是多少".split(
    "|"
)
CELL_EN = "What is the {c} of {r}?|{c} of {r}?|What does the table say for {c} of {r}?|In row {r}, what is the {c}?|Read the {c} of {r}.|What {c} has {r}?".split(
    "|"
)
PLACE_ZH = (
    "第{i}行第{j}列是多少？|第{i}行第{j}列的数是什么？|表中第{i}行第{j}列写的是什么？|读一下第{i}行第{j}列".split("|")
)
PLACE_EN = "What is in row {i}, column {j}?|Row {i}, column {j}?|What does row {i}, column {j} say?|Read row {i}, column {j}.".split(
    "|"
)
MOST_ZH = "{c}最大的是多少？|{c}的最大值是多少？|{c}一列最大值是多少？|{c}最高是多少？".split("|")
MOST_EN = (
    "What is the largest {c}?|What is the highest {c}?|The maximum of {c}?|What is the largest value of {c}?".split("|")
)
LEAST_ZH = "{c}最小的是多少？|{c}的最小值是多少？|{c}一列最小值是多少？|{c}最低是多少？".split("|")
LEAST_EN = (
    "What is the smallest {c}?|What is the lowest {c}?|The minimum of {c}?|What is the smallest value of {c}?".split(
        "|"
    )
)
WHO_ZH = "哪一个的{c}最大？|谁的{c}最大？|{c}最大的是哪一个？|哪个的{c}最高？".split("|")
WHO_EN = "Which has the largest {c}?|Which row has the highest {c}?|Which one has the most {c}?|Whose {c} is the largest?".split(
    "|"
)
MORE_ZH = "{r}的{c}比{q}的大吗？|{r}的{c}比{q}高吗？|{r}的{c}是不是比{q}多？".split("|")
MORE_EN = (
    "Is the {c} of {r} larger than that of {q}?|Has {r} more {c} than {q}?|Is the {c} of {r} above that of {q}?".split(
        "|"
    )
)
NTH_MOST_ZH = "第{j}列最大值是多少？|第{j}列最大的数是多少？|第{j}列的最大值？|第{j}列里最大的是多少？|表中第{j}列最大值是多少？".split(
    "|"
)
NTH_MOST_EN = (
    "What is the maximum of column {j}?|What is the largest value in column {j}?|Largest value in column {j}?|"
    "What is the highest number in column {j}?|What is the biggest value of column {j}?".split("|")
)
NTH_LEAST_ZH = "第{j}列最小值是多少？|第{j}列最小的数是多少？|第{j}列的最小值？|第{j}列里最小的是多少？|表中第{j}列最小值是多少？".split(
    "|"
)
NTH_LEAST_EN = (
    "What is the minimum of column {j}?|What is the smallest value in column {j}?|Smallest value in column {j}?|"
    "What is the lowest number in column {j}?|What is the least value of column {j}?".split("|")
)
SUM_ZH = "{r}和{q}的{c}加起来是多少？|{r}与{q}的{c}之和是多少？|{r}和{q}的{c}一共多少？|{r}的{c}加上{q}的{c}是多少？|{r}和{q}的{c}合计多少？".split(
    "|"
)
SUM_EN = (
    "What is the sum of the {c} of {r} and {q}?|What do {r} and {q} add up to in {c}?|{c} of {r} plus {c} of {q}?|"
    "How much is the {c} of {r} and {q} together?|Add the {c} of {r} and {q}.".split("|")
)
AT_ZH = "{k}单元格是多少？|{k}单元格里是什么？|{k}里写的是什么？|读一下{k}单元格。|{k}是多少？".split("|")
AT_EN = "What is in cell {k}?|Cell {k}?|What does cell {k} say?|Read cell {k}.|What is the value of {k}?".split("|")
PLUS_ZH = (
    "{k}加{m}等于多少？|{k}与{m}之和是多少？|{k}和{m}加起来是多少？|单元格{k}和{m}一共多少？|{k}加上{m}是多少？".split(
        "|"
    )
)
PLUS_EN = (
    "What is {k} plus {m}?|What is the sum of {k} and {m}?|Add cells {k} and {m}.|How much are {k} and {m} together?|"
    "{k} + {m}?"
).split("|")
CHOSEN_ZH = "选中的是哪个单元格？|当前选中了哪个单元格？|光标在哪个单元格？|哪个单元格被选中了？|选的是哪一格？".split(
    "|"
)
CHOSEN_EN = (
    "Which cell is selected?|What cell is selected?|Where is the selection?|Which cell is active?|"
    "Which cell has the frame?"
).split("|")
TEXTS = {  # heads of columns with words, and what stands in them
    "状态": "合格 待检 完成 进行中 停用 正常 缺货 已发货".split(), "备注": None, "负责人": None, "等级": "甲 乙 A B C".split(),
    "Status": "done|open|OK|late|sent|closed|ready".split("|"), "Note": None, "Owner": None, "Grade": "A B C D".split(),
}  # fmt: skip


def number(rng) -> str:
    kind = rng.integers(4)
    return (
        str(rng.integers(0, 100))
        if kind < 2
        else str(rng.integers(100, 10000))
        if kind == 2
        else f"{rng.uniform(0, 100):.{rng.integers(1, 3)}f}"
    )


def paint(sheet: Sheet) -> list[Topic]:
    rng, level = sheet.rng, sheet.level
    chinese = chance(rng, 0.55)
    rows, columns = (2, 1) if level < 0.2 else (int(rng.integers(2, 9)), int(rng.integers(1, 5)))
    heads = [str(v) for v in rng.permutation(HEADS_ZH if chinese else HEADS_EN)[:columns]]
    if level > 0.3 and chance(rng, 0.3):
        heads = [(free.hanzi(rng, 2, 3) if chinese else free.latin(rng, 1, 2)) for _ in heads]
    if len(heads) > 1 and chance(rng, 0.3):
        heads[int(rng.integers(1, len(heads)))] = pick(rng, list(TEXTS)[:4] if chinese else list(TEXTS)[4:])
    heads = list(dict.fromkeys(heads))
    names: list[str] = []
    while len(names) < rows:
        name = person(rng, chinese)
        if name not in names:
            names.append(name)
    cells = [[word(rng, head, chinese) if head in TEXTS else number(rng) for head in heads] for _ in names]
    corner = pick(rng, ["名称", "项目", "设备", "姓名", ""] if chinese else ["Name", "Item", "Device", "No.", ""])
    grid = Grid([[corner, *heads], *([name, *row] for name, row in zip(names, cells))])
    if level > 0.2 and chance(rng, 0.4):
        grid.spreadsheet = True
        if chance(rng, 0.6):
            grid.selected = int(rng.integers(rows + 1)), int(rng.integers(len(heads) + 1))
    elif level > 0.3 and chance(rng, 0.2):
        grid.title = free.hanzi(rng, 3, 6) if chinese else f"{free.latin(rng)} {free.latin(rng)}"
    draw(sheet, grid)
    (_, *heads), *rest = grid.rows
    return topics(
        rng, sheet.split, heads, [row[0] for row in rest], [row[1:] for row in rest], grid.spreadsheet, grid.selected
    )


def person(rng, chinese: bool) -> str:
    """What a row is called."""
    if chinese:
        return free.hanzi(rng, 2, 3) if rng.integers(3) else pick(rng, values.PRODUCTS_ZH)[:4]
    return free.latin(rng, 1, 2) if rng.integers(3) else f"{pick(rng, 'ABCDEFGH')}-{rng.integers(1, 99)}"


def word(rng, head: str, chinese: bool) -> str:
    return pick(rng, TEXTS[head]) if TEXTS[head] else free.hanzi(rng, 2, 3) if chinese else free.latin(rng, 1, 2)


def added(first: str, second: str) -> str:
    """The sum of two numbers as they are printed, with the decimals of the one that has more."""
    places = max(len(text.partition(".")[2]) for text in (first, second))
    scaled = [int(text.replace(".", "") + "0" * (places - len(text.partition(".")[2]))) for text in (first, second)]
    total = str(sum(scaled)).zfill(places + 1)
    return f"{total[:-places]}.{total[-places:]}" if places else total


def numeric(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def topics(rng, split: str, heads, names, cells, spreadsheet: bool = False, selected=None) -> list[Topic]:
    """`cells` by row and column without heads and names. Where no numbers are printed, rows are counted below the heads."""
    first = 2 if spreadsheet else 1  # the number of the first row

    def put(zh, en, answer, field, tag="table", **words):
        result.append(Topic(tag, field, ask(rng, split, zh, en, answer, **words)))

    result: list[Topic] = []
    for _ in range(4):
        i, j = int(rng.integers(len(names))), int(rng.integers(len(heads)))
        put(CELL_ZH, CELL_EN, cells[i][j], "cell", r=names[i], c=heads[j])
        if chance(rng, 0.3):  # the names are the first column
            put(PLACE_ZH, PLACE_EN, cells[i][j], "place", i=str(i + first), j=str(j + 2))
        if spreadsheet and chance(rng, 0.6):
            put(AT_ZH, AT_EN, cells[i][j], "address", k=address(i + 1, j + 1))
    if selected is not None:
        for _ in range(3 if split == "train" else 1):  # one of a dozen that may be asked
            put(CHOSEN_ZH, CHOSEN_EN, address(*selected), "selected")
    for j, head in enumerate(heads):
        column = [row[j] for row in cells]
        if not all(numeric(text) for text in column):
            continue
        numbers = [float(text) for text in column]
        high, low = max(numbers), min(numbers)
        for best, pools, nth, field in (
            (high, (MOST_ZH, MOST_EN), (NTH_MOST_ZH, NTH_MOST_EN), "largest"),
            (low, (LEAST_ZH, LEAST_EN), (NTH_LEAST_ZH, NTH_LEAST_EN), "smallest"),
        ):
            if numbers.count(best) == 1:
                answer = column[numbers.index(best)]
                if chance(rng, 0.35):
                    put(*pools, answer, field, c=head)
                if chance(rng, 0.35):
                    put(*nth, answer, f"{field} by number", j=ordinal(j + 2))
        if chance(rng, 0.7 if split == "train" else 0.35) and numbers.count(high) == 1:  # read worst of a column's questions
            put(WHO_ZH, WHO_EN, names[numbers.index(high)], "who", c=head)
        a, b = (int(v) for v in rng.permutation(len(names))[:2])
        if numbers[a] != numbers[b]:
            put(MORE_ZH, MORE_EN, YES if numbers[a] > numbers[b] else NO, "more", "yesno", r=names[a], c=head, q=names[b])
        pairs = [(a, b)] if max(numbers[a], numbers[b]) < 1000 and chance(rng, 0.5) else []
        if split == "train":  # adding takes the most practice: slice 8 got the decimals of a sum right, and never all of it
            pairs += [rng.permutation(len(names))[:2] for _ in range(3)]
        for a, b in pairs:
            if max(numbers[a], numbers[b]) < 1000:
                total = added(column[a], column[b])
                if spreadsheet and chance(rng, 0.5):
                    put(PLUS_ZH, PLUS_EN, total, "sum", k=address(a + 1, j + 1), m=address(b + 1, j + 1))
                else:
                    put(SUM_ZH, SUM_EN, total, "sum", r=names[a], q=names[b], c=head)
    return result + [
        unseen(rng, split, str(name))
        for name in rng.choice(["model", "serial", "ip", "manufacturer"], size=2, replace=False)
    ]


def ordinal(number: int):
    """第三列, column 3."""
    return lambda language: "零一二三四五六七八九"[number] if language == "zh" else str(number)

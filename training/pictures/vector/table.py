"""Tables and spreadsheets: a cell by row and column, the largest and the smallest of a column."""

from __future__ import annotations

from training.pictures import free, values
from training.pictures.picture import Topic
from training.pictures.questions import unseen, wording
from training.pictures.values import chance, pick
from training.pictures.vector.sheet import NoRoom, Sheet, mixed
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
    rows, columns = (2, 1) if level < 0.2 else (int(rng.integers(2, 8)), int(rng.integers(1, 5)))
    heads = [str(v) for v in rng.permutation(HEADS_ZH if chinese else HEADS_EN)[:columns]]
    names: list[str] = []
    while len(names) < rows:
        kind = rng.integers(3)
        name = (
            (free.hanzi(rng, 2, 3) if kind else pick(rng, values.PRODUCTS_ZH)[:4])
            if chinese
            else (free.latin(rng, 1, 2) if kind else f"{pick(rng, 'ABCDEFGH')}{rng.integers(1, 99)}")
        )
        if name not in names:
            names.append(name)
    cells = [[number(rng) for _ in heads] for _ in names]
    corner = pick(rng, ["名称", "项目", "设备", "姓名", ""] if chinese else ["Name", "Item", "Device", "No.", ""])
    grid = [[corner, *heads], *([name, *row] for name, row in zip(names, cells))]

    size = sheet.draw_em()
    style = sheet.style(size)
    margin, pad_x, pad_y = rng.uniform(0.01, 0.08) * min(sheet.size), rng.uniform(0.3, 1.0), rng.uniform(0.2, 0.7)
    while True:
        style = style.at(size)
        widths = [max(style.width(row[j]) for row in grid) + 2 * pad_x * size for j in range(len(grid[0]))]
        tall = (1 + 2 * pad_y) * size
        if sum(widths) <= sheet.width - 2 * margin and tall * len(grid) <= sheet.height - 2 * margin:
            break
        if size * 0.93 >= sheet.least_em:
            size *= 0.93
        elif pad_x > 0.3 or pad_y > 0.2:
            pad_x, pad_y = 0.3, 0.2
        elif len(grid) > 3 and tall * len(grid) > sheet.height - 2 * margin:
            grid, names, cells = grid[:-1], names[:-1], cells[:-1]
        elif len(grid[0]) > 2:
            grid, heads, cells = [row[:-1] for row in grid], heads[:-1], [row[:-1] for row in cells]
        else:
            raise NoRoom
    spare_x, spare_y = sheet.width - 2 * margin - sum(widths), sheet.height - 2 * margin - tall * len(grid)
    if chance(rng, 0.6):
        widths = [w + spare_x * rng.random() * 0.8 / len(widths) for w in widths]
        tall += spare_y * rng.random() * 0.6 / len(grid)
    x0 = margin + rng.random() * (sheet.width - 2 * margin - sum(widths))
    y0 = margin + rng.random() * (sheet.height - 2 * margin - tall * len(grid))
    box = (x0, y0, x0 + sum(widths), y0 + tall * len(grid))
    paper = pick(rng, [(255, 255, 255), (250, 250, 246), (240, 244, 250), (30, 32, 36), (44, 48, 58)])
    sheet.fill(box, paper)
    ink = sheet.ink(paper)
    band = mixed(paper, tuple(rng.integers(0, 256, 3)), rng.uniform(0.1, 0.9)) if chance(rng, 0.6) else paper
    sheet.fill((x0, y0, box[2], y0 + tall), band)
    if chance(rng, 0.4):
        for i in range(2, len(grid), 2):
            sheet.fill((x0, y0 + i * tall, box[2], y0 + (i + 1) * tall), mixed(paper, ink, 0.08))
    lines = pick(rng, ["all", "all", "rows", "none"])
    edge = max(1.0, rng.uniform(0.02, 0.06) * size)
    shade = mixed(paper, ink, rng.uniform(0.25, 1.0))
    for i in range(len(grid) + 1) if lines != "none" else ():
        sheet.stroke((x0, y0 + i * tall), (box[2], y0 + i * tall), shade, edge)
    align = pick(rng, ["left", "right", "middle"])
    head_ink, x = sheet.ink(band), x0
    for j, width in enumerate(widths):
        if lines == "all":
            sheet.stroke((x, y0), (x, box[3]), shade, edge)
        for i, row in enumerate(grid):
            free_width = width - style.width(row[j]) - 2 * pad_x * size
            left = x + pad_x * size + free_width * {"left": 0.0, "right": 1.0, "middle": 0.5}[align if j else "left"]
            sheet.write(left, y0 + (i + 0.5) * tall + 0.36 * size, row[j], style, head_ink if i == 0 else ink)
        x += width
    if lines == "all":
        sheet.stroke((x, y0), (x, box[3]), shade, edge)
    return topics(rng, sheet.split, heads, names, cells)


def topics(rng, split: str, heads, names, cells) -> list[Topic]:
    def ask(zh, en, answer, field, tag="table", **words):
        def question(language, follow):
            return wording(rng, split, zh if language == "zh" else en).format(**words), answer[language] if isinstance(
                answer, dict
            ) else answer

        return Topic(tag, field, question)

    result = []
    for _ in range(4):
        i, j = int(rng.integers(len(names))), int(rng.integers(len(heads)))
        result.append(ask(CELL_ZH, CELL_EN, cells[i][j], "cell", r=names[i], c=heads[j]))
        if chance(rng, 0.3):  # counted below the head, the names being the first column
            result.append(ask(PLACE_ZH, PLACE_EN, cells[i][j], "place", i=i + 1, j=j + 2))
    for j, head in enumerate(heads):
        numbers = [float(row[j]) for row in cells]
        high, low = max(numbers), min(numbers)
        if chance(rng, 0.35) and numbers.count(high) == 1:
            result.append(ask(MOST_ZH, MOST_EN, cells[numbers.index(high)][j], "largest", c=head))
        if chance(rng, 0.35) and numbers.count(low) == 1:
            result.append(ask(LEAST_ZH, LEAST_EN, cells[numbers.index(low)][j], "smallest", c=head))
        if chance(rng, 0.35) and numbers.count(high) == 1:
            result.append(ask(WHO_ZH, WHO_EN, names[numbers.index(high)], "who", c=head))
        a, b = (int(v) for v in rng.permutation(len(names))[:2])
        if numbers[a] != numbers[b]:
            result.append(
                ask(
                    MORE_ZH,
                    MORE_EN,
                    YES if numbers[a] > numbers[b] else NO,
                    "more",
                    "yesno",
                    r=names[a],
                    c=head,
                    q=names[b],
                )
            )
    return result + [
        unseen(rng, split, str(name))
        for name in rng.choice(["model", "serial", "ip", "manufacturer"], size=2, replace=False)
    ]

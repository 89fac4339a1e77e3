"""Block diagrams: boxes with names joined by arrows, in chains, in bends, and with branches; what leads where."""

from __future__ import annotations

from dataclasses import dataclass

from training.pictures import free
from training.pictures.picture import Topic
from training.pictures.questions import ask
from training.pictures.sampling import chance, pick
from training.pictures.splits import belongs
from training.pictures.vector.arrows import place
from training.pictures.vector.sheet import NoRoom, Sheet
from training.pictures.words import NO, NONE, UNSEEN, YES

MODULES_ZH = (
    "网关 缓存 队列 数据库 日志 认证 路由 调度 解码 编码 滤波 采样 放大 识别 检测 预处理 存储 显示 控制 驱动 传感器 电源 报警 通信 前端 后端 审核 入库 质检 "
    "包装 发货 支付 订单 库存 搜索 推荐 训练 评估 监控 备份"
).split()
MODULES_EN = (
    "Gateway|Cache|Queue|Database|Logger|Auth|Router|Scheduler|Decoder|Encoder|Filter|Sampler|Amplifier|Detector|"
    "Storage|Display|Control|Driver|"
    "Sensor|Power|Alarm|Frontend|Backend|Review|Packing|Shipping|Payment|Orders|Stock|Search|Ranker|Trainer|Monitor|"
    "Backup|Parser|Mixer|ADC|DSP|API|Proxy"
).split("|")
SOURCES_ZH = "用户请求 请求 用户 客户端 输入 信号 原料 数据 订单请求 图像 开始 消息".split()
SOURCES_EN = "User request|Request|User|Client|Input|Signal|Raw data|Image|Start|Message|Order".split("|")
NUMERALS = "零一两三四五六七八九"

THROUGH_ZH = (
    "{a}经过哪{n}个模块？|{a}依次经过哪{n}个模块？|{a}要经过哪{n}个模块？|{a}经过的{n}个模块是什么？|{a}先后经过哪{n}个模块？|图中{a}经过哪{n}个模块？"
).split("|")
THROUGH_EN = (
    "Which {n} modules does {a} pass through?|Which {n} blocks does {a} go through?|Name the {n} modules {a} passes.|"
    "Through which {n} modules does {a} pass?|Which {n} boxes does {a} pass, in order?|"
    "List the {n} blocks that {a} goes through."
).split("|")
ROUTE_ZH = "{a}经过哪些模块到{b}？|从{a}到{b}经过哪些模块？|{a}和{b}之间有哪些模块？|从{a}到{b}中间是什么？|{a}到{b}要经过哪些模块？".split(
    "|"
)
ROUTE_EN = (
    "Which modules lie between {a} and {b}?|What is between {a} and {b}?|"
    "Which modules does {a} pass on the way to {b}?|"
    "Which blocks are passed from {a} to {b}?|From {a} to {b}, which modules are passed?"
).split("|")
NEXT_ZH = "{a}之后是什么？|{a}的下一步是什么？|{a}后面是哪个模块？|{a}指向哪个模块？|{a}的输出到哪里？|{a}下一个模块是什么？".split(
    "|"
)
NEXT_EN = (
    "What comes after {a}?|What follows {a}?|Which block comes after {a}?|Where does {a} lead?|"
    "Where does the arrow from {a} go?|What is the next module after {a}?"
).split("|")
BOTH_ZH = "{a}指向哪些模块？|{a}之后分到哪些模块？|{a}的输出到哪些模块？|{a}连到后面哪几个模块？|{a}分成哪几路？".split(
    "|"
)
BOTH_EN = (
    "Which modules does {a} lead to?|Where does {a} branch to?|Which blocks does {a} feed?|"
    "Which blocks come after {a}?|What does {a} split into?"
).split("|")
BACK_ZH = "{a}之前是什么？|{a}的上一步是什么？|哪个模块指向{a}？|{a}前面是哪个模块？|{a}的输入来自哪里？|什么模块连到{a}？".split(
    "|"
)
BACK_EN = (
    "What feeds {a}?|What comes before {a}?|Which block leads to {a}?|What is in front of {a}?|"
    "Where does the input of {a} come from?|Which module points to {a}?"
).split("|")
MERGE_ZH = "哪些模块指向{a}？|{a}的输入来自哪些模块？|{a}之前是哪些模块？|什么模块连到{a}？都说出来|{a}前面有哪几个模块？".split(
    "|"
)
MERGE_EN = (
    "Which modules feed {a}?|Which blocks lead to {a}?|Which modules come before {a}?|"
    "Where do the inputs of {a} come from?|Which blocks point to {a}?"
).split("|")
BOXES_ZH = "图中有几个模块？|一共有多少个模块？|有几个方块？|共有几个模块？|图里画了几个模块？".split("|")
BOXES_EN = (
    "How many boxes are there?|How many blocks does the diagram have?|How many modules are there?|Count the boxes.|"
    "How many boxes are drawn?"
).split("|")
ARROWS_ZH = "有几个箭头？|一共画了几个箭头？|图中有多少个箭头？|箭头一共几个？|共有几条箭头？".split("|")
ARROWS_EN = (
    "How many arrows are there?|How many arrows does the diagram have?|Count the arrows.|How many arrows are drawn?|"
    "How many connections are there?"
).split("|")
FIRST_ZH = "从哪里开始？|流程的起点是什么？|第一个模块是什么？|最前面的是什么？|起点是哪个？".split("|")
FIRST_EN = (
    "Where does it start?|What is the first block?|What is at the beginning?|Which module comes first?|"
    "Where does the flow begin?"
).split("|")
LAST_ZH = "最后到哪里？|流程的终点是什么？|最后一个模块是什么？|在哪里结束？|终点是哪个？".split("|")
LAST_EN = (
    "Where does it end?|What is the last block?|What is at the end?|Which module comes last?|"
    "Where does the flow finish?"
).split("|")
JOINED_ZH = (
    "{a}直接连到{b}吗？|{a}直接指向{b}吗？|有箭头从{a}到{b}吗？|{a}的下一步是{b}吗？|{a}后面紧接着是{b}吗？".split("|")
)
JOINED_EN = (
    "Does {a} lead directly to {b}?|Is there an arrow from {a} to {b}?|Does {a} point to {b}?|"
    "Is {b} directly after {a}?|Does {b} come right after {a}?"
).split("|")


@dataclass
class Graph:
    """Boxes by layer, each layer's in order across the flow, and arrows (from, to) by index of `names`."""

    names: list[str]
    layers: list[list[int]]
    arrows: list[tuple[int, int]]

    def after(self, box: int) -> list[int]:
        return [b for a, b in self.arrows if a == box]

    def before(self, box: int) -> list[int]:
        return [a for a, b in self.arrows if b == box]

    def line(self, box: int) -> list[int]:
        """What follows a box while each leads to one that has no other input."""
        boxes = []
        while len(self.after(box)) == 1 and len(self.before(self.after(box)[0])) == 1:
            box = self.after(box)[0]
            boxes.append(box)
        return boxes


def name(rng, split: str, chinese: bool) -> str:
    while True:
        if chance(rng, 0.4):
            text = pick(rng, MODULES_ZH if chinese else MODULES_EN)
            return (
                text + pick(rng, ["", "", "模块", "服务"] if chinese else ["", "", " Unit", " 2"])
                if chance(rng, 0.5)
                else text
            )
        text = free.hanzi(rng, 2, 4) if chinese else free.latin(rng, 1, 3)
        if belongs(text, split):
            return text


def make(rng, split: str, level: float, most: int) -> Graph:
    """A chain, or a chain with one fork, one join, or both."""
    chinese = chance(rng, 0.55)
    count = int(rng.integers(2, 4 if level < 0.2 else most + 1))
    names = [pick(rng, SOURCES_ZH if chinese else SOURCES_EN) if chance(rng, 0.5) else name(rng, split, chinese)]
    while len(names) < count:
        other = name(rng, split, chinese if chance(rng, 0.85) else not chinese)
        if not any(other in known or known in other for known in names):  # or a question could mean either
            names.append(other)
    kind = pick(rng, ["chain", "chain", "fork", "join", "both", "two"]) if count >= 4 and level > 0.3 else "chain"
    if kind == "two" and count >= 5:
        return two_ways(names)
    middle = {"fork": count - 2, "join": count - 2, "both": count - 2}.get(kind, 0)
    wide = int(rng.integers(2, min(middle, 3) + 1)) if middle >= 2 else 0
    if not wide:
        kind = "chain"
    sizes = [1] * (count - wide)
    if kind == "fork":
        sizes = [1] * (count - wide) + [wide]
    elif kind == "join":
        sizes = [wide] + [1] * (count - wide)
    elif kind == "both":
        at = int(rng.integers(1, count - wide))
        sizes = [1] * at + [wide] + [1] * (count - wide - at)
    layers, first = [], 0
    for size in sizes:
        layers.append(list(range(first, first + size)))
        first += size
    return Graph(names, layers, [(a, b) for one, two in zip(layers, layers[1:]) for a in one for b in two])


def two_ways(names: list[str]) -> Graph:
    """Two chains from the first box, which meet again in the last one where the names come out even."""
    count = len(names)
    pairs = [[i, i + 1] for i in range(1, count - 1, 2)]
    arrows = [(0, 1), (0, 2)] + [(a, b) for one, two in zip(pairs, pairs[1:]) for a, b in zip(one, two)]
    meet = [[count - 1]] if count % 2 == 0 else []
    return Graph(names, [[0], *pairs, *meet], arrows + [(i, count - 1) for i in pairs[-1] if meet])


def paint(sheet: Sheet) -> list[Topic]:
    most = 8
    for _ in range(24):
        graph = make(sheet.rng, sheet.split, sheet.level, most)
        if place(sheet, graph.names, graph.layers, graph.arrows):
            return topics(sheet.rng, sheet.split, graph)
        most = max(3, most - 1)
    raise NoRoom


def listed(names: list[str]):
    """Names in a sentence of each language."""
    return lambda language: ("、" if language == "zh" else ", ").join(names)


def topics(rng, split: str, graph: Graph) -> list[Topic]:
    names, result = graph.names, []

    def put(field: str, zh, en, answer, tag: str = "diagram", **words):
        result.append(Topic(tag, field, ask(rng, split, zh, en, answer, **words)))

    starts = [i for i in range(len(names)) if not graph.before(i)]
    ends = [i for i in range(len(names)) if not graph.after(i)]
    for i, known in enumerate(names):
        after, before = [names[k] for k in graph.after(i)], [names[k] for k in graph.before(i)]
        if len(after) == 1 and chance(rng, 0.6):
            put("next", NEXT_ZH, NEXT_EN, after[0], a=known)
        elif len(after) > 1:
            put("branches", BOTH_ZH, BOTH_EN, listed(after), a=known)
        elif not after and chance(rng, 0.25):
            put("next", NEXT_ZH, NEXT_EN, NONE, a=known)
        if len(before) == 1 and chance(rng, 0.6):
            put("before", BACK_ZH, BACK_EN, before[0], a=known)
        elif len(before) > 1:
            put("inputs", MERGE_ZH, MERGE_EN, listed(before), a=known)
        run = graph.line(i)
        if len(run) >= 2:
            n = len(run)
            if not graph.after(run[-1]) and not before:
                words = {"a": known, "n": lambda language, n=n: NUMERALS[n] if language == "zh" else str(n)}
                for _ in range(2):
                    put("through", THROUGH_ZH, THROUGH_EN, listed([names[k] for k in run]), **words)
            last = int(rng.integers(1, n))
            put("route", ROUTE_ZH, ROUTE_EN, listed([names[k] for k in run[:last]]), a=known, b=names[run[last]])
    put("boxes", BOXES_ZH, BOXES_EN, str(len(names)))
    if chance(rng, 0.4):
        put("arrows", ARROWS_ZH, ARROWS_EN, str(len(graph.arrows)))
    if len(starts) == 1:
        put("first", FIRST_ZH, FIRST_EN, names[starts[0]])
    if len(ends) == 1:
        put("last", LAST_ZH, LAST_EN, names[ends[0]])
    for truth in (True, False):
        pairs = [
            (a, b) for a in range(len(names)) for b in range(len(names)) if a != b and ((a, b) in graph.arrows) == truth
        ]
        if pairs:
            a, b = pick(rng, pairs)
            put("joined", JOINED_ZH, JOINED_EN, YES if truth else NO, "yesno", a=names[a], b=names[b])
    for _ in range(2):
        ghost = name(rng, split, chance(rng, 0.5))
        if not any(ghost in known or known in ghost for known in names):
            pool = pick(rng, [(NEXT_ZH, NEXT_EN), (BACK_ZH, BACK_EN)])
            put("next", *pool, UNSEEN, "absent", a=ghost)
    return result

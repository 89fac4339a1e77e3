"""Pill boxes: name, how often a day, before or after meals, expiry. The answers are short sentences that can be spoken."""

from __future__ import annotations

from dataclasses import dataclass

from training.pictures import remedies
from training.pictures.canvas import Canvas
from training.pictures.lamp import ask
from training.pictures.nameplate import put
from training.pictures.picture import Topic
from training.pictures.questions import unseen
from training.pictures.sampling import UNLISTED, chance, digits, letters, or_free, pick
from training.pictures.words import NO, NOUNS, UNSEEN, YES

NOUNS["drug"] = (
    "药名 药品名称 药的名字 药品名".split(),
    "name of the medicine|drug name|medicine's name|name of the drug".split("|"),
)
NOUNS["expiry"] = (
    "有效期 失效日期 保质期 到期日期".split(),
    "expiry date|expiration date|use-by date|best-before date".split("|"),
)

FIRST = "阿 罗 头 克 布 氯 甲 奥 美 利 西 红 诺 左 维 辛 替 氨 依 双 吉 普 沙 卡 伏 苯 格 多 比 氟".split()
MIDDLE = "莫 红 孢 拉 洛 雷 硝 美 他 巴 沙 格 尼 地 替 氯 诺 沙 米 卡 仑 列 克 洛 多 司 舒 立 那 托".split()
LAST = (
    "西林 霉素 沙星 洛芬 他定 拉唑 地平 沙坦 替丁 他汀 司琼 唑 酸钠 尼 平 林 素 定 嗪 胺 酮 普利 洛尔 列汀 格列".split()
)
FORMS_ZH = "胶囊 片 颗粒 口服液 缓释片 分散片 肠溶片 软胶囊 滴丸 咀嚼片".split()
HERBS = (
    "复方 小儿 感冒 清热 止咳 健胃 消食 板蓝根 银翘 藿香 牛黄 安神 补血 益气 活血 养胃 清肺 润喉 双黄连 三七".split()
)
FORMS_EN = ["", "", "", " Tablets", " Capsules", " Plus", " Forte", " XR"]
STEMS = (
    "Amo Cef Ibu Lor Met Nap Ome Pan Ros Sim Tel Val Zol Dic Fam Ket Lev Mon Par Ran Ser Tra Vil Clo Dox "
    "Eno Flu Gli Hep Ari Bet Cal"
).split()
MIDS = "xi pro ta me lo ra di fo na pe si ti va zo ca de fi mu".split()
ENDS = (
    "cillin|fen|pril|sartan|statin|zole|pine|dine|mycin|floxacin|lol|gliptin|tide|vir|xil|dol|nac|lam|"
    "rin|zine|mab|tine|one|ol|an"
).split("|")


@or_free(remedies.chinese, UNLISTED)
def drug_chinese(rng) -> str:
    if chance(rng, 0.25):
        head = pick(rng, HERBS)
        tail = pick(rng, [h for h in HERBS if h != head])
        return head + tail + pick(rng, FORMS_ZH)
    return pick(rng, FIRST) + pick(rng, MIDDLE) * (rng.random() < 0.75) + pick(rng, LAST) + pick(rng, FORMS_ZH)


@or_free(remedies.latin, UNLISTED)
def drug_latin(rng) -> str:
    text = pick(rng, STEMS) + "".join(pick(rng, MIDS) for _ in range(rng.integers(0, 2))) + pick(rng, ENDS)
    return (text.upper() if chance(rng, 0.2) else text) + pick(rng, FORMS_EN)


TIMES_ZH = {1: "一天一次", 2: "一天两次", 3: "一天三次", 4: "一天四次"}
TIMES_EN = {1: "once a day", 2: "twice a day", 3: "three times a day", 4: "four times a day"}
PRINTED_TIMES_ZH = {
    1: "一日一次 一日1次 每日一次 每天一次 每日1次 每天1次".split(),
    2: "一日两次 一日2次 每日两次 每天两次 每日2次 一日二次".split(),
    3: "一日三次 一日3次 每日三次 每天三次 每日3次 每天3次".split(),
    4: "一日四次 一日4次 每日四次 每天四次 每日4次 每天4次".split(),
}
PRINTED_TIMES_EN = {
    1: "once a day|once daily|1 time a day|one time daily|1 x daily".split("|"),
    2: "twice a day|twice daily|2 times a day|two times daily|2 x daily".split("|"),
    3: ("three times a day|3 times a day|three times daily|3 times daily|3 x daily").split("|"),
    4: ("four times a day|4 times a day|four times daily|4 times daily|4 x daily").split("|"),
}
MEAL = {  # Chinese answer, English answer, Chinese prints, English prints
    "before": (
        "饭前服用",
        "before meals",
        "饭前服用 饭前服 餐前服用 餐前口服 饭前口服".split(),
        "before meals|before food|before eating|Before meals".split("|"),
    ),
    "after": (
        "饭后服用",
        "after meals",
        "饭后服用 饭后服 餐后服用 餐后口服 饭后口服".split(),
        "after meals|after food|after eating|After meals".split("|"),
    ),
    "with": (
        "随餐服用",
        "with meals",
        "随餐服用 餐中服用 与餐同服".split(),
        "with meals|with food|With meals".split("|"),
    ),
    "bed": (
        "睡前服用",
        "at bedtime",
        "睡前服用 睡前服 睡前口服".split(),
        "at bedtime|before bed|before sleep".split("|"),
    ),
}
MONTHS = "January February March April May June July August September October November December".split()

NAME_ZH = (
    "这是什么药？|这是什么药?|药名是什么？|这个药叫什么？|这盒药叫什么名字？|药的名字是什么？|"
    "什么药？|请问这是什么药？|盒子上写的是什么药？|这盒是什么药？|帮我看看这是什么药|"
    "我拿的是什么药？|"
    "读一下药名|告诉我药名。|这药叫啥？|药品名称是什么？|手里这盒药是什么？|帮我看一下药的名称"
).split("|")
NAME_EN = (
    "What medicine is this?|What is this medicine?|Which medicine is it?|What's the name of the "
    "medicine?|What is the name of this drug?|What drug is this?|Name of the medicine?|What medicine am "
    "I holding?|Tell me the name of the medicine.|Which drug is in the box?|Please read the name of the "
    "medicine.|What's this medicine called?|what medicine is this|What pills are these?|Can you tell me "
    "which medicine this is?|What is in this box?"
).split("|")
OFTEN_ZH = (
    "一天吃几次？|一天几次？|每天吃几次？|一天要吃几次？|一天服用几次？|每天服几次？|每天要服用几次?|"
    "这个药一天吃几次？|这药一天吃几回？|请问一天吃几次？|一天该吃几次？|每日几次？|几次一天？|"
    "多久吃一次，一天几次？|告诉我一天吃几次"
).split("|")
OFTEN_EN = (
    "How often a day?|How many times a day?|How often do I take it?|How many times a day do I take it?|"
    "How often should I take this?|How often must I take it?|How many times daily?|How often per day?|"
    "How often is it taken?|how many times a day|Tell me how often to take it.|How many times a day "
    "should I take this medicine?|How frequently do I take it?|Please tell me how often I should take it."
).split("|")
WHEN_ZH = (
    "饭前吃还是饭后吃？|饭前还是饭后？|饭前饭后？|是饭前吃还是饭后吃?|什么时候吃？|"
    "要饭前还是饭后服用？|餐前还是餐后？|这个药饭前吃还是饭后吃？|请问是饭前还是饭后吃？|"
    "该什么时候服用？|"
    "空腹吃还是饭后吃？|吃饭前吃还是吃饭后吃？"
).split("|")
WHEN_EN = (
    "Before or after meals?|Before or after food?|Do I take it before or after meals?|Is it taken before "
    "or after meals?|Should I take it before or after eating?|When do I take it, before or after meals?|"
    "before or after meals|Must I take it before or after food?|Is that before or after meals?|Is it for "
    "before or after meals?|Do I take it before meals or after?|When should I take it?"
).split("|")
HOW_ZH = (
    "怎么吃？|这个药怎么吃？|怎么服用？|用法是什么？|怎么用？|这药怎么吃？|该怎么吃？|请问怎么服用？|"
    "服用方法是什么？|药要怎么吃？|告诉我怎么吃|用法?"
).split("|")
HOW_EN = (
    "How do I take it?|How do I take this medicine?|How should I take this?|How is it taken?|What are "
    "the directions?|Directions?|How should it be taken?|how do I take it|Tell me how to take it.|How "
    "must this medicine be taken?|Please tell me how to take it.|What does it say about taking it?"
).split("|")
UNTIL_ZH = (
    "什么时候过期？|有效期到什么时候？|有效期至哪天？|有效期是多久？|保质期到什么时候？|有效期？|"
    "什么时候失效？|这药什么时候过期？|哪天过期？|请问有效期到哪一天？|有效期到几月？|"
    "能用到什么时候？|能吃到什么时候？|看一下有效期|药的有效期是什么时候?"
).split("|")
UNTIL_EN = (
    "When does it expire?|What is the expiry date?|When does this expire?|Expiry date?|What's the "
    "expiration date?|When does the medicine expire?|Until when is it good?|How long is it good for?|"
    "When is it out of date?|when does it expire|Until when can I use it?|Tell me the expiry date.|What "
    "date does it expire?|Please read the expiry date.|When will it expire?"
).split("|")
AFTER_ZH = "要{m}吗？|是{m}吗？|应该{m}吗？|这药是{m}吗？|是不是{m}？|请问是{m}吗？".split("|")
AFTER_EN = (
    "Do I take it {m}?|Is it taken {m}?|Should I take it {m}?|Is this to be taken {m}?|Must I take it {m}?|Is it {m}?"
).split("|")
TIMES_Q_ZH = "是{m}吗？|要{m}吗？|是不是{m}？|应该{m}吗？|这药{m}吗？".split("|")
TIMES_Q_EN = "Do I take it {m}?|Is it taken {m}?|Should I take it {m}?|Is it {m}?|Must I take it {m}?".split("|")


@dataclass
class Box:
    """What a box says. Zero or empty: it does not."""

    name: str
    times: int
    meal: str
    year: int
    month: int
    day: int

    def how(self, language: str, often: bool = True, when: bool = True) -> str:
        """The answer's sentence."""
        times, meal = self.times if often else 0, self.meal if when else ""
        if not times and not meal:
            return UNSEEN[language]
        if language == "zh":
            return "，".join(part for part in (TIMES_ZH.get(times, ""), MEAL[meal][0] if meal else "") if part) + "。"
        return (
            "Take it "
            + ", ".join(part for part in (TIMES_EN.get(times, ""), MEAL[meal][1] if meal else "") if part)
            + "."
        )

    def expiry(self, language: str) -> str:
        if language == "zh":
            return f"有效期至{self.year}年{self.month}月" + (f"{self.day}日" if self.day else "") + "。"
        return (
            f"It expires on {MONTHS[self.month - 1]} {self.day}, {self.year}."
            if self.day
            else f"It expires in {MONTHS[self.month - 1]} {self.year}."
        )


def printed_expiry(rng, box: Box, chinese: bool) -> tuple[str, str]:
    """Label and date as printed."""
    y, m, d = box.year, box.month, box.day
    short = MONTHS[m - 1][:3]
    if chinese:
        label = pick(rng, ["有效期至", "有效期至：", "有效期至 ", "失效日期：", "有效期：", "【有效期至】"])
        forms = (
            [
                f"{y}年{m}月{d}日",
                f"{y}.{m:02}.{d:02}",
                f"{y}-{m:02}-{d:02}",
                f"{y}/{m:02}/{d:02}",
                f"{y}{m:02}{d:02}",
                f"{y}年{m:02}月{d:02}日",
            ]
            if d
            else [f"{y}年{m}月", f"{y}年{m:02}月", f"{y}.{m:02}", f"{y}-{m:02}", f"{y}/{m:02}", f"{y}{m:02}"]
        )
    else:
        label = pick(rng, ["EXP ", "EXP: ", "EXP. ", "Exp. date ", "Expiry: ", "Use by ", "Best before ", "EXP "])
        forms = (
            [
                f"{y}-{m:02}-{d:02}",
                f"{d} {short} {y}",
                f"{d:02} {short.upper()} {y}",
                f"{y}/{m:02}/{d:02}",
                f"{short} {d}, {y}",
            ]
            if d
            else [
                f"{m:02}/{y}",
                f"{m:02}-{y}",
                f"{short} {y}",
                f"{short.upper()} {y}",
                f"{y}-{m:02}",
                f"{y}/{m:02}",
                f"{MONTHS[m - 1]} {y}",
                f"{m:02}.{y}",
            ]
        )
    return label, pick(rng, forms)


def lines_of(rng, box: Box, chinese: bool, level: float, split: str) -> list[tuple[str, bool]]:
    """(text, asked) of a box's print below its name."""
    lines = []
    if level > 0.2 and chance(rng, 0.5):
        strength = pick(
            rng, ["0.25g", "0.5g", "10mg", "20mg", "100mg", "500mg", "5mg", "50mg", "0.1g", "250 mg", "40 mg"]
        )
        lines.append(
            (
                pick(
                    rng,
                    [f"规格：{strength}", f"{strength}×{rng.integers(6, 49)}", f"每盒{rng.integers(6, 49)}粒"]
                    if chinese
                    else [strength, f"{rng.integers(6, 100)} tablets", f"{strength} x {rng.integers(6, 49)}"],
                ),
                False,
            )
        )
    if box.times or box.meal:
        if chinese:
            dose = pick(rng, ["", "", "每次1片，", "一次2粒，", "每次1粒，", "一次1袋，"])
            parts = [pick(rng, PRINTED_TIMES_ZH[box.times])] if box.times else []
            parts += [pick(rng, MEAL[box.meal][2])] if box.meal else []
            head = pick(rng, ["用法用量：", "用法：", "", "口服，", "【用法用量】"])
            if len(parts) == 2 and chance(rng, 0.5):
                lines += [(head + dose + parts[0], True), (parts[1] + pick(rng, ["", "。"]), True)]
            else:
                lines.append(
                    (head + dose + pick(rng, ["，", "，", " ", "；"]).join(parts) + pick(rng, ["", "。"]), True)
                )
        else:
            head = pick(
                rng, ["Take one tablet ", "Take 1 capsule ", "Take ", "1 tablet ", "Directions: ", "Dosage: take "]
            )
            parts = [pick(rng, PRINTED_TIMES_EN[box.times])] if box.times else []
            parts += [pick(rng, MEAL[box.meal][3])] if box.meal else []
            if len(parts) == 2 and chance(rng, 0.6):
                lines += [(head + parts[0], True), (parts[1], True)]
            else:
                lines.append((head + pick(rng, [" ", ", "]).join(parts), True))
    if box.year:
        lines.append(("".join(printed_expiry(rng, box, chinese)), True))
    extras = []
    if level > 0.3 and chance(rng, 0.4):
        extras.append(
            (
                pick(rng, ["批号：", "产品批号："] if chinese else ["LOT ", "Batch "])
                + letters(rng, 1)
                + digits(rng, 6),
                False,
            )
        )
    if level > 0.3 and chance(rng, 0.3):
        extras.append(
            (
                pick(
                    rng,
                    ["请仔细阅读说明书", "密封，置阴凉干燥处", "儿童请勿接触"]
                    if chinese
                    else ["Keep out of reach of children", "Store in a dry place", "Read the leaflet"],
                ),
                False,
            )
        )
    for extra in extras:
        lines.insert(int(rng.integers(0, len(lines) + 1)), extra)
    return lines


def paint(canvas: Canvas) -> list[Topic]:
    rng, level, split = canvas.rng, canvas.level, canvas.split
    chinese = chance(rng, 0.55)
    for attempt in range(80):
        name = (drug_chinese if chinese else drug_latin)(rng, split)
        times = int(rng.integers(1, 5)) if chance(rng, 0.85) else 0
        meal = pick(rng, ["before", "after", "before", "after", "with", "bed"]) if chance(rng, 0.75) else ""
        if meal == "bed":
            times = min(times, 1)
        box = Box(name, times, meal, 0, 0, 0)
        if chance(rng, 0.75):
            box.year, box.month = int(rng.integers(2019, 2033)), int(rng.integers(1, 13))
            box.day = int(rng.integers(1, 29)) if chance(rng, 0.4) else 0
        if level < 0.2:  # one thing at a time
            keep = rng.integers(3)
            box = Box(
                name,
                times if keep == 1 else 0,
                meal if keep == 1 else "",
                *((box.year, box.month, 0) if keep == 2 else (0, 0, 0)),
            )
        lines = lines_of(rng, box, chinese, level, split)
        if lay(canvas, box, lines, ease=1.0 if attempt < 8 else 0.5):
            return topics(rng, split, box)
    raise RuntimeError(f"no pill box fits {canvas.size}")


def lay(canvas: Canvas, box: Box, lines, ease: float) -> bool:
    """Draws the box if its print fits at the least size; `ease` takes that down where the canvas is small for the level."""
    rng, level = canvas.rng, canvas.level
    margin = rng.uniform(0.02, 0.1) * min(canvas.size)
    wide, tall = canvas.width - 2 * margin, canvas.height - 2 * margin
    name_type = canvas.type()
    type = name_type if chance(rng, 0.4) else canvas.type()
    scale, pad, pitch = rng.uniform(1.2, 2.2), rng.uniform(0.6, 1.3), rng.uniform(1.3, 1.9)
    floor = max(
        17.0 * canvas.unit,
        canvas.least_em * (1.0 if level < 0.3 else rng.uniform(0.8, 1.0)) * (0.6 if level < 0.2 else 1) * ease,
    )
    em = canvas.draw_em()
    while True:
        size = int(round(em))
        big = int(round(em * scale))
        width = max([name_type.width(box.name, big)] + [type.width(text, size) for text, _ in lines]) + 2 * pad * size
        height = big * 1.5 + len(lines) * size * pitch + 2 * pad * size
        if width <= wide and height <= tall:
            break
        if em * 0.94 >= floor:
            em *= 0.94
        elif scale > 1.05:
            scale = max(1.0, scale * 0.85)
        else:
            return False
    grow_x, grow_y = rng.random(2) * (wide - width, tall - height) * (0.8 if chance(rng, 0.6) else 0.2)
    x0, y0 = margin + rng.random() * (wide - width - grow_x), margin + rng.random() * (tall - height - grow_y)
    x1, y1 = x0 + width + grow_x, y0 + height + grow_y
    paper = (
        pick(rng, [(250, 250, 250), (244, 246, 250), (255, 250, 240), (235, 245, 240), (225, 236, 248)])
        if chance(rng, 0.8)
        else tuple(int(v) for v in rng.integers(90, 250, 3))
    )
    canvas.rectangle((x0 + 0.03 * width, y0 + 0.03 * width, x1 + 0.02 * width, y1 + 0.02 * width), (60, 60, 60))
    canvas.rectangle((x0, y0, x1, y1), paper)
    tint = tuple(int(v) for v in rng.choice([30, 60, 120, 180, 220], 3))
    kind = rng.integers(4)
    name_ground = paper
    if kind == 0:  # a band behind the name
        canvas.rectangle((x0, y0, x1, y0 + pad * size + big * 1.3), tint)
        name_ground = tint
    elif kind == 1:
        canvas.rectangle((x0, y1 - 0.3 * pad * size, x1, y1), tint)
        canvas.rectangle((x0, y0, x1, y0 + 0.3 * pad * size), tint)
    elif kind == 2:
        canvas.rectangle((x0, y0, x0 + 0.4 * pad * size, y1), tint)
    left = x0 + pad * size + (0 if chance(rng, 0.5) else grow_x * rng.random())
    put(canvas, left, y0 + pad * size + 0.9 * big, box.name, name_type, big, canvas.ink(name_ground), False)
    ink = canvas.ink(paper)
    y = y0 + pad * size + big * 1.5 + grow_y * rng.uniform(0, 0.6)
    room = (y1 - pad * size - y - len(lines) * size * pitch) / max(1, len(lines))
    step = size * pitch + max(0.0, min(room, size)) * rng.random()
    for text, asked in lines:
        canvas.text(left, y + 0.86 * size, text, type, size, ink, asked=asked)
        y += step
    return True


def topics(rng, split, box: Box) -> list[Topic]:
    def named(language):
        return f"这是{box.name}。" if language == "zh" else f"This is {box.name}."

    result = [Topic("pillbox", "drug", ask(rng, split, NAME_ZH, NAME_EN, named))]
    sentences = (  # field, wordings, answer
        ("often", OFTEN_ZH, OFTEN_EN, lambda language: box.how(language, when=False)),
        ("meal", WHEN_ZH, WHEN_EN, lambda language: box.how(language, often=False)),
        ("how", HOW_ZH, HOW_EN, box.how),
    )
    seen = {"often": box.times, "meal": box.meal, "how": box.times or box.meal}
    for field, zh, en, answer in sentences:
        result.append(Topic("pillbox" if seen[field] else "absent", field, ask(rng, split, zh, en, answer)))
    result.append(
        Topic(
            "pillbox" if box.year else "absent",
            "expiry",
            ask(rng, split, UNTIL_ZH, UNTIL_EN, box.expiry if box.year else lambda language: UNSEEN[language]),
        )
    )
    reply = lambda truth: lambda language: (YES if truth else NO)[language]  # noqa: E731
    if box.meal:
        for truth in (True, False):
            meal = box.meal if truth else pick(rng, [m for m in MEAL if m != box.meal])
            result.append(
                Topic(
                    "yesno",
                    "meal",
                    ask(
                        rng,
                        split,
                        AFTER_ZH,
                        AFTER_EN,
                        reply(truth),
                        m=lambda language, meal=meal: MEAL[meal][language == "en"],
                    ),
                )
            )
    if box.times:
        for truth in (True, False):
            times = box.times if truth else pick(rng, [t for t in TIMES_ZH if t != box.times])
            result.append(
                Topic(
                    "yesno",
                    "often",
                    ask(
                        rng,
                        split,
                        TIMES_Q_ZH,
                        TIMES_Q_EN,
                        reply(truth),
                        m=lambda language, times=times: (TIMES_ZH if language == "zh" else TIMES_EN)[times],
                    ),
                )
            )
    for name in rng.choice(["ip", "voltage", "power", "current", "frequency", "model"], size=2, replace=False):
        result.append(unseen(rng, split, str(name)))
    return result

"""Rows and grids of indicator lamps."""

from __future__ import annotations

import numpy as np

from training.pictures.canvas import Canvas
from training.pictures.marks import mark
from training.pictures.picture import Topic
from training.pictures.questions import ask, unseen_fields
from training.pictures.sampling import chance, pick
from training.pictures.words import COLOURS, NO, NONE, UNSEEN, YES

LAMPS = ("red", "green", "yellow", "blue", "white")
LABELS = (
    "RUN ALARM POWER READY FAULT STOP AUTO ERROR COM LINK START ON WARN MANUAL TX RX BAT HEAT PUMP".split(),
    "电源 运行 报警 故障 停止 启动 自动 手动 就绪 通信 加热 合闸 分闸 急停 水泵 风机 缺相 过载 正常".split(),
)

WHICH_ZH = (
    "哪个颜色的灯亮着？|亮着的灯是什么颜色？|什么颜色的灯亮了？|现在亮的是什么颜色的灯？|"
    "哪种颜色的灯在亮？|亮的灯是什么颜色的?|灯亮的是什么颜色？|请问亮着的是什么颜色？|"
    "哪盏灯亮着？说颜色|现在什么灯亮？说出颜色。"
).split("|")
WHICH_EN = (
    "Which colour is lit?|Which color is on?|What colour is the lit lamp?|What colour is lit?|Which "
    "colour of lamp is on?|What color is the light that is on?|Tell me the colour that is lit.|What "
    "colour is on now?|which colour is lit|What's the colour of the lit lamp?"
).split("|")
LIT_ZH = (
    "有几个灯亮着？|几个灯亮了？|亮着几个灯？|一共亮了几个灯？|有多少个灯是亮的？|几盏灯亮着?|"
    "亮了多少盏灯？|现在有几个灯亮？|数一下亮着的灯|亮灯数量是多少？|请问亮着几盏灯？|"
    "有几个指示灯亮着？"
).split("|")
LIT_EN = (
    "How many lamps are lit?|How many lights are on?|How many indicators are lit?|How many are lit?|"
    "Count the lit lamps.|How many lamps are on?|How many lights are lit now?|what number of lamps "
    "are on|Number of lit lamps?|How many of the lamps are on?|Please count the lights that are on."
).split("|")
ALL_ZH = (
    "一共有几个灯？|总共有多少个灯？|有几个指示灯？|灯的总数是多少？|面板上有几个灯？|共有几盏灯?|"
    "亮的不亮的一共几个灯？|图里一共多少盏灯？"
).split("|")
ALL_EN = (
    "How many lamps are there?|How many indicator lamps are there in total?|How many lamps are "
    "there, lit or not?|How many lights does the panel have?|Count all lamps.|What is the total "
    "number of lamps?|How many indicators are on the panel?|how many lamps in all"
).split("|")
DARK_ZH = "有几个灯没亮？|几个灯是灭的？|没亮的灯有几个？|有多少个灯不亮？|几盏灯灭着？|熄灭的灯有几个？".split("|")
DARK_EN = (
    "How many lamps are off?|How many lights are not lit?|How many lamps are dark?|How many are "
    "unlit?|Count the lamps that are off.|How many lights are off?"
).split("|")
ON_ZH = (
    "{c}灯亮着吗？|{c}灯亮了吗？|{c}的灯亮着吗？|{c}灯亮没亮？|{c}灯是不是亮着？|{c}指示灯亮着吗？|"
    "{c}的灯是亮的吗?|{c}灯在亮吗？|看看{c}灯亮了没有|请问{c}灯亮着吗？|{c}灯现在亮不亮？"
).split("|")
ON_EN = (
    "Is the {c} lamp on?|Is the {c} light on?|Is the {c} one on?|Is the {c} lamp lit?|Is the {c} "
    "indicator lit?|Is the {c} light lit?|Does the {c} lamp glow?|is the {c} light on|Is {c} on?|"
    "Please check whether the {c} lamp is on.|Can you see whether the {c} light is on?"
).split("|")
THEN_ZH = "那{c}灯呢？|{c}灯呢？|{c}的呢？|那{c}的呢？|还有{c}灯呢？".split("|")
THEN_EN = "And the {c} one?|What about the {c} one?|And the {c} lamp?|How about the {c} light?|and the {c} one?".split(
    "|"
)
NAMED_ZH = "{c}灯亮着吗？|{c}灯亮了吗？|{c}指示灯亮着吗？|标着{c}的灯亮了吗？|{c}那个灯亮着吗？|{c}的灯亮不亮？".split(
    "|"
)
NAMED_EN = (
    "Is the {c} lamp on?|Is the {c} light on?|Is the {c} indicator lit?|Is the lamp labelled {c} "
    "lit?|Is {c} lit?|Does the {c} lamp light up?"
).split("|")
TINT_ZH = "{c}灯是什么颜色？|{c}指示灯是什么颜色的？|{c}的灯是什么颜色？|标着{c}的灯什么颜色？".split("|")
TINT_EN = (
    "What colour is the {c} lamp?|What is the colour of the {c} light?|What color is the {c} "
    "indicator?|Which colour does the {c} lamp have?"
).split("|")
NAME_ZH = "哪个灯亮着？|亮着的是哪个灯？|亮的灯标着什么？|哪个指示灯亮了？|亮着的灯叫什么？".split("|")
NAME_EN = (
    "Which lamp is on?|Which lamp is lit?|What is the label of the lit lamp?|Which indicator is lit?|"
    "What is written at the lit lamp?"
).split("|")


def colour_word(name: str, language: str) -> str:
    return COLOURS[name][language == "en"]


def lamp(
    canvas: Canvas, x: float, y: float, radius: float, colour: str, lit: bool, shape: str, look: int, strength: float
):
    """One lamp. Lit ones are bright with a light middle and a halo; dark ones a dim shade of their colour."""
    rgb = np.array(COLOURS[colour][2], np.float32)
    rim = (60, 60, 62) if look % 2 else (175, 178, 182)

    def spot(scale, tone, dx=0.0):
        tone = np.clip(tone, 0, 255)
        if shape == "round":
            canvas.circle(x + dx * radius, y + dx * radius, radius * scale, tone)
        else:
            half = radius * scale * 0.9
            wide = half * (1.5 if shape == "wide" else 1.0)
            canvas.rectangle(
                (x + dx * radius - wide, y + dx * radius - half, x + dx * radius + wide, y + dx * radius + half),
                tone,
                0.25 * half,
            )

    spot(1.18, np.array(rim))
    if lit:
        if shape == "round" and look >= 2:
            box = [
                max(0, int(y - 1.9 * radius)),
                int(y + 1.9 * radius) + 1,
                max(0, int(x - 1.9 * radius)),
                int(x + 1.9 * radius) + 1,
            ]
            part = canvas.pixels[box[0] : box[1], box[2] : box[3]]
            if part.size:
                yy, xx = np.ogrid[: part.shape[0], : part.shape[1]]
                distance = np.hypot(xx + box[2] - x, yy + box[0] - y) / radius
                halo = (0.55 * np.clip(1.9 - distance, 0, 0.9))[..., None]
                part[:] = (part + halo * (np.clip(rgb * 0.8 + 60, 0, 255) - part)).astype(np.uint8)
        spot(1.0, rgb * 0.92 + 20)
        spot(0.72, rgb * 0.72 + 80)
        spot(0.42, rgb * 0.45 + 145)
    else:
        base = rgb * strength + 14 if colour != "white" else np.full(3, 255 * strength * 0.75 + 20)
        spot(1.0, base)
        spot(0.8, base * 1.12)
        spot(0.16, base * 1.12 + 45, -0.4)


def paint(canvas: Canvas) -> list[Topic]:
    rng, level, split = canvas.rng, canvas.level, canvas.split
    count = int(rng.integers(1, 4 if level < 0.2 else 7))
    down = 1 if count < 4 or chance(rng, 0.6) else 2
    if chance(rng, 0.25):
        down = count if count <= 4 else 2
    across = -(-count // down)
    labelled = level > 0.15 and chance(rng, 0.55)
    colours = [pick(rng, LAMPS) for _ in range(count)]
    if count <= len(LAMPS) and chance(rng, 0.6):
        colours = list(rng.permutation(LAMPS)[:count])
    lit_share = rng.choice([0.15, 0.5, 0.5, 0.85])
    lit = [bool(v) for v in rng.random(count) < lit_share]
    if count > 1 and chance(rng, 0.35):
        lit = [False] * count
        lit[int(rng.integers(count))] = True
    shape = pick(rng, ["round", "round", "round", "square", "wide"])

    margin = rng.uniform(0.02, 0.1) * min(canvas.size)
    wide, tall = canvas.width - 2 * margin, canvas.height - 2 * margin
    type = canvas.type(clear=False)
    size = max(17 * canvas.unit, min(canvas.draw_em(), 0.16 * tall / down))
    cell = min(wide / across, (tall - (1.5 * size * down if labelled else 0)) / down)
    cell *= 1.0 if level < 0.2 else rng.uniform(0.55, 1.0)
    cell = max(cell, 44 * canvas.unit)
    words = list(rng.permutation(pick(rng, LABELS))[:count]) if labelled else []
    column = max([cell] + [type.width(word, round(size)) + 0.4 * size for word in words])
    if column * across > wide:
        words, labelled, column = [], False, min(cell, wide / across)
    cell = min(cell, column)
    row = cell + (1.5 * size if labelled else 0)
    panel_w, panel_h = (
        min(wide, column * across * rng.uniform(1.02, 1.25)),
        min(tall, row * down * rng.uniform(1.02, 1.2)),
    )
    row = min(row, panel_h / down)
    radius = min(cell * rng.uniform(0.24, 0.34), (row - (1.5 * size if labelled else 0)) * 0.36)
    if shape == "wide":
        radius *= 0.85
    x0, y0 = margin + rng.random() * (wide - panel_w), margin + rng.random() * (tall - panel_h)
    panel = pick(
        rng,
        [
            (45, 47, 50),
            (205, 206, 204),
            (95, 98, 104),
            (232, 232, 228),
            (28, 30, 34),
            (150, 152, 156),
            (70, 86, 110),
            (190, 184, 160),
        ],
    )
    canvas.rectangle((x0, y0, x0 + panel_w, y0 + panel_h), panel, pick(rng, [0, 0.05, 0.1]) * panel_h)
    ink = canvas.ink(panel)
    look, strength, above = int(rng.integers(4)), rng.uniform(0.2, 0.36), chance(rng, 0.3)
    for i in range(count):
        x = x0 + panel_w * (i % across + 0.5) / across
        y = y0 + panel_h * (i // across + 0.5) / down
        if labelled:
            offset = 0.7 * size
            y += offset if above else -offset
            canvas.text_in(
                x,
                y + (-(radius * 1.2 + 0.7 * size) if above else radius * 1.2 + 0.75 * size),
                words[i],
                type,
                size,
                ink,
            )
        canvas.keep(x, y, 1.8 * radius)
        canvas.mark(mark("lamp", colours[i], lit[i]), x, y)
        lamp(canvas, x, y, radius, colours[i], lit[i], shape, look, strength)
    canvas.em = min(canvas.em, 2.2 * radius)
    return topics(rng, split, colours, lit, words)


def topics(rng, split, colours, lit, words) -> list[Topic]:
    on = [colour for colour, state in zip(colours, lit) if state]
    result = [
        Topic("lamp", "lit", ask(rng, split, LIT_ZH, LIT_EN, str(len(on)))),
        Topic("lamp", "lamps", ask(rng, split, ALL_ZH, ALL_EN, str(len(colours)))),
    ]
    if chance(rng, 0.4):
        result.append(Topic("lamp", "dark", ask(rng, split, DARK_ZH, DARK_EN, str(len(colours) - len(on)))))
    if len(set(on)) <= 1:
        which = (lambda language: colour_word(on[0], language)) if on else (lambda language: NONE[language])
        if not words:
            result.append(Topic("lamp", "colour", ask(rng, split, WHICH_ZH, WHICH_EN, which)))
        else:
            result.append(
                Topic("lamp", "colour", ask(rng, split, [w for w in WHICH_ZH if "颜色" in w], WHICH_EN, which))
            )
    for colour in LAMPS:
        states = {state for c, state in zip(colours, lit) if c == colour}
        if len(states) == 1:
            truth = states.pop()
            reply = lambda language, truth=truth: (YES if truth else NO)[language]  # noqa: E731
            result.append(
                Topic(
                    "lamp" if chance(rng, 0.6) else "yesno",
                    "on",
                    ask(
                        rng,
                        split,
                        ON_ZH,
                        ON_EN,
                        reply,
                        (THEN_ZH, THEN_EN),
                        c=lambda language, colour=colour: colour_word(colour, language),
                    ),
                    "on",
                )
            )
        elif not states and chance(rng, 0.25):
            result.append(
                Topic(
                    "absent",
                    "on",
                    ask(
                        rng,
                        split,
                        ON_ZH,
                        ON_EN,
                        lambda language: UNSEEN[language],
                        (THEN_ZH, THEN_EN),
                        c=lambda language, colour=colour: colour_word(colour, language),
                    ),
                    "on",
                )
            )
    if words:
        for i in rng.permutation(len(words))[:3]:
            truth = lit[i]
            reply = lambda language, truth=truth: (YES if truth else NO)[language]  # noqa: E731
            result.append(
                Topic(
                    "lamp" if chance(rng, 0.6) else "yesno",
                    "named",
                    ask(rng, split, NAMED_ZH, NAMED_EN, reply, c=str(words[i])),
                )
            )
        for i in range(len(words)):
            if lit[i] and chance(rng, 0.5):
                result.append(
                    Topic(
                        "lamp",
                        "tint",
                        ask(
                            rng,
                            split,
                            TINT_ZH,
                            TINT_EN,
                            lambda language, i=i: colour_word(colours[i], language),
                            c=str(words[i]),
                        ),
                    )
                )
        if len(on) == 1:
            result.append(Topic("lamp", "name", ask(rng, split, NAME_ZH, NAME_EN, str(words[lit.index(True)]))))
    return result + unseen_fields(rng, split)

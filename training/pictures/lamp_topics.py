"""What is asked about a panel of lamps."""

from __future__ import annotations

from training.pictures.picture import Topic
from training.pictures.questions import ask, unseen_fields
from training.pictures.sampling import chance
from training.pictures.words import COLOURS, NO, NONE, UNSEEN, YES

LAMPS = ("red", "green", "yellow", "blue", "white")
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

# Of training alone.
ANY_ZH = "有灯亮着吗？|有没有灯亮？|有灯在亮吗？|面板上有亮着的灯吗？|有哪个灯亮了吗？".split("|")
ANY_EN = "Is any lamp on?|Is there a light on?|Are any lights lit?|Is anything lit?|Does any lamp glow?".split("|")
EVERY_ZH = "所有灯都亮着吗？|灯全亮了吗？|每个灯都亮着吗？|是不是全都亮着？|灯都亮了吗？".split("|")
EVERY_EN = "Are all lamps on?|Is every light lit?|Are all the lights on?|Do all lamps glow?|Is each of the lamps lit?".split("|")


def colour_word(name: str, language: str) -> str:
    return COLOURS[name][language == "en"]


def topics(rng, split, colours, lit, words) -> list[Topic]:
    on = [colour for colour, state in zip(colours, lit) if state]
    result = [
        Topic("lamp", "lit", ask(rng, split, LIT_ZH, LIT_EN, str(len(on)))),
        Topic("lamp", "lamps", ask(rng, split, ALL_ZH, ALL_EN, str(len(colours)))),
    ]
    if chance(rng, 0.4):
        result.append(Topic("lamp", "dark", ask(rng, split, DARK_ZH, DARK_EN, str(len(colours) - len(on)))))
    if len(set(on)) <= 1:
        which = (lambda language: colour_word(on[0], language)) if on else NONE
        if not words:
            result.append(Topic("lamp", "colour", ask(rng, split, WHICH_ZH, WHICH_EN, which)))
        else:
            result.append(
                Topic("lamp", "colour", ask(rng, split, [w for w in WHICH_ZH if "颜色" in w], WHICH_EN, which))
            )
    for colour in LAMPS:
        states = {state for c, state in zip(colours, lit) if c == colour}
        if len(states) == 1:
            reply = YES if states.pop() else NO
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
                        UNSEEN,
                        (THEN_ZH, THEN_EN),
                        c=lambda language, colour=colour: colour_word(colour, language),
                    ),
                    "on",
                )
            )
    if split == "train":
        for zh, en, truth, usual in ((ANY_ZH, ANY_EN, bool(on), True), (EVERY_ZH, EVERY_EN, len(on) == len(lit), False)):
            if truth != usual or chance(rng, 0.2):
                result.append(Topic("yesno", "any", ask(rng, split, zh, en, YES if truth else NO)))
    if words:
        for i in rng.permutation(len(words))[:3]:
            named = ask(rng, split, NAMED_ZH, NAMED_EN, YES if lit[i] else NO, c=str(words[i]))
            result.append(Topic("lamp" if chance(rng, 0.6) else "yesno", "named", named))
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

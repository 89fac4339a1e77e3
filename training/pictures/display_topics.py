"""What can be asked about the readings on a display."""

from __future__ import annotations

from training.pictures.picture import Topic
from training.pictures.quantities import PLAIN, QUANTITIES, join, number
from training.pictures.questions import noun, read, unseen, wording, yes_or_no
from training.pictures.sampling import chance, digits, pick
from training.pictures.words import IS_EN, IS_ZH

SHOWN_ZH = (
    "显示的是多少？|屏幕上显示多少？|屏幕显示什么？|读数是多少？|读数？|现在的读数是多少?|"
    "表上显示多少？|请读一下显示屏。|显示屏上的数字是多少？|数码管显示多少？|数值是多少？|"
    "现在是多少？|读一下屏幕|显示器上写的是什么？|请问当前读数是多少？|帮我读一下数值|"
    "屏上的数字是什么?|数字是多少|面板显示多少？"
).split("|")
SHOWN_EN = (
    "What does the display show?|What is the reading?|Reading?|What's on the display?|Read the "
    "display.|Read the display, please.|What number is shown?|What does the screen say?|"
    "What value is displayed?|What is the displayed value?|Tell me the reading.|What does it read?|"
    "Could you read the display?|What is shown on the screen?|what does it show|"
    "What figure is on the display?|Please read the value.|What does the meter say?|Which value do you see?"
).split("|")
LESS_ZH = "{n}超过{v}了吗？|{n}大于{v}吗？|{n}高于{v}吗？|{n}有没有超过{v}？|{n}是不是比{v}高？|{n}比{v}大吗？".split(
    "|"
)
LESS_EN = (
    "Is the {n} above {v}?|Is the {n} over {v}?|Is the {n} greater than {v}?|Does the {n} exceed "
    "{v}?|Is the {n} higher than {v}?|Is the {n} more than {v}?"
).split("|")


def topics(rng, split: str, pieces: dict[str, tuple[str, str, str, str]], labelled: bool, readings) -> list[Topic]:
    """What can be asked about pieces by quantity: number, printed unit, answer, label.

    `readings`: number and unit, printed or not.
    """
    count = len(pieces)
    topics: list[Topic] = []
    for name, (text, unit_text, answer, label) in pieces.items():
        if labelled or (unit_text not in ("", "%", "t", "g") and name != "level"):
            if count > 1 or label or name not in ("setpoint",):
                topics.append(read(rng, split, name, answer, "display", "shown"))
                topics += compare(rng, split, name, text, unit_text, answer)
    if count == 1:
        name, (text, unit_text, answer, label) = next(iter(pieces.items()))
        for _ in range(2):
            topics.append(
                Topic(
                    "display",
                    "reading",
                    lambda language, follow, answer=answer: (
                        wording(rng, split, SHOWN_ZH if language == "zh" else SHOWN_EN),
                        answer,
                    ),
                )
            )
    for name in rng.choice([n for n in sorted(PLAIN) if n not in readings], size=2, replace=False):
        if labelled or all(unit for _, unit, _, _ in pieces.values()):
            if not confusable(name, readings):
                topics.append(unseen(rng, split, str(name), "shown"))
    for name in rng.choice(["model", "serial", "date", "ip", "manufacturer"], size=3, replace=False):
        topics.append(unseen(rng, split, str(name), "field"))
    return topics


def confusable(name: str, readings) -> bool:
    """A weight may be taken for a level and so on where the units agree."""
    units = {unit for _, unit in readings.values()}
    return name == "setpoint" or bool(units & {u for u in QUANTITIES[name][3] if u}) or "count_now" in readings


def compare(rng, split, name, text, unit, answer) -> list[Topic]:
    result = []
    if ":" not in text:
        for truth in (True, False):
            other = text
            while other == text:
                other = number(rng, name, split) if chance(rng, 0.5) else changed(rng, text)
            shown = answer if truth else join(other, unit)
            if chance(rng, 0.4):
                result.append(
                    yes_or_no(
                        rng,
                        split,
                        name,
                        IS_ZH[:4],
                        IS_EN[:4],
                        truth,
                        lambda language, shown=shown: {"n": noun(rng, name, language), "v": shown},
                    )
                )
        value = float(text)
        step = max(abs(value) * rng.uniform(0.1, 0.5), 2)
        above = chance(rng, 0.5)
        limit = f"{value - step if above else value + step:.0f}"
        if chance(rng, 0.5) and (float(limit) < value) == above and float(limit) != value:
            result.append(is_above(rng, split, name, above, join(limit, unit)))
    return result


def is_above(rng, split: str, name: str, truth: bool, limit: str) -> Topic:
    """Whether a reading is above a limit as it is printed, with its unit."""
    return yes_or_no(rng, split, name, LESS_ZH, LESS_EN, truth, lambda language: {"n": noun(rng, name, language), "v": limit})


def changed(rng, text: str) -> str:
    places = [i for i, c in enumerate(text) if c.isdigit()]
    place = pick(rng, places)
    return text[:place] + digits(rng, 1) + text[place + 1 :]

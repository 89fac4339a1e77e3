"""What is asked about parts."""

from __future__ import annotations

from training.pictures.lamp_topics import colour_word
from training.pictures.picture import Topic
from training.pictures.questions import ask, unseen_fields
from training.pictures.sampling import chance, pick
from training.pictures.words import COLOURS, NO, PARTS, YES

MANY_ZH = (
    "有几个{p}？|有多少个{p}？|一共有几个{p}？|图中有几个{p}？|图里有多少个{p}?|{p}有几个？|"
    "{p}有多少个？|数一下{p}有几个|请数一下{p}。|请问有几个{p}？|能看到几个{p}？|桌上有几个{p}？|"
    "{p}的数量是多少？|数数有几个{p}|总共多少个{p}？|这里有几个{p}？"
).split("|")
MANY_EN = (
    "How many {p} are there?|How many {p} do you see?|Count the {p}.|Count the {p}, please.|How many "
    "{p} can you see?|How many {p} are in the picture?|What is the number of {p}?|How many {p}?|how "
    "many {p} are there|Tell me how many {p} there are.|How many {p} are on the table?|Number of "
    "{p}?|How many {p} are visible?|Please count the {p}.|How many {p} does the picture show?"
).split("|")
THEN_ZH = "那{p}呢？|{p}呢？|{p}有几个呢？|那{p}有几个？|还有{p}呢？".split("|")
THEN_EN = "And {p}?|And how many {p}?|What about {p}?|How about the {p}?|And the {p}?|and {p}?".split("|")
ANY_ZH = (
    "有{p}吗？|有没有{p}？|图中有{p}吗？|能看到{p}吗？|里面有{p}吗？|图里有没有{p}?|看得到{p}吗？|这里有{p}吗？".split(
        "|"
    )
)
ANY_EN = (
    "Are there any {p}?|Are there {p} in the picture?|Do you see any {p}?|Can you see any {p}?|Is "
    "there any of the {p}?|are there any {p}|Does the picture show any {p}?|Any {p}?"
).split("|")
TINT_ZH = (
    "{p}是什么颜色？|{p}是什么颜色的？|{p}的颜色是什么？|什么颜色的{p}？|请问{p}是什么颜色？|图中的{p}是什么颜色？"
).split("|")
TINT_EN = (
    "What colour {v} the {p}?|Which colour {v} the {p}?|What color {v} the {p}?|Tell me what colour "
    "the {p} {v}.|the {p} {v} what colour?|Of what colour {v} the {p}?"
).split("|")
MORE_ZH = "{p}比{q}多吗？|{p}是不是比{q}多？|{p}多还是{q}多，是{p}多吗？|{p}的数量比{q}多吗？".split("|")
MORE_EN = (
    "Are there more {p} than {q}?|Do you see more {p} than {q}?|Are the {p} more than the {q}?|Is "
    "the number of {p} greater than that of {q}?"
).split("|")
# Of training alone.
KINDS_ZH = "有几种零件？|一共有几种零件？|零件分几种？|图中有多少种零件？".split("|")
KINDS_EN = "How many kinds of parts are there?|How many different parts are there?|How many sorts of parts do you see?".split("|")
LEAD_ZH = "哪种零件最多？|什么零件最多？|数量最多的是哪种零件？|最多的是什么？".split("|")
LEAD_EN = "Which part is there most of?|Which kind of part is the most frequent?|What is there most of?|Which parts are most numerous?".split("|")


def name_of(part: str, tint: str | None, language: str, number: int = 2) -> str:
    zh, one, many = PARTS[part] if part else ("零件", "part", "parts")
    if language == "zh":
        return (colour_word(tint, "zh") + "的" if tint else "") + zh
    return (tint + " " if tint else "") + (many if number != 1 else one)


def topics(rng, split, parts, usable) -> list[Topic]:
    """Questions about (part, tint) pairs; a tint without a name is not asked for, nor those that it could be taken for."""
    number = lambda part, tint: sum((not part or p == part) and (not tint or t == tint) for p, t in parts)  # noqa: E731
    present = sorted({p for p, _ in parts})
    tints = sorted({t for _, t in parts if t})
    wanted = [(p, None) for p in present] + [("", t) for t in tints] + [("", None)] * 3
    plain = all(tint for _, tint in parts)
    wanted += [(p, t) for p in present for t in tints if plain or number(p, t)]
    absent_part = pick(rng, [p for p in PARTS if p not in present])
    wanted.append((absent_part, None))
    if chance(rng, 0.3) and len(usable) > len(tints) and plain:
        wanted.append((pick(rng, present), pick(rng, [t for t in usable if t not in tints])))
    result = []
    for part, tint in wanted:
        count = number(part, tint)
        words = lambda language, part=part, tint=tint: name_of(part, tint, language)  # noqa: E731
        result.append(
            Topic("count", "count", ask(rng, split, MANY_ZH, MANY_EN, str(count), (THEN_ZH, THEN_EN), p=words), "count")
        )
    for truth in (True, False):
        pool = [
            (p, t)
            for p in list(PARTS) + [""]
            for t in [None, *COLOURS]
            if (p or t) and (number(p, t) > 0) == truth and (truth or not t or p in present and plain)
        ]
        for part, tint in (pool[i] for i in rng.integers(0, len(pool), 2)):
            result.append(
                Topic(
                    "yesno",
                    "any",
                    ask(
                        rng,
                        split,
                        ANY_ZH,
                        ANY_EN,
                        YES if truth else NO,
                        p=lambda language, part=part, tint=tint: name_of(part, tint, language),
                    ),
                )
            )
    for part in present:
        of_part = {t for p, t in parts if p == part}
        if len(of_part) == 1 and of_part != {""}:
            tint, count = of_part.pop(), number(part, None)
            result.append(
                Topic(
                    "count",
                    "colour",
                    ask(
                        rng,
                        split,
                        TINT_ZH,
                        TINT_EN,
                        lambda language, tint=tint: colour_word(tint, language),
                        p=lambda language, part=part, count=count: name_of(part, None, language, count),
                        v="is" if count == 1 else "are",
                    ),
                )
            )
    if split == "train" and chance(rng, 0.4):
        result.append(Topic("count", "kinds", ask(rng, split, KINDS_ZH, KINDS_EN, str(len(present)))))
        counts = sorted((number(part, None), part) for part in present)
        if len(counts) > 1 and counts[-1][0] > counts[-2][0]:
            lead = lambda language: name_of(counts[-1][1], None, language)  # noqa: E731
            result.append(Topic("count", "most", ask(rng, split, LEAD_ZH, LEAD_EN, lead)))
    if len(present) > 1:
        first, second = (str(p) for p in rng.permutation(present)[:2])
        if number(first, None) != number(second, None):
            result.append(
                Topic(
                    "yesno",
                    "more",
                    ask(
                        rng,
                        split,
                        MORE_ZH,
                        MORE_EN,
                        YES if number(first, None) > number(second, None) else NO,
                        p=lambda language: name_of(first, None, language),
                        q=lambda language: name_of(second, None, language),
                    ),
                )
            )
    return result + unseen_fields(rng, split)

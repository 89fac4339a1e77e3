"""What can be asked about a medicine's box. The answers are short sentences that can be spoken."""

from __future__ import annotations

from training.pictures.medicine import MEAL, TIMES_EN, TIMES_ZH, Medicine
from training.pictures.picture import Topic
from training.pictures.questions import ask, unseen
from training.pictures.sampling import pick
from training.pictures.words import NO, NOUNS, UNSEEN, YES

NOUNS["drug"] = (
    "药名 药品名称 药的名字 药品名".split(),
    "name of the medicine|drug name|medicine's name|name of the drug".split("|"),
)
NOUNS["expiry"] = (
    "有效期 失效日期 保质期 到期日期".split(),
    "expiry date|expiration date|use-by date|best-before date".split("|"),
)

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


def topics(rng, split, box: Medicine) -> list[Topic]:
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
            ask(rng, split, UNTIL_ZH, UNTIL_EN, box.expiry if box.year else UNSEEN),
        )
    )
    claims = (  # field, what the box says, what any box could, wordings
        ("meal", box.meal, {meal: {"zh": zh, "en": en} for meal, (zh, en, *_) in MEAL.items()}, AFTER_ZH, AFTER_EN),
        ("often", box.times, {times: {"zh": zh, "en": TIMES_EN[times]} for times, zh in TIMES_ZH.items()}, TIMES_Q_ZH, TIMES_Q_EN),
    )
    for field, true, sayings, zh, en in claims:
        for truth in (True, False) if true else ():
            claim = true if truth else pick(rng, [other for other in sayings if other != true])
            result.append(Topic("yesno", field, ask(rng, split, zh, en, YES if truth else NO, m=sayings[claim])))
    for name in rng.choice(["ip", "voltage", "power", "current", "frequency", "model"], size=2, replace=False):
        result.append(unseen(rng, split, str(name)))
    return result

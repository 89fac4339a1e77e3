"""Turns topics into a coherent conversation, in many wordings, some of which only the test asks."""

from __future__ import annotations

import re

from training.pictures.paraphrases import MORE
from training.pictures.picture import Topic, Turn
from training.pictures.sampling import chance, pick
from training.pictures.splits import HELD_OUT_WORDINGS, share
from training.pictures.words import (
    FOLLOW_EN,
    FOLLOW_ZH,
    NO,
    NOUNS,
    READ_EN,
    READ_ZH,
    SPECIAL_EN,
    SPECIAL_ZH,
    THERE_EN,
    THERE_ZH,
    UNSEEN,
    YES,
)

TINTED = re.compile("([红绿蓝黄白黑])色(?:(?=灯)|(的)(?=[^呢\\W]))")
_split: dict[int, tuple[list[str], list[str], list[str]]] = {}


def parted(wordings: list[str]) -> tuple[list[str], list[str]]:
    """Those for training and the test alike, and those that are kept for the test."""
    known = _split.get(id(wordings))
    if known is None or known[2] is not wordings:
        kept = [w for w in wordings if share(w) < HELD_OUT_WORDINGS and len(wordings) > 4]
        seen = [w for w in wordings if w not in kept]
        known = _split[id(wordings)] = (seen, kept, wordings)
    return known[:2]


def wording(rng, split: str, wordings: list[str]) -> str:
    """One of the wordings for training, or in the test one of those kept for it every other time."""
    seen, kept = parted(wordings)
    if split == "train":
        return pick(rng, seen + MORE.get(wordings[0], []))
    return pick(rng, kept) if kept and chance(rng, 0.5) else pick(rng, seen)


def careless(rng, question: str) -> str:
    """Punctuation and capitals as people type them."""
    point = rng.random()
    if point < 0.12:
        return question.replace("？", "?").replace("，", ",")
    if point < 0.18:
        return question.rstrip("？?。.")
    if point < 0.24 and question[1:2].islower():
        return question[0].lower() + question[1:]
    return question


def fill(template: str, **words: str) -> str:
    """Fills a template, and mends the English article before it: a input voltage, an IP address."""
    text = template.format(**words)
    noun = words.get("n", "")
    if noun and " a " + noun in text and (noun[0].lower() in "aeio" or noun.startswith("S/N")):
        text = text.replace(" a " + noun, " an " + noun, 1)
    return text


def shortened(rng, question: str) -> str:
    """Colours as they are said before a noun: 红灯, 红的螺母, 红色螺母 for 红色灯 and 红色的螺母."""
    return TINTED.sub(lambda found: found[1] + pick(rng, ["", "的", "色"] if found[2] else [""]), question)


def ask(rng, split, zh, en, answer, then=None, **words):
    """A topic's ask: answers and words are a text for both languages, texts by language or a function of the language."""

    def said(value, language):
        return value(language) if callable(value) else value[language] if isinstance(value, dict) else value

    def question(language, follow):
        own = {name: said(value, language) for name, value in words.items()}
        templates = (then if follow and then else (zh, en))[language == "en"]
        asked = fill(wording(rng, split, templates), **own)
        if split == "train" and chance(rng, 0.5):
            asked = shortened(rng, asked)
        return asked, said(answer, language)

    return question


def noun(rng, name: str, language: str) -> str:
    return pick(rng, NOUNS[name][language == "en"])


def first_noun(rng, name: str, language: str) -> str:
    """The plainest of a field's names, for those who ask only by it."""
    return NOUNS[name][language == "en"][0]


def ask_field(rng, split: str, name: str, language: str, follow: bool) -> str:
    """Asks for a field of NOUNS in one of its wordings."""
    special = (SPECIAL_ZH if language == "zh" else SPECIAL_EN).get(name, ())
    if follow:
        template = wording(rng, split, FOLLOW_ZH if language == "zh" else FOLLOW_EN)
    elif special and chance(rng, 0.6 if name == "product" else 0.18):
        return wording(rng, split, special)
    else:
        template = wording(rng, split, READ_ZH if language == "zh" else READ_EN)
    return fill(template, n=noun(rng, name, language))


def read(rng, split: str, name: str, answer: str, tag: str, group: str = "field") -> Topic:
    return Topic(tag, name, lambda language, follow: (ask_field(rng, split, name, language, follow), answer), group)


def unseen(rng, split: str, name: str, group: str = "field") -> Topic:
    """A field that is not in the picture."""
    return Topic(
        "absent",
        name,
        lambda language, follow: (ask_field(rng, split, name, language, follow), UNSEEN[language]),
        group,
    )


def unseen_fields(rng, split: str) -> list[Topic]:
    """Three fields of a nameplate, for a picture that has none."""
    fields = ["model", "serial", "date", "ip", "voltage", "power", "temperature", "manufacturer", "current", "frequency"]
    return [unseen(rng, split, str(name)) for name in rng.choice(fields, size=3, replace=False)]


def yes_or_no(
    rng, split: str, name: str, zh: list[str], en: list[str], truth: bool, words=None, tag: str = "yesno"
) -> Topic:
    """`words(language)` gives what fills the templates."""

    def ask(language, follow):
        template = wording(rng, split, zh if language == "zh" else en)
        return fill(template, **(words(language) if words else {})), (YES if truth else NO)[language]

    return Topic(tag, name, ask)


def is_there(rng, split: str, name: str, truth: bool, noun=noun) -> Topic:
    """Whether a field of NOUNS is in the picture, by one of its names."""
    return yes_or_no(rng, split, name, THERE_ZH, THERE_EN, truth, lambda language: {"n": noun(rng, name, language)})


SHARES = {  # of a conversation's turns: skill, absent, yes or no
    None: (0.70, 0.14, 0.16),
    "absent": (0.25, 0.65, 0.10),
    "yesno": (0.25, 0.10, 0.65),
    "followup": (0.80, 0.12, 0.08),
}


def converse(rng, topics: list[Topic], skill: str, most: int) -> list[Turn]:
    """3 to `most` turns (fewer where less can be asked) in random order; no field is asked twice in the same way."""
    shares = SHARES.get(skill, SHARES[None])
    piles = ([], [], [])
    for topic in topics:
        piles[1 if topic.tag == "absent" else 2 if topic.tag == "yesno" else 0].append(topic)
    for pile in piles:
        rng.shuffle(pile)
    follow_share = 0.7 if skill == "followup" else 0.25
    language = "zh" if chance(rng, 0.5) else "en"
    turns: list[Turn] = []
    group = None
    for _ in range(int(rng.integers(3, most + 1))):
        weights = [share if pile else 0.0 for share, pile in zip(shares, piles)]
        if not sum(weights) or (len(turns) >= 3 and shares is SHARES[None] and not piles[0]):
            break
        point, index = rng.random() * sum(weights), 0
        while index < 2 and point >= weights[index]:
            point -= weights[index]
            index += 1
        topic = piles[index].pop()
        spoken = language if chance(rng, 0.88) else ("en" if language == "zh" else "zh")
        if spoken not in topic.languages:
            spoken = topic.languages[0]
        follows = (
            bool(topic.group) and topic.group == group and turns[-1].language == spoken and chance(rng, follow_share)
        )
        question, answer = topic.ask(spoken, follows)
        tag = "absent" if answer == UNSEEN[spoken] else "followup" if follows else topic.tag
        turns.append(Turn(careless(rng, question), answer, tag, topic.field, spoken, topic.tolerance, follows))
        group = topic.group or None
    return turns

"""Asking for a field of something that is no machine: the wordings of words.py without devices and nameplates."""

from __future__ import annotations

from training.pictures.picture import Topic
from training.pictures.questions import fill, noun, wording
from training.pictures.words import FOLLOW_EN, FOLLOW_ZH, READ_EN, READ_ZH, UNSEEN

MACHINES = (
    "设备",
    "机器",
    "铭牌",
    "这台",
    "它",
    "plate",
    "label",
    "device",
    "machine",
    "unit",
    "nameplate",
    "its",
    "it",
)


def plain(wordings: list[str]) -> list[str]:
    return [
        w for w in wordings if not set(w.rstrip("?.").split()) & set(MACHINES) and not any(m in w for m in MACHINES[:5])
    ]


READ = plain(READ_ZH), plain(READ_EN)
FOLLOW = plain(FOLLOW_ZH), plain(FOLLOW_EN)


def field(
    rng, split: str, name: str, answer: str | None, tag: str, special=None, tongues=("zh", "en"), group: str = "field"
) -> Topic:
    """Asks for a field of NOUNS, now and then in one of its `special` wordings (Chinese, English); without an answer it cannot be seen."""

    def ask(language: str, follow: bool):
        english = language == "en"
        if special and not follow and rng.random() < 0.6:
            question = wording(rng, split, special[english])
        else:
            question = fill(wording(rng, split, (FOLLOW if follow else READ)[english]), n=noun(rng, name, language))
        return question, UNSEEN[language] if answer is None else answer

    return Topic("absent" if answer is None else tag, name, ask, group, languages=tuple(tongues))

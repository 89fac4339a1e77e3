"""What is asked about a nameplate."""

from __future__ import annotations

from training.pictures.nameplate_rows import value_of
from training.pictures.picture import Topic
from training.pictures.questions import is_there, noun, read, unseen, yes_or_no
from training.pictures.sampling import LETTERS, chance, pick
from training.pictures.words import IS_EN, IS_ZH, UNSEEN

ASKED = ("model", "serial", "date", "ip", "voltage", "power", "current", "frequency", "temperature", "manufacturer")


def altered(rng, name: str, value: str, split: str) -> str:
    """Another value for a question whose answer is no: a new one, or one with one character changed."""
    for _ in range(20):
        if chance(rng, 0.5):
            other = value_of(rng, name, split, any(ord(c) > 0x4E00 for c in value))
        else:
            places = [i for i, c in enumerate(value) if c.isdigit() or c in LETTERS]
            if not places:
                continue
            place = pick(rng, places)
            pool = "0123456789" if value[place].isdigit() else LETTERS
            other = value[:place] + pick(rng, pool) + value[place + 1 :]
        if other.replace(" ", "") != value.replace(" ", ""):
            return other
    return value_of(rng, name, split, True) + "0"


def topics(rng, split: str, printed: dict[str, str], skill: str = "nameplate") -> list[Topic]:
    """What can be asked about a plate that shows `printed`."""
    result = []
    barred = set()
    if {"supply", "input_voltage", "output_voltage"} & printed.keys():
        barred |= {"voltage", "frequency"} if "supply" in printed else {"voltage"}
        barred |= {"supply", "input_voltage", "output_voltage"}
    if "voltage" in printed:
        barred |= {"supply", "input_voltage", "output_voltage"}
    if "brand" in printed:
        barred.add("manufacturer")
    if "manufacturer" in printed:
        barred.add("brand")
    if "product" in printed:
        barred.add("model") if "model" not in printed else None
    for name, value in printed.items():
        result.append(read(rng, split, name, value, "nameplate"))
        if name == "product":
            continue
        for truth in (True, False):
            if chance(rng, 0.5):
                shown = value if truth else altered(rng, name, value, split)
                result.append(
                    yes_or_no(
                        rng,
                        split,
                        name,
                        IS_ZH,
                        IS_EN,
                        truth,
                        lambda language, name=name, shown=shown: {"n": noun(rng, name, language), "v": shown},
                    )
                )
    there = [name for name in printed if name not in ("product",)]
    missing = [name for name in ASKED if name not in printed and name not in barred]
    extra = [
        name
        for name in (
            "weight",
            "ip_rating",
            "speed",
            "supply",
            "input_voltage",
            "output_voltage",
            "insulation",
            "standard",
            "brand",
            "product",
        )
        if name not in printed and name not in barred
    ]
    for name in missing:
        result.append(unseen(rng, split, name))
    if extra:
        result.append(unseen(rng, split, pick(rng, extra)))
    for truth, names in ((True, there), (False, missing)):
        for _ in range(2):
            if names and chance(rng, 0.6):
                name = pick(rng, names)
                result.append(is_there(rng, split, name, truth))
    if missing and chance(rng, 0.15):  # whether an absent value is so cannot be seen
        name = pick(rng, missing)
        shown = value_of(rng, name, split, True)

        def ask(language, follow, name=name, shown=shown):
            question, _ = yes_or_no(
                rng, split, name, IS_ZH, IS_EN, True, lambda language: {"n": noun(rng, name, language), "v": shown}
            ).ask(language, False)
            return question, UNSEEN[language]

        result.append(Topic("absent", name, ask))
    return result

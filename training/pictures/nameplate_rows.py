"""What is printed on a nameplate: its fields, their labels and values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.pictures import companies, values
from training.pictures.sampling import chance, pick
from training.pictures.words import LABELS

FIELDS = {  # name: how often it is printed
    "model": 3.0,
    "serial": 3.0,
    "date": 2.6,
    "ip": 1.6,
    "voltage": 2.2,
    "power": 1.8,
    "current": 1.8,
    "frequency": 1.5,
    "temperature": 2.0,
    "manufacturer": 2.2,
    "weight": 0.6,
    "ip_rating": 0.6,
    "speed": 0.7,
    "standard": 0.5,
    "insulation": 0.4,
    "supply": 0.5,
    "input_voltage": 0.4,
}


@dataclass
class Row:
    name: str
    label: str
    value: str
    stacked: bool = False


def choose(rng, count: int) -> list[str]:
    names = list(FIELDS)
    weights = np.array([FIELDS[name] for name in names])
    chosen = list(rng.choice(names, size=count, replace=False, p=weights / weights.sum()))
    if "supply" in chosen:  # its voltage and frequency would be ambiguous
        chosen = [name for name in chosen if name not in ("voltage", "frequency", "input_voltage")]
    if "input_voltage" in chosen:
        chosen = [name for name in chosen if name != "voltage"] + ["output_voltage"]
    if chance(rng, 0.7):
        order = list(FIELDS)
        chosen.sort(key=lambda name: order.index(name) if name in order else order.index("input_voltage") + 0.5)
    return chosen


def value_of(rng, name: str, split: str, chinese: bool) -> str:
    if name == "manufacturer":
        return (companies.manufacturer_chinese if chance(rng, 0.85 if chinese else 0.1) else companies.manufacturer_latin)(
            rng, split
        )
    make = {"ip": values.ip_address, "brand": companies.brand, "input_voltage": values.voltage, "output_voltage": values.voltage}.get(
        name
    ) or getattr(values, name)
    return make(rng, split)


def label_of(rng, name: str, language: str, used: set[str]) -> str:
    """A label that is on the plate only once. `language` is zh, en or both."""
    for _ in range(20):
        zh, en = (pick(rng, LABELS[name][i]) for i in (0, 1))
        label = {"zh": zh, "en": en}.get(language) or f"{zh}{pick(rng, [' ', '/', ' '])}{en}"
        if label not in used:
            break
    used.add(label)
    return label


def rows(rng, split: str, level: float, most: int) -> tuple[list[Row], str]:
    count = int(rng.integers(1, most + 1))
    language = pick(rng, ["zh", "zh", "en", "en", "both"]) if level > 0.2 else pick(rng, ["zh", "en"])
    used: set[str] = set()
    drawn = []
    for name in choose(rng, count)[:most]:
        own = language if chance(rng, 0.9) else pick(rng, ["zh", "en"])
        value = value_of(rng, name, split, language != "en")
        bare = name == "manufacturer" and chance(rng, 0.6 if split == "train" else 0.45)
        drawn.append(Row(name, "" if bare else label_of(rng, name, own, used), value))
    if split == "train" and chance(rng, 0.6):  # a maker whose name stands alone is often the last line
        drawn.sort(key=lambda row: not row.label)
    return drawn, language

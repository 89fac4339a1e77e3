"""Pieces of HTML for the hand that training never sees: nameplates, lamps, displays, pill boxes with random layouts.

Layouts, colours, names and faces (those of splits.py for the test and the browser) are this file's own; only the wordings of
questions and answers are shared. Each painter returns a piece and what is asked: question, answer, language.
"""

from __future__ import annotations

from html import escape

import numpy as np

from training.pictures import browser_pages, lamp, lamp_topics, pillbox_topics
from training.pictures.browser_names import GLYPHS, HEADS, VALUES, hanzi, medicine
from training.pictures.medicine import MEAL, PRINTED_TIMES_EN, PRINTED_TIMES_ZH, Medicine
from training.pictures.questions import ask_field, wording
from training.pictures.sampling import pick
from training.pictures.splits import FACES
from training.pictures.words import COLOURS, LABELS, NO, UNSEEN, YES

LATIN = tuple(FACES["latin", "test"]) + tuple(FACES["latin", "browser"])
CHINESE = tuple(FACES["chinese", "test"])
SEGMENT = tuple(FACES["segment", "test"])
MOST_QUESTIONS = 4


def colour(rng, low: int = 0, high: int = 256) -> str:
    return "rgb({},{},{})".format(*rng.integers(low, high, 3))


def tones(rng) -> tuple[str, str]:
    """Ground and ink that can be told apart."""
    dark, light = colour(rng, 0, 80), colour(rng, 190, 256)
    return (light, dark) if rng.random() < 0.65 else (dark, light)


def family(rng) -> str:
    return f"font-family:'{pick(rng, LATIN)}','{pick(rng, CHINESE)}','WenKai'"


def turned(rng) -> str:
    tilt, turn = rng.uniform(-5, 5), rng.uniform(-18, 18)
    flat, deep = f"rotate({tilt:.1f}deg)", f"perspective(900px) rotateY({turn:.0f}deg) rotateX({tilt:.0f}deg)"
    return pick(rng, ["", "", f"transform:{flat}", f"transform:{deep}"])


def backdrop(rng) -> str:
    a, b, angle, step = colour(rng), colour(rng), rng.integers(360), rng.integers(6, 40)
    return pick(rng, [
        f"background:{a}",
        f"background:linear-gradient({angle}deg,{a},{b})",
        f"background:radial-gradient(circle at {rng.integers(100)}% {rng.integers(100)}%,{a},{b})",
        f"background:repeating-linear-gradient({angle}deg,{a} 0 {step}px,{b} {step}px {2 * step}px)",
        f"background:conic-gradient({a},{b},{a})",
        f"background:radial-gradient({a} 22%,transparent 24%) 0 0/{step + 8}px {step + 8}px,{b}",
    ])  # fmt: skip


def card(rng, inside: str, ground: str, ink: str, em: float) -> str:
    face = family(rng)
    sheen = f"linear-gradient({rng.integers(360)}deg,{ground},{ground} 60%,rgba(128,128,128,.35))"
    shadows = ("none", "3px 4px 10px rgba(0,0,0,.6)", "0 0 0 3px rgba(0,0,0,.3)", "inset 0 0 12px rgba(0,0,0,.3)")
    style = (
        f"{face};font-size:{em:.1f}px;color:{ink};background:{pick(rng, [ground, sheen])};"
        f"padding:{rng.uniform(0.5, 1.4):.2f}em;border-radius:{pick(rng, [0, 0, 6, 16])}px;{turned(rng)};"
        f"border:{pick(rng, ['none', f'2px solid {ink}', f'1px dashed {ink}', f'4px double {ink}'])};"
        f"box-shadow:{pick(rng, shadows)};"
        f"letter-spacing:{pick(rng, [0, 0, 0, 0.04])}em;line-height:{rng.uniform(1.2, 1.9):.2f}"
    )
    return f'<div style="{style}">{inside}</div>'


def nameplate(rng, size):
    zh = rng.random() < 0.55
    names = [str(n) for n in rng.permutation(list(VALUES))[: int(rng.integers(2, 7))]]
    rows = [(n, pick(rng, LABELS[n][0 if zh else 1]), VALUES[n](rng, zh)) for n in names]
    ground, ink = tones(rng)
    look = rng.integers(4)
    if look == 0:
        cell = f"padding:.15em .6em;border:1px solid {ink}" if rng.random() < 0.5 else "padding:.1em .6em"
        body = (
            "<table style='border-collapse:collapse'>"
            + "".join(
                f"<tr><td style='{cell}'>{escape(k)}</td>"
                f"<td style='{cell};font-weight:{pick(rng, [400, 700])}'>{escape(v)}</td></tr>"
                for _, k, v in rows
            )
            + "</table>"
        )
    elif look == 1:
        body = (
            f"<div style='display:grid;grid-template-columns:{pick(rng, ['1fr', '1fr 1fr'])};gap:.4em 1.4em'>"
            + "".join(
                f"<div><div style='font-size:.85em;opacity:.8'>{escape(k)}</div><div>{escape(v)}</div></div>"
                for _, k, v in rows
            )
            + "</div>"
        )
    else:
        colon = pick(rng, [":", "：", " "])
        side = "display:flex;justify-content:space-between;gap:1.2em" if look == 2 else ""
        body = "".join(
            f"<div style='white-space:nowrap;{side}'><span>{escape(k)}{colon} </span><span>{escape(v)}</span></div>"
            for _, k, v in rows
        )
    if rng.random() < 0.4:
        body = (
            f"<div style='font-size:{rng.uniform(1.1, 1.7):.2f}em;text-align:{pick(rng, ['left', 'center'])};"
            f"border-bottom:2px solid {ink}'>{escape(pick(rng, HEADS).upper())}</div>" + body
        )
    page = card(rng, body, ground, ink, em_of(rng, size, len(rows) + 1))
    asked = [(name, value) for name, _, value in rows[:MOST_QUESTIONS]]
    asked.append((pick(rng, [n for n in VALUES if n not in names]), ""))
    return page, [_field(rng, name, value) for name, value in asked]


def _field(rng, name: str, value: str):
    """A question about a field, its answer and their language; an empty value cannot be seen."""
    language = pick(rng, ["zh", "en"])
    return ask_field(rng, "test", name, language, False), value or UNSEEN[language], language


def em_of(rng, size, lines: int) -> float:
    return float(np.clip(size[1] / (lines * 2.6), 17, 40) * rng.uniform(0.75, 1.0)).__round__(1) if size else 20.0


def lamps(rng, size):
    count, zh = int(rng.integers(2, 7)), rng.random() < 0.5
    words = [str(w) for w in rng.permutation(lamp.LABELS[int(zh)])[:count]]
    if rng.random() < 0.4:
        words = [hanzi(rng, GLYPHS, 2) if zh else pick(rng, HEADS).upper() + str(i) for i in range(count)]
    tints = [str(t) for t in rng.choice(["red", "green", "yellow", "blue", "white"], count)]
    lit = [False] * count
    lit[int(rng.integers(count))] = True
    if rng.random() < 0.5:
        lit = [bool(v) for v in rng.random(count) < 0.5]
    r = int(np.clip(min(size) / (count * 1.1), 22, 64))
    round_, beside, glow = rng.random() < 0.7, rng.random() < 0.4, rng.random() < 0.7
    cells = []
    for word, tint, on in zip(words, tints, lit):
        red, green, blue = COLOURS[tint][2]
        full, dim = f"rgb({red},{green},{blue})", f"rgb({red // 4 + 8},{green // 4 + 8},{blue // 4 + 8})"
        paint = (
            f"radial-gradient(circle at 40% 35%,#fff,{full} 60%)"
            if on
            else f"radial-gradient(circle at 40% 35%,rgba(255,255,255,.25),{dim} 55%)"
        )
        shadow = f"box-shadow:0 0 {r * 0.5:.0f}px {r * 0.2:.0f}px {full}" if on and glow else ""
        cells.append(
            f"<div style='display:flex;flex-direction:{'row' if beside else 'column'};align-items:center;gap:.4em'>"
            f"<div style='width:{r}px;height:{r}px;border-radius:{50 if round_ else 18}%;background:{paint};"
            f"border:{rng.integers(1, 4)}px solid #555;{shadow}'></div>"
            f"<div>{escape(word)}</div></div>"
        )
    across = int(rng.integers(1, count + 1)) if count < 5 else pick(rng, [2, 3])
    ground, ink = tones(rng)
    page = card(
        rng,
        f"<div style='display:grid;grid-template-columns:repeat({across},auto);"
        f"gap:{r * 0.6:.0f}px {r * 0.8:.0f}px'>{''.join(cells)}</div>",
        ground,
        ink,
        rng.uniform(17, 24),
    )
    on = [i for i, v in enumerate(lit) if v]
    asked = [("lit", 0), *(("named", i) for i in range(min(count, 3)))] + [("name", 0), ("tint", 0)] * (len(on) == 1)
    return page, [_lamp(rng, kind, i, words, tints, lit, on) for kind, i in asked]


def _lamp(rng, kind: str, i: int, words, tints, lit, on):
    language = pick(rng, ["zh", "en"])
    english = language == "en"
    if kind == "lit":
        return wording(rng, "test", lamp_topics.LIT_EN if english else lamp_topics.LIT_ZH), str(len(on)), language
    if kind == "name":
        return wording(rng, "test", lamp_topics.NAME_EN if english else lamp_topics.NAME_ZH), words[on[0]], language
    if kind == "tint":
        pool = lamp_topics.WHICH_EN if english else [w for w in lamp_topics.WHICH_ZH if "颜色" in w]
        return wording(rng, "test", pool), lamp_topics.colour_word(tints[on[0]], language), language
    question = wording(rng, "test", lamp_topics.NAMED_EN if english else lamp_topics.NAMED_ZH).format(c=words[i])
    return question, (YES if lit[i] else NO)[language], language


QUANTITIES = {  # unit, word on the display in English and in Chinese
    "temperature_now": ("°C", "TEMP", "温度"),
    "pressure": ("bar", "PRESSURE", "压力"),
    "voltage_now": ("V", "VOLTAGE", "电压"),
    "current_now": ("A", "CURRENT", "电流"),
    "humidity": ("%", "HUMIDITY", "湿度"),
    "speed_now": ("rpm", "SPEED", "转速"),
    "flow": ("L/min", "FLOW", "流量"),
    "weight_now": ("kg", "WEIGHT", "重量"),
}


def display(rng, size):
    names = [str(n) for n in rng.permutation(list(QUANTITIES))[: int(rng.integers(1, 4))]]
    zh = rng.random() < 0.5
    face = pick(rng, SEGMENT) if rng.random() < 0.6 else pick(rng, LATIN)
    screen, lit = pick(
        rng,
        [
            ("#101a10", "#5cff7a"),
            ("#1b0707", "#ff3b28"),
            ("#b8c6a8", "#1c2418"),
            ("#0b1426", "#8fd0ff"),
            ("#fafafa", "#222"),
            ("#231a04", "#ffb52e"),
            ("#10243a", "#fff"),
        ],
    )
    big = float(np.clip(size[1] / (len(names) * 3.2), 30, 110)) * rng.uniform(0.6, 1.0)
    big = min(big, size[0] / 8.0)
    rows, answers = [], {}
    for name in names:
        number = f"{rng.uniform(0, 999):.{rng.integers(0, 3)}f}" if name != "speed_now" else str(rng.integers(10, 9999))
        unit = QUANTITIES[name][0]
        answers[name] = number + ("" if unit[0] in "%°" else " ") + unit
        rows.append(
            f"<div style='font-size:20px'>{QUANTITIES[name][2 if zh else 1]}</div><div style='white-space:nowrap'>"
            f"<span style=\"font-family:'{face}';font-size:{big:.0f}px\">{number}</span> "
            f"<span style='font-size:{max(18, big * 0.4):.0f}px'>{unit}</span></div>"
        )
    columns = pick(rng, ["auto", "auto auto"]) if len(names) > 1 else "auto auto"
    inside = (
        f"<div style='background:{screen};color:{lit};padding:.6em 1em;display:grid;grid-template-columns:{columns};"
        f"gap:.3em 1.2em;align-items:center'>{''.join(rows)}</div>"
    )
    ground, ink = tones(rng)
    page = card(rng, inside, ground, ink, 20)
    return page, [_field(rng, name, answers[name]) for name in names]


def box(rng, size, medicine_only: bool = False):
    zh = rng.random() < 0.55
    name, times, meal = medicine(rng, zh), int(rng.integers(1, 5)), pick(rng, ["before", "after", "with"])
    year, month = int(rng.integers(2024, 2034)), int(rng.integers(1, 13))
    of = Medicine(name, times, meal, year, month, 0)
    take = (
        f"{pick(rng, PRINTED_TIMES_ZH[times])}，{pick(rng, MEAL[meal][2])}"
        if zh
        else f"Take {pick(rng, PRINTED_TIMES_EN[times])}, {pick(rng, MEAL[meal][3]).lower()}"
    )
    until = f"有效期至 {year}年{month}月" if zh else f"EXP {month:02}/{year}"
    strength = f"{pick(rng, [5, 10, 20, 25, 50, 100, 250])}{pick(rng, [' mg', 'mg'])}"
    ground, ink = tones(rng)
    em = float(np.clip(size[0] / 24, 17, 30))
    lines = [take, until] + [strength] * (rng.random() < 0.6)
    rng.shuffle(lines)
    band = tones(rng)
    scale = rng.uniform(1.2, 1.9)
    banded = f"background:{band[0]};color:{band[1]};padding:.1em .4em" if rng.random() < 0.5 else ""
    head = f"<div style='font-size:{scale:.2f}em;font-weight:700;{banded}'>{escape(name)}</div>"
    page = card(rng, head + "".join(f"<div>{escape(line)}</div>" for line in lines), ground, ink, em)
    kinds = ["name"] if medicine_only else ["often", "meal", "how", "until"]
    return page, [_taking(rng, kind, of) for kind in kinds]


def _taking(rng, kind: str, of: Medicine):
    language = pick(rng, ["zh", "en"])
    english = language == "en"
    pools = {
        "name": (pillbox_topics.NAME_ZH, pillbox_topics.NAME_EN),
        "often": (pillbox_topics.OFTEN_ZH, pillbox_topics.OFTEN_EN),
        "meal": (pillbox_topics.WHEN_ZH, pillbox_topics.WHEN_EN),
        "how": (pillbox_topics.HOW_ZH, pillbox_topics.HOW_EN),
        "until": (pillbox_topics.UNTIL_ZH, pillbox_topics.UNTIL_EN),
    }
    if kind == "name":
        answer = f"This is {of.name}." if english else f"这是{of.name}。"
    elif kind == "until":
        answer = of.expiry(language)
    else:
        answer = of.how(language, often=kind != "meal", when=kind != "often")
    return wording(rng, "test", pools[kind][english]), answer, language


def _page(make):
    def paint(rng, size):
        ground, ink = tones(rng)
        return make(rng, size, lambda inside, em: card(rng, inside, ground, ink, em), float(np.clip(size[1] / 26, 15, 24)))

    return paint


PAINTERS = {
    "nameplate": nameplate,
    "lamp": lamps,
    "display": display,
    "pillbox": box,
    "medicine": lambda rng, size: box(rng, size, True),
    "table": _page(browser_pages.table),
    "invoice": _page(browser_pages.invoice),
    "diagram": _page(browser_pages.diagram),
}

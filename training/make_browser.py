"""Writes pictures of a hand that training never sees: HTML and CSS with random layouts, drawn by headless Chromium.

``python -m training.make_browser --out DIR --per-skill 60`` makes DIR/SKILL/NUMBER.png and DIR/browser.jsonl in the format of
``glm4v eval``: nameplates, lamps, displays, pill boxes, and medicines whose names are on no list. Layouts, colours, names and faces
(those of splits.py for the test and the browser) are this file's own; only the wordings of questions and answers are shared.
Needs Chromium (Debian's package) and python -m training.fonts. The same arguments give the same pages.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import zlib
from html import escape
from pathlib import Path

import cv2
import numpy as np

from training.pictures import lamp, pillbox
from training.pictures.questions import ask_field, wording
from training.pictures.splits import FACES
from training.pictures.typeface import FOLDER, faces
from training.pictures.words import COLOURS, LABELS, NO, UNSEEN, YES

SKILLS = ("nameplate", "lamp", "display", "pillbox", "medicine")
A_PAGE = 12
LATIN = tuple(FACES["latin", "test"]) + tuple(FACES["latin", "browser"])
CHINESE = tuple(FACES["chinese", "test"])
SEGMENT = tuple(FACES["segment", "test"])
SEED = 7_000_000_000

HEADS = "Alb Brix Corv Dru Ezl Fyn Gorm Hyst Ibr Jask Kelv Lurn Myv Norx Ostr Pryd Quel Rusk Syld Trov Ulv Vesk Wyrm Xant Yorb Zefl".split()
TAILS = "adan erol ivast onyx ulam aprin edrol ocet usfen imor azide elvon ystin orval umab ephine ilast oxen aril etra".split()
GLYPHS = "安柏鼎谷锦朗铭诺启睿苏维熙泽竹紫凌宁荣尚桐文溪宇哲舟卓衡峰霖茂坤雅森泉远博迪菲桥湖翠岭"
MEDICAL = "平定清康舒宁克敏安泰润通化消复欣达利可林素"
SHAPES = "片 胶囊 颗粒 口服液 缓释片 滴眼液 软膏 糖浆".split()


def pick(rng, options):
    return options[int(rng.integers(len(options)))]


def digits(rng, count: int) -> str:
    return "".join(str(d) for d in rng.integers(0, 10, count))


def hanzi(rng, pool: str, count: int) -> str:
    return "".join(pool[i] for i in rng.choice(len(pool), count, replace=False))


def medicine(rng, chinese: bool) -> str:
    if chinese:
        return (
            hanzi(rng, GLYPHS, int(rng.integers(1, 3)))
            + hanzi(rng, MEDICAL, int(rng.integers(1, 3)))
            + pick(rng, SHAPES)
        )
    return pick(rng, HEADS) + pick(rng, TAILS) + pick(rng, ["", "", " Tablets", " Capsules", " Syrup"])


VALUES = {
    "model": lambda rng, zh: f"{pick(rng, HEADS).upper()[:3]}{pick(rng, ['-', '', '/'])}{digits(rng, rng.integers(2, 5))}{pick(rng, 'ABCDEFGHKLMNPRSTUVWX')}{pick(rng, ['', '-' + digits(rng, 2), '2'])}",
    "serial": lambda rng, zh: pick(rng, "ABCDEFHKLMNPRTUVWXY") * int(rng.integers(0, 2)) + digits(rng, rng.integers(5, 12)),
    "voltage": lambda rng, zh: f"{pick(rng, ['', 'AC ', 'DC '])}{rng.integers(5, 700)}{pick(rng, ['V', ' V'])}",
    "power": lambda rng, zh: f"{rng.uniform(0.1, 99):.{rng.integers(1, 3)}f}{pick(rng, [' kW', 'kW', ' W'])}",
    "current": lambda rng, zh: f"{rng.uniform(0.1, 99):.1f}{pick(rng, [' A', 'A'])}",
    "frequency": lambda rng, zh: f"{pick(rng, ['50', '60', '50/60', '400'])}{pick(rng, [' Hz', 'Hz'])}",
    "date": lambda rng, zh: f"{rng.integers(2001, 2031)}{pick(rng, ['-', '.', '/'])}{rng.integers(1, 13):02}",
    "ip": lambda rng, zh: ".".join(str(v) for v in rng.integers(1, 255, 4)),
    "weight": lambda rng, zh: f"{rng.uniform(0.5, 300):.1f} kg",
    "manufacturer": lambda rng, zh: hanzi(rng, GLYPHS, int(rng.integers(2, 4))) + pick(rng, ["机械厂", "电气有限公司", "仪表有限公司", "工业集团"])
    if zh
    else f"{pick(rng, HEADS)}{pick(rng, TAILS)} {pick(rng, ['Ltd.', 'GmbH', 'Inc.', 'Works', 'Electric AG'])}",
}  # fmt: skip


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
    return pick(
        rng,
        [
            "",
            "",
            f"transform:rotate({tilt:.1f}deg)",
            f"transform:perspective(900px) rotateY({turn:.0f}deg) rotateX({tilt:.0f}deg)",
        ],
    )


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
    style = (
        f"{family(rng)};font-size:{em:.1f}px;color:{ink};background:{pick(rng, [ground, f'linear-gradient({rng.integers(360)}deg,{ground},{ground} 60%,rgba(128,128,128,.35))'])};"
        f"padding:{rng.uniform(0.5, 1.4):.2f}em;border-radius:{pick(rng, [0, 0, 6, 16])}px;{turned(rng)};"
        f"border:{pick(rng, ['none', f'2px solid {ink}', f'1px dashed {ink}', f'4px double {ink}'])};"
        f"box-shadow:{pick(rng, ['none', '3px 4px 10px rgba(0,0,0,.6)', '0 0 0 3px rgba(0,0,0,.3)', 'inset 0 0 12px rgba(0,0,0,.3)'])};"
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
                f"<tr><td style='{cell}'>{escape(k)}</td><td style='{cell};font-weight:{pick(rng, [400, 700])}'>{escape(v)}</td></tr>"
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
            f"<div style='font-size:{rng.uniform(1.1, 1.7):.2f}em;text-align:{pick(rng, ['left', 'center'])};border-bottom:2px solid {ink}'>{escape(pick(rng, HEADS).upper())}</div>"
            + body
        )
    name, _, value = rows[int(rng.integers(len(rows)))]
    language = pick(rng, ["zh", "en"])
    if rng.random() < 0.1:
        name = pick(rng, [n for n in VALUES if n not in names] or ["ip_rating"])
        value = UNSEEN[language]
    return (
        card(rng, body, ground, ink, em_of(rng, size, len(rows) + 1)),
        ask_field(rng, "test", name, language, False),
        value,
        language,
    )


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
            f"<div style='width:{r}px;height:{r}px;border-radius:{50 if round_ else 18}%;background:{paint};border:{rng.integers(1, 4)}px solid #555;{shadow}'></div>"
            f"<div>{escape(word)}</div></div>"
        )
    across = int(rng.integers(1, count + 1)) if count < 5 else pick(rng, [2, 3])
    ground, ink = tones(rng)
    page = card(
        rng,
        f"<div style='display:grid;grid-template-columns:repeat({across},auto);gap:{r * 0.6:.0f}px {r * 0.8:.0f}px'>{''.join(cells)}</div>",
        ground,
        ink,
        rng.uniform(17, 24),
    )
    language, on = pick(rng, ["zh", "en"]), [i for i, v in enumerate(lit) if v]
    english, kinds = language == "en", ["named", "lit", "named"]
    if len(on) == 1:
        kinds += ["name", "tint"]
    kind = pick(rng, kinds)
    if kind == "lit":
        return page, wording(rng, "test", lamp.LIT_EN if english else lamp.LIT_ZH), str(len(on)), language
    if kind == "name":
        return page, wording(rng, "test", lamp.NAME_EN if english else lamp.NAME_ZH), words[on[0]], language
    if kind == "tint":
        pool = lamp.WHICH_EN if english else [w for w in lamp.WHICH_ZH if "颜色" in w]
        return page, wording(rng, "test", pool), lamp.colour_word(tints[on[0]], language), language
    i = int(rng.integers(count))
    return (
        page,
        wording(rng, "test", lamp.NAMED_EN if english else lamp.NAMED_ZH).format(c=words[i]),
        (YES if lit[i] else NO)[language],
        language,
    )


def display(rng, size):
    quantities = {"temperature_now": ("°C", "TEMP", "温度"), "pressure": ("bar", "PRESSURE", "压力"), "voltage_now": ("V", "VOLTAGE", "电压"), "current_now": ("A", "CURRENT", "电流"), "humidity": ("%", "HUMIDITY", "湿度"), "speed_now": ("rpm", "SPEED", "转速"), "flow": ("L/min", "FLOW", "流量"), "weight_now": ("kg", "WEIGHT", "重量")}  # fmt: skip
    names = [str(n) for n in rng.permutation(list(quantities))[: int(rng.integers(1, 4))]]
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
        unit = quantities[name][0]
        answers[name] = number + ("" if unit[0] in "%°" else " ") + unit
        rows.append(
            f"<div style='font-size:20px'>{quantities[name][2 if zh else 1]}</div><div style='white-space:nowrap'><span style=\"font-family:'{face}';font-size:{big:.0f}px\">{number}</span> <span style='font-size:{max(18, big * 0.4):.0f}px'>{unit}</span></div>"
        )
    inside = f"<div style='background:{screen};color:{lit};padding:.6em 1em;display:grid;grid-template-columns:{pick(rng, ['auto', 'auto auto']) if len(names) > 1 else 'auto auto'};gap:.3em 1.2em;align-items:center'>{''.join(rows)}</div>"
    ground, ink = tones(rng)
    language, name = pick(rng, ["zh", "en"]), pick(rng, names)
    return card(rng, inside, ground, ink, 20), ask_field(rng, "test", name, language, False), answers[name], language


def box(rng, size, medicine_only: bool = False):
    zh = rng.random() < 0.55
    name, times, meal = medicine(rng, zh), int(rng.integers(1, 5)), pick(rng, ["before", "after", "with"])
    year, month = int(rng.integers(2024, 2034)), int(rng.integers(1, 13))
    of = pillbox.Box(name, times, meal, year, month, 0)
    take = (
        f"{pick(rng, pillbox.PRINTED_TIMES_ZH[times])}，{pick(rng, pillbox.MEAL[meal][2])}"
        if zh
        else f"Take {pick(rng, pillbox.PRINTED_TIMES_EN[times])}, {pick(rng, pillbox.MEAL[meal][3]).lower()}"
    )
    until = f"有效期至 {year}年{month}月" if zh else f"EXP {month:02}/{year}"
    strength = f"{pick(rng, [5, 10, 20, 25, 50, 100, 250])}{pick(rng, [' mg', 'mg'])}"
    ground, ink = tones(rng)
    em = float(np.clip(size[0] / 24, 17, 30))
    lines = [take, until] + [strength] * (rng.random() < 0.6)
    rng.shuffle(lines)
    band = tones(rng)
    head = f"<div style='font-size:{rng.uniform(1.2, 1.9):.2f}em;font-weight:700;{f'background:{band[0]};color:{band[1]};padding:.1em .4em' if rng.random() < 0.5 else ''}'>{escape(name)}</div>"
    page = card(rng, head + "".join(f"<div>{escape(line)}</div>" for line in lines), ground, ink, em)
    language = pick(rng, ["zh", "en"])
    english = language == "en"
    if medicine_only:
        return (
            page,
            wording(rng, "test", pillbox.NAME_EN if english else pillbox.NAME_ZH),
            f"This is {name}." if english else f"这是{name}。",
            language,
        )
    kind = pick(rng, ["often", "meal", "how", "until"])
    pool = {
        "often": (pillbox.OFTEN_ZH, pillbox.OFTEN_EN),
        "meal": (pillbox.WHEN_ZH, pillbox.WHEN_EN),
        "how": (pillbox.HOW_ZH, pillbox.HOW_EN),
        "until": (pillbox.UNTIL_ZH, pillbox.UNTIL_EN),
    }[kind]
    answer = of.expiry(language) if kind == "until" else of.how(language, often=kind != "meal", when=kind != "often")
    return page, wording(rng, "test", pool[english]), answer, language


PAINTERS = {
    "nameplate": nameplate,
    "lamp": lamps,
    "display": display,
    "pillbox": box,
    "medicine": lambda rng, size: box(rng, size, True),
}


def page_of(skill: str, first: int, count: int):
    """HTML of `count` pictures under each other, and their (top, width, height, question, answer, language)."""
    parts, notes, top = [], [], 0
    for number in range(first, first + count):
        rng = np.random.default_rng(SEED + zlib.crc32(skill.encode()) % 1000 * 100_000 + number)
        size = int(rng.integers(460, 860)), int(rng.integers(340, 640))
        inside, question, answer, language = PAINTERS[skill](rng, size)
        place = f"position:absolute;left:0;top:{top}px;width:{size[0]}px;height:{size[1]}px;overflow:hidden;display:flex;align-items:center;justify-content:center"
        parts.append(f'<div style="{place};{backdrop(rng)}">{inside}</div>')
        notes.append((top, *size, question, answer, language))
        top += size[1]
    used = {*LATIN, *CHINESE, *SEGMENT}
    rules = "".join(
        f"@font-face{{font-family:'{name}';src:url('file://{(FOLDER / faces()[name]['file']).resolve()}')}}"
        for name in used
    )
    return f"<!doctype html><meta charset=utf-8><style>body{{margin:0}}{rules}</style>" + "".join(parts), notes, top


def shoot(html: str, height: int, folder: Path) -> np.ndarray:
    """(height, 860, 3) BGR."""
    (folder / "page.html").write_text(html, encoding="utf-8")
    subprocess.run(
        ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--allow-file-access-from-files",
         "--force-device-scale-factor=1", "--virtual-time-budget=4000", f"--user-data-dir={folder}/profile",
         f"--window-size=860,{height + 200}", f"--screenshot={folder}/page.png", f"file://{folder}/page.html"],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return cv2.imread(str(folder / "page.png"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--per-skill", type=int, default=60)
    parser.add_argument("--skills", nargs="+", choices=SKILLS, default=SKILLS)
    a = parser.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    with open(a.out / "browser.jsonl", "w", encoding="utf-8") as file, tempfile.TemporaryDirectory() as temporary:
        for skill in a.skills:
            (a.out / skill).mkdir(exist_ok=True)
            for first in range(0, a.per_skill, A_PAGE):
                html, notes, height = page_of(skill, first, min(A_PAGE, a.per_skill - first))
                page = shoot(html, height, Path(temporary))
                for number, (top, w, h, question, answer, language) in enumerate(notes, first):
                    name = f"{skill}/{number:05}.png"
                    cv2.imwrite(str(a.out / name), page[top : top + h, :w])
                    file.write(
                        json.dumps(
                            {"image": name, "question": question, "answer": answer, "tags": [skill, language]},
                            ensure_ascii=False,
                        )
                        + "\n"
                    )


if __name__ == "__main__":
    main()

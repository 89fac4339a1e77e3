"""Seven-segment and text displays with units."""

from __future__ import annotations

from training.pictures.canvas import Canvas
from training.pictures.picture import Topic
from training.pictures.questions import noun, read, unseen, wording, yes_or_no
from training.pictures.sampling import chance, digits, pick
from training.pictures.splits import FACES, belongs
from training.pictures.typeface import Type
from training.pictures.words import IS_EN, IS_ZH, NOUNS

# quantity: Chinese nouns, English nouns, printed labels, units, range, decimals
QUANTITIES = {
    "temperature_now": (
        "温度 当前温度 实时温度 测量温度".split(),
        "temperature|current temperature|measured temperature".split("|"),
        "TEMP Temp 温度 T PV".split(),
        ["°C", "℃", "°C"],
        (-40, 400),
        (0, 1, 1),
    ),
    "humidity": (
        "湿度 相对湿度 当前湿度".split(),
        "humidity|relative humidity|current humidity".split("|"),
        "RH HUMI 湿度 Humidity".split(),
        ["%", "%RH", "%"],
        (5, 100),
        (0, 1),
    ),
    "pressure": (
        "压力 当前压力 压力值".split(),
        "pressure|current pressure|pressure reading".split("|"),
        "PRESS 压力 P Pressure".split(),
        ["MPa", "bar", "kPa", "Pa", "psi"],
        (0, 900),
        (0, 1, 2, 3),
    ),
    "voltage_now": (
        "电压 当前电压 电压读数".split(),
        "voltage|present voltage|voltage reading".split("|"),
        "VOLT 电压 U V VOLTAGE".split(),
        ["V", "V", "kV", "mV"],
        (0, 500),
        (0, 1, 2),
    ),
    "current_now": (
        "电流 当前电流 电流读数".split(),
        "current|present current|current reading".split("|"),
        "AMP 电流 I A CURRENT".split(),
        ["A", "A", "mA"],
        (0, 200),
        (1, 2, 3),
    ),
    "power_now": (
        "功率 当前功率 功率读数".split(),
        "power|present power|power reading".split("|"),
        "POWER 功率 P WATT".split(),
        ["kW", "W", "W"],
        (0, 900),
        (0, 1, 2),
    ),
    "frequency_now": (
        "频率 当前频率 频率读数".split(),
        "frequency|present frequency|frequency reading".split("|"),
        "FREQ 频率 F Hz".split(),
        ["Hz", "Hz", "kHz"],
        (0, 120),
        (1, 2),
    ),
    "speed_now": (
        "转速 当前转速 速度".split(),
        "speed|rotational speed|current speed".split("|"),
        "SPEED 转速 n RPM".split(),
        ["rpm", "r/min", "RPM"],
        (0, 9999),
        (0,),
    ),
    "flow": (
        "流量 瞬时流量 当前流量".split(),
        "flow|flow rate|current flow".split("|"),
        "FLOW 流量 Q".split(),
        ["m³/h", "L/min", "L/h"],
        (0, 900),
        (0, 1, 2),
    ),
    "level": (
        "液位 水位 当前液位".split(),
        "level|liquid level|tank level".split("|"),
        "LEVEL 液位 L".split(),
        ["m", "mm", "cm", "%"],
        (0, 500),
        (0, 1, 2),
    ),
    "weight_now": (
        "重量 称重 显示的重量".split(),
        "weight|displayed weight|weight reading".split("|"),
        "WEIGHT 重量 NET".split(),
        ["kg", "g", "t"],
        (0, 999),
        (0, 1, 2, 3),
    ),
    "count_now": (
        "计数 产量 计数值".split(),
        "count|counter value|counter reading".split("|"),
        "COUNT 计数 CNT 产量".split(),
        ["", "", "pcs", "件"],
        (0, 99999),
        (0,),
    ),
    "time_now": (
        "时间 现在时间 显示的时间".split(),
        "time|displayed time|clock time".split("|"),
        "TIME 时间 CLOCK".split(),
        [""],
        (0, 0),
        (0,),
    ),
    "setpoint": (
        "设定值 设定温度 目标值".split(),
        "setpoint|set value|target value".split("|"),
        "SV SET 设定 SP".split(),
        ["°C", "℃", "%"],
        (0, 300),
        (0, 1),
    ),
}
for _name, (_zh, _en, *_rest) in QUANTITIES.items():
    NOUNS[_name] = (_zh, _en)
PLAIN = {
    "temperature_now",
    "humidity",
    "pressure",
    "voltage_now",
    "current_now",
    "power_now",
    "frequency_now",
    "speed_now",
    "flow",
    "level",
    "weight_now",
    "count_now",
    "time_now",
}

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


def number(rng, name: str, split: str) -> str:
    """A reading as it is shown."""
    _, _, _, _, (low, high), decimals = QUANTITIES[name]
    while True:
        if name == "time_now":
            text = f"{rng.integers(24):02}:{rng.integers(60):02}" + (
                f":{rng.integers(60):02}" if chance(rng, 0.35) else ""
            )
        else:
            places = pick(rng, decimals)
            span = high if places < 2 else min(high, 100)
            value = rng.uniform(low, span) if chance(rng, 0.7) else rng.uniform(low, span / 10)
            if split == "train" and chance(rng, 0.2):  # of any range, five digits and more: the held-out hand has them
                places, value = int(rng.integers(4)), rng.uniform(low, 1000)
            text = f"{value:.{places}f}"
            if text.startswith("-") and not text.strip("-0."):
                text = text[1:]
            if name == "count_now" and chance(rng, 0.5):
                text = text.zfill(int(rng.integers(4, 7)))
        if len(text) < 4 or belongs(text, split):
            return text


def segments(rng, split: str) -> Type:
    face = pick(rng, list(FACES["segment", split]))
    return Type(face, face)


def seven(
    canvas: Canvas,
    x: float,
    baseline: float,
    text: str,
    height: float,
    colour,
    off,
    slant: float,
    bold: float,
    noted: bool = True,
) -> float:
    """Draws digits as seven polygons each. Returns the right end."""
    on = {
        "0": "abcdef",
        "1": "bc",
        "2": "abged",
        "3": "abgcd",
        "4": "fgbc",
        "5": "afgcd",
        "6": "afgedc",
        "7": "abc",
        "8": "abcdefg",
        "9": "abcdfg",
        "-": "g",
        " ": "",
    }
    width, half = 0.54 * height, bold * height / 2
    gap = half * 0.35
    for character in text:
        if character in ".:":
            for level in (0,) if character == "." else (0.3, 0.7):
                cx, cy = (
                    x + (half if character == "." else 0.1 * height),
                    baseline - level * height - (half if character == "." else 0),
                )
                shift = slant * (baseline - cy)
                canvas.polygon(
                    [
                        (cx - half + shift, cy - half),
                        (cx + half + shift, cy - half),
                        (cx + half + shift, cy + half),
                        (cx - half + shift, cy + half),
                    ],
                    colour,
                )
            canvas.note(
                character,
                x + (half if character == "." else 0.1 * height),
                baseline - (0 if character == "." else height / 2),
            )
            x += 2.6 * half if character == "." else 0.24 * height
            continue
        left, right, top, middle, bottom = (
            x + half,
            x + width - half,
            baseline - height + half,
            baseline - height / 2,
            baseline - half,
        )
        ends = {
            "a": (left, top, right, top),
            "g": (left, middle, right, middle),
            "d": (left, bottom, right, bottom),
            "f": (left, top, left, middle),
            "b": (right, top, right, middle),
            "e": (left, middle, left, bottom),
            "c": (right, middle, right, bottom),
        }
        for name, (x0, y0, x1, y1) in ends.items():
            lit = name in on[character]
            if not lit and off is None:
                continue
            if y0 == y1:
                points = [
                    (x0 + gap, y0),
                    (x0 + gap + half, y0 - half),
                    (x1 - gap - half, y0 - half),
                    (x1 - gap, y0),
                    (x1 - gap - half, y0 + half),
                    (x0 + gap + half, y0 + half),
                ]
            else:
                points = [
                    (x0, y0 + gap),
                    (x0 + half, y0 + gap + half),
                    (x0 + half, y1 - gap - half),
                    (x0, y1 - gap),
                    (x0 - half, y1 - gap - half),
                    (x0 - half, y0 + gap + half),
                ]
            canvas.polygon([(px + slant * (baseline - py), py) for px, py in points], colour if lit else off)
        if character != " ":
            canvas.note(character, x + width / 2 + slant * height / 2, baseline - height / 2)
        x += width + 0.14 * height
    return x


def seven_width(text: str, height: float, bold: float) -> float:
    return sum(1.3 * bold * height if c == "." else 0.24 * height if c == ":" else 0.68 * height for c in text)


LOOKS = (  # screen, lit
    ((15, 5, 5), (255, 40, 30)),
    ((5, 12, 6), (60, 255, 90)),
    ((12, 10, 3), (255, 180, 30)),
    ((5, 6, 16), (80, 150, 255)),
    ((8, 8, 8), (240, 245, 250)),
    ((165, 180, 150), (28, 34, 30)),
    ((190, 200, 190), (20, 20, 24)),
    ((120, 170, 90), (16, 30, 12)),
    ((30, 70, 200), (235, 240, 255)),
    ((25, 12, 4), (255, 110, 20)),
    ((5, 14, 16), (60, 230, 240)),
    ((225, 228, 225), (30, 30, 34)),
)


def paint(canvas: Canvas) -> list[Topic]:
    rng, level, split = canvas.rng, canvas.level, canvas.split
    count = 1 if level < 0.15 else int(rng.choice([1, 2, 3, 4], p=[0.5, 0.26, 0.16, 0.08]))
    names = list(rng.choice(sorted(PLAIN), size=count, replace=False))
    if "temperature_now" in names and count < 4 and chance(rng, 0.3):
        names.insert(names.index("temperature_now") + 1, "setpoint")
    readings = {}
    for name in names:
        text, unit = number(rng, name, split), pick(rng, QUANTITIES[name][3])
        if name == "setpoint":
            unit = readings["temperature_now"][1]
        readings[name] = (text, unit)
    count = len(readings)
    labelled = count > 1 or chance(rng, 0.5)
    with_unit = {
        name: bool(unit) and (count == 1 or chance(rng, 0.85)) and chance(rng, 0.85)
        for name, (_, unit) in readings.items()
    }

    # The case and its screens.
    margin = rng.uniform(0.02, 0.12) * min(canvas.size)
    across = 2 if count == 4 or (count == 2 and canvas.width > canvas.height and chance(rng, 0.5)) else 1
    down = -(-count // across)
    case_w, case_h = canvas.width - 2 * margin, canvas.height - 2 * margin
    aspect = rng.uniform(1.1, 2.4) * across / down
    if case_w / case_h > aspect * 1.2:
        case_w = case_h * aspect * 1.2
    elif case_w / case_h < aspect:
        case_h = case_w / aspect
    scale = 1.0 if level < 0.2 else rng.uniform(0.62, 1.0)
    case_w, case_h = case_w * scale, case_h * scale
    x0, y0 = (
        margin + rng.random() * (canvas.width - 2 * margin - case_w),
        margin + rng.random() * (canvas.height - 2 * margin - case_h),
    )
    case = pick(
        rng,
        [(40, 42, 46), (215, 215, 210), (90, 95, 100), (240, 240, 240), (25, 25, 25), (60, 80, 110), (200, 190, 160)],
    )
    canvas.rectangle((x0, y0, x0 + case_w, y0 + case_h), case, pick(rng, [0, 0.04, 0.08]) * case_h)
    case_ink = canvas.ink(case)
    screen, lit = pick(rng, LOOKS)
    one_screen = chance(rng, 0.4)
    pad = 0.05 * min(case_w, case_h)
    if one_screen:
        canvas.rectangle((x0 + pad, y0 + pad, x0 + case_w - pad, y0 + case_h - pad), screen, 0.02 * case_h)
    kind = pick(rng, ["font", "font", "drawn", "text"])
    digits_type = segments(rng, split) if kind == "font" else canvas.type()
    small_type = canvas.type()
    slant, bold = (
        rng.uniform(0, 0.15) * (rng.random() < 0.6),
        rng.uniform(0.11, 0.2) if split == "train" else rng.uniform(0.09, 0.17),
    )
    ghost = tuple(int(s + (v - s) * rng.uniform(0.05, 0.13)) for s, v in zip(screen, lit)) if chance(rng, 0.4) else None
    pieces = {}
    for index, (name, (text, unit)) in enumerate(readings.items()):
        column, row = index % across, index // across
        cell_w, cell_h = (case_w - 2 * pad) / across, (case_h - 2 * pad) / down
        cx, cy = x0 + pad + column * cell_w, y0 + pad + row * cell_h
        label = pick(rng, QUANTITIES[name][2]) if labelled else ""
        ground, ink = (screen, lit) if one_screen else (case, case_ink)
        label_size = max(17 * canvas.unit, min(0.2 * cell_h, 30 * canvas.unit))
        top = cy + cell_h * 0.04
        if label:
            used = 1.25 * label_size
            canvas.text_in(
                cx + cell_w / 2
                if chance(rng, 0.5)
                else cx + cell_w * 0.05 + small_type.width(label, round(label_size)) / 2,
                top + label_size * 0.6,
                label,
                small_type,
                label_size,
                ink,
            )
        else:
            used = 0
        inner = (cx + 0.03 * cell_w, top + used, cx + 0.97 * cell_w, cy + 0.94 * cell_h)
        unit_outside = not one_screen and kind != "text" and chance(rng, 0.3)
        unit_text = unit if with_unit[name] else ""
        unit_size = max(17 * canvas.unit, min((inner[3] - inner[1]) * rng.uniform(0.25, 0.5), 48 * canvas.unit))
        unit_width = small_type.width(unit_text, round(unit_size)) + 0.3 * unit_size if unit_text else 0
        if not one_screen:
            canvas.rectangle(
                (inner[0], inner[1], inner[2] - (unit_width if unit_outside else 0), inner[3]), screen, 0.02 * cell_h
            )
        room_w, room_h = inner[2] - inner[0] - unit_width - 0.06 * cell_w, (inner[3] - inner[1]) * 0.8
        shown = text if kind == "text" else text.replace(" ", "")
        if kind == "drawn":
            height = min(room_h, room_h * room_w / max(1, seven_width(shown, room_h, bold) + slant * room_h))
            height *= 1.0 if level < 0.2 else rng.uniform(0.7, 1.0)
            width = seven_width(shown, height, bold) + slant * height
        else:
            size = room_h * (0.98 if kind == "font" else 1.2)
            size = min(size, size * room_w / max(1.0, digits_type.width(shown, int(size))))
            size = max(10.0, size * (1.0 if level < 0.2 else rng.uniform(0.7, 1.0)))
            height, width = size * (1.0 if kind == "font" else 0.72), digits_type.width(shown, int(size))
        left = inner[0] + 0.03 * cell_w + rng.random() * max(0, room_w - width)
        baseline = (inner[1] + inner[3]) / 2 + height / 2
        if kind == "drawn":
            canvas.em = min(canvas.em, height * 1.2)
            canvas.keep(left + width / 2, baseline - height / 2, width / 2 + 0.1 * height)
            right = seven(canvas, left, baseline, shown, height, lit, ghost, slant, bold)
        else:
            if kind == "font" and ghost:
                canvas.text(
                    left,
                    baseline,
                    "".join("8" if c.isdigit() or c == "-" else c for c in shown),
                    digits_type,
                    size,
                    ghost,
                    asked=False,
                    noted=False,
                )
            right = canvas.text(left, baseline, shown, digits_type, size, lit)
        if unit_text:
            if unit_outside:
                canvas.text(
                    inner[2] - unit_width + 0.2 * unit_size, baseline, unit_text, small_type, unit_size, case_ink
                )
            else:
                canvas.text(
                    min(right + 0.25 * unit_size, inner[2] - unit_width + 0.15 * unit_size),
                    baseline,
                    unit_text,
                    small_type,
                    unit_size,
                    lit,
                )
        answer = join(text, unit_text)
        pieces[name] = (text, unit_text, answer, label)

    return topics(rng, split, pieces, labelled, readings)


def topics(rng, split: str, pieces: dict[str, tuple[str, str, str, str]], labelled: bool, readings) -> list[Topic]:
    """What can be asked about pieces by quantity: number, printed unit, answer, label; `readings`: number and unit, printed or not."""
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


def join(text: str, unit: str) -> str:
    """The answer's form: the unit follows a space, except percent and degrees."""
    return text if not unit else text + ("" if unit[0] in "%°℃" else " ") + unit


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
            result.append(
                yes_or_no(
                    rng,
                    split,
                    name,
                    LESS_ZH,
                    LESS_EN,
                    above,
                    lambda language: {"n": noun(rng, name, language), "v": join(limit, unit)},
                )
            )
    return result


def changed(rng, text: str) -> str:
    places = [i for i, c in enumerate(text) if c.isdigit()]
    place = pick(rng, places)
    return text[:place] + digits(rng, 1) + text[place + 1 :]

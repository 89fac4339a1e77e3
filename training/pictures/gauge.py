"""Round gauges with a needle."""

from __future__ import annotations

from math import cos, floor, log10, radians, sin

from training.pictures.canvas import Canvas
from training.pictures.companies import brand
from training.pictures.display_topics import is_above
from training.pictures.marks import needle as needle_mark
from training.pictures.picture import Topic
from training.pictures.quantities import join
from training.pictures.questions import ask_field, unseen, wording
from training.pictures.sampling import chance, pick
from training.pictures.words import NOUNS

# quantity of NOUNS, unit, low, high, step between printed numbers
SCALES = (
    ("pressure", "MPa", 0, 1.6, 0.2),
    ("pressure", "MPa", 0, 1, 0.2),
    ("pressure", "MPa", 0, 0.6, 0.1),
    ("pressure", "MPa", 0, 2.5, 0.5),
    ("pressure", "MPa", 0, 4, 0.5),
    ("pressure", "MPa", 0, 6, 1),
    ("pressure", "MPa", 0, 10, 1),
    ("pressure", "MPa", 0, 0.4, 0.1),
    ("pressure", "MPa", 0, 16, 2),
    ("pressure", "bar", 0, 10, 1),
    ("pressure", "bar", 0, 10, 2),
    ("pressure", "bar", 0, 16, 2),
    ("pressure", "bar", 0, 6, 1),
    ("pressure", "bar", 0, 25, 5),
    ("pressure", "bar", 0, 4, 0.5),
    ("pressure", "bar", -1, 3, 0.5),
    ("pressure", "bar", 0, 40, 5),
    ("pressure", "psi", 0, 100, 20),
    ("pressure", "psi", 0, 160, 20),
    ("pressure", "psi", 0, 300, 50),
    ("pressure", "kPa", 0, 100, 20),
    ("pressure", "kPa", 0, 250, 50),
    ("pressure", "kPa", 0, 600, 100),
    ("pressure", "kPa", -100, 0, 20),
    ("temperature_now", "°C", -30, 50, 10),
    ("temperature_now", "°C", 0, 100, 10),
    ("temperature_now", "°C", 0, 120, 20),
    ("temperature_now", "°C", -20, 60, 10),
    ("temperature_now", "℃", 0, 200, 20),
    ("temperature_now", "℃", 0, 150, 25),
    ("temperature_now", "°C", 0, 300, 50),
    ("temperature_now", "℃", -40, 40, 10),
    ("temperature_now", "°C", 20, 100, 10),
    ("temperature_now", "°C", 0, 60, 10),
    ("voltage_now", "V", 0, 250, 50),
    ("voltage_now", "V", 0, 300, 50),
    ("voltage_now", "V", 0, 450, 50),
    ("voltage_now", "V", 0, 30, 5),
    ("voltage_now", "V", 0, 500, 100),
    ("voltage_now", "kV", 0, 12, 2),
    ("current_now", "A", 0, 10, 2),
    ("current_now", "A", 0, 50, 10),
    ("current_now", "A", 0, 100, 20),
    ("current_now", "A", 0, 5, 1),
    ("current_now", "A", 0, 30, 5),
    ("current_now", "A", 0, 200, 50),
    ("humidity", "%", 0, 100, 10),
    ("humidity", "%", 0, 100, 20),
    ("speed_now", "rpm", 0, 3000, 500),
    ("speed_now", "rpm", 0, 8000, 1000),
    ("flow", "L/min", 0, 60, 10),
    ("power_now", "kW", 0, 50, 10),
    ("frequency_now", "Hz", 45, 55, 1),
)
READ_ZH = (
    "指针指到多少？|表的读数是多少？|指针指着多少？|读数是多少？|请读一下表。|这个表读数多少？|"
    "表盘上显示多少？|指针的读数是多少？|现在表上是多少？|读一下仪表|仪表的读数？|读数？|"
    "请问表的示数是多少？|表针指在哪里？|帮我读一下这个表。|指针现在在多少？|看一下表是多少|"
    "仪表显示多少？"
).split("|")
READ_EN = (
    "What does the gauge read?|What is the gauge reading?|Read the gauge.|What does the needle point "
    "to?|Where is the needle?|Reading?|What is the reading?|Please read the gauge.|"
    "Tell me the gauge reading.|What value does the needle show?|What does the dial show?|What does "
    "the meter read?|Could you read the dial?|what does the gauge say|"
    "What is the value on the dial?|Which value is the needle at?|Give me the reading, please.|How "
    "much does the gauge show?"
).split("|")
UNIT_ZH = "这个表的单位是什么？|单位是什么？|表盘上的单位是什么？|读数的单位是什么？|用的什么单位？|单位？".split("|")
UNIT_EN = (
    "What is the unit?|Which unit does the gauge use?|What unit is on the dial?|In which unit does "
    "it measure?|Unit?|What's the unit of the scale?"
).split("|")
RANGE_ZH = "量程是多少？|最大量程是多少？|表的最大刻度是多少？|最大刻度是多少？|满量程是多少？|最大能显示多少？".split(
    "|"
)
RANGE_EN = (
    "What is the full scale?|What is the largest value on the dial?|What is the maximum of the "
    "scale?|How far does the scale go?|What is the highest mark?|What's the upper end of the scale?"
).split("|")


def places(low: float, high: float) -> int:
    """Decimal places of a reading (negative: tens, hundreds) whose step is the power of ten not above 3 % of the range."""
    return -floor(log10(0.03 * (high - low)))


def short(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")


def paint(canvas: Canvas) -> list[Topic]:
    rng, level, split = canvas.rng, canvas.level, canvas.split
    name, unit, low, high, step = pick(rng, SCALES)
    radius = min(canvas.size) / 2 * (rng.uniform(0.85, 0.97) if level < 0.2 else rng.uniform(0.55, 0.97))
    radius = max(radius, min(95 * canvas.unit, min(canvas.size) / 2 * 0.97))
    x = canvas.width / 2 + rng.uniform(-1, 1) * (canvas.width / 2 - radius)
    y = canvas.height / 2 + rng.uniform(-1, 1) * (canvas.height / 2 - radius)
    canvas.keep(x, y, 0.97 * radius)
    dark = chance(rng, 0.2)
    face = (
        pick(rng, [(20, 20, 22), (35, 38, 45)])
        if dark
        else pick(rng, [(250, 250, 248), (240, 238, 228), (255, 252, 235), (225, 230, 235)])
    )
    ink = canvas.ink(face)
    rim = pick(rng, [(25, 25, 25), (170, 172, 175), (120, 120, 125), (190, 160, 90), (60, 70, 90), (200, 30, 30)])
    canvas.circle(x, y, radius, rim)
    canvas.circle(x, y, radius * 0.93, tuple(min(255, int(c * 0.8 + 40)) for c in rim))
    inner = radius * rng.uniform(0.87, 0.92)
    canvas.circle(x, y, inner, face)

    sweep = pick(rng, [270, 270, 270, 240, 300, 180, 260, 220]) if level > 0.15 else 270
    start = (90 + sweep / 2) % 360
    angle = lambda value: radians(start - sweep * (value - low) / (high - low))  # noqa: E731
    at = lambda value, r: (x + r * cos(angle(value)), y - r * sin(angle(value)))  # noqa: E731
    outer = inner * rng.uniform(0.9, 0.97)
    numbers = int(round((high - low) / step))
    minor = pick(rng, [5, 10, 4, 2]) if numbers <= 6 else pick(rng, [5, 2, 4, 5])
    thick = radius * rng.uniform(0.012, 0.022)
    if chance(rng, 0.35):  # coloured bands
        bounds = sorted(rng.uniform(low, high, 2))
        colours = [(40, 160, 70), (240, 190, 30), (210, 40, 40)]
        edges = [low, *bounds, high]
        for colour, a, b in zip(colours, edges, edges[1:]):
            for i in range(24):
                canvas.line(
                    at(a + (b - a) * i / 24, outer * 0.97),
                    at(a + (b - a) * (i + 1) / 24, outer * 0.97),
                    colour,
                    radius * 0.045,
                )
    if chance(rng, 0.5):
        for i in range(72):
            canvas.line(
                at(low + (high - low) * i / 72, outer), at(low + (high - low) * (i + 1) / 72, outer), ink, thick * 0.7
            )
    for i in range(numbers * minor + 1):
        value = low + step * i / minor
        major = i % minor == 0
        length = 0.13 if major else 0.10 if minor % 2 == 0 and i % minor == minor // 2 else 0.065
        canvas.line(at(value, outer), at(value, outer - inner * length), ink, thick * (1.5 if major else 0.7))
    type = canvas.type()
    size = max(15 * canvas.unit, min(radius * rng.uniform(0.13, 0.18), 60 * canvas.unit))
    inside = outer - inner * 0.15 - size * 0.75
    longest = max(type.width(short(low + step * i), int(size)) for i in (0, numbers - 1, numbers)) + 0.3 * size
    pitch = inside * radians(sweep) / numbers
    every = next(e for e in (1, 2, 5, numbers) if (numbers % e == 0 and pitch * e > longest) or e == numbers)
    for i in range(0, numbers + 1, every):
        value = low + step * i
        canvas.text_in(*at(value, inside), short(value), type, size, ink)
    decimals = places(low, high)
    value = round(float(rng.uniform(low, high)), decimals) + 0.0  # no minus zero
    text = f"{value:.{max(0, decimals)}f}"
    if not text.strip("-0."):
        text = text.lstrip("-")
    answer = join(text, unit)
    direction = angle(value)
    # The unit stands where the needle does not hide it.
    below = sweep < 200 or sin(direction) > 0.6 or chance(rng, 0.7)
    unit_size = max(16 * canvas.unit, size * rng.uniform(0.95, 1.25))
    canvas.text_in(x, y + inner * (0.36 if below else -0.3), unit, type, unit_size, ink)
    if chance(rng, 0.3) and sweep <= 270:
        canvas.text_in(
            x,
            y + inner * (0.62 if below else 0.42),
            brand(rng, split),
            canvas.type(),
            max(14 * canvas.unit, size * 0.8),
            ink,
            asked=False,
        )
        branded = True
    else:
        branded = False
    canvas.set_print()

    needle = pick(
        rng,
        [(200, 20, 20), (230, 80, 20)]
        + [(250, 250, 250), (240, 200, 40)] * dark
        + [(15, 15, 15), (15, 15, 15), (20, 40, 140)] * (not dark),
    )
    tip = outer * rng.uniform(0.86, 0.99)
    width = radius * rng.uniform(0.018, 0.035)
    tail = radius * rng.uniform(0.08, 0.22)
    cx, sx = cos(direction), -sin(direction)
    shape = [
        (x + cx * tip, y + sx * tip),
        (x - sx * width, y + cx * width),
        (x - cx * tail - sx * width * 0.8, y - sx * tail + cx * width * 0.8),
        (x - cx * tail + sx * width * 0.8, y - sx * tail - cx * width * 0.8),
        (x + sx * width, y - cx * width),
    ]
    if chance(rng, 0.4):
        offset = radius * 0.02
        canvas.polygon([(px + offset, py + offset) for px, py in shape], tuple(int(c * 0.75) for c in face))
    canvas.polygon(shape, needle)
    pointed = needle_mark((value - low) / (high - low))
    canvas.mark(pointed, x + cx * tip, y + sx * tip)
    canvas.mark(pointed, x, y)
    canvas.line((x, y), (x + cx * tip * 0.97, y + sx * tip * 0.97), needle, max(1, width * 0.6))
    canvas.circle(x, y, radius * rng.uniform(0.05, 0.09), pick(rng, [needle, (30, 30, 30), (160, 160, 160)]))
    return topics(rng, split, (name, unit, low, high, step), value, answer, branded)


def topics(rng, split: str, scale: tuple, value: float, answer: str, branded: bool) -> list[Topic]:
    """What can be asked about a needle at `value` of a scale of SCALES; `branded`: a maker is printed, too."""
    name, unit, low, high, step = scale
    numbers = int(round((high - low) / step))
    tolerance = 0.02 * (high - low)
    result = []
    for _ in range(2):
        result.append(
            Topic(
                "gauge",
                "reading",
                lambda language, follow: (wording(rng, split, READ_ZH if language == "zh" else READ_EN), answer),
                "",
                tolerance,
            )
        )
    result.append(
        Topic(
            "gauge",
            name,
            lambda language, follow: (ask_field(rng, split, name, language, follow), answer),
            "shown",
            tolerance,
        )
    )
    if chance(rng, 0.4):
        result.append(
            Topic(
                "gauge",
                "unit",
                lambda language, follow: (wording(rng, split, UNIT_ZH if language == "zh" else UNIT_EN), unit),
            )
        )
    if chance(rng, 0.4):
        result.append(
            Topic(
                "gauge",
                "range",
                lambda language, follow: (
                    wording(rng, split, RANGE_ZH if language == "zh" else RANGE_EN),
                    join(short(high), unit),
                ),
            )
        )
    for _ in range(2):
        above = chance(rng, 0.5)
        limit = low + step * rng.integers(0, numbers + 1)
        if abs(limit - value) > 0.05 * (high - low) and (limit < value) == above:
            result.append(is_above(rng, split, name, above, join(short(limit), unit)))
    others = [
        n
        for n in ("pressure", "temperature_now", "voltage_now", "current_now", "humidity", "flow", "speed_now")
        if n != name
    ]
    result.append(unseen(rng, split, pick(rng, others), "shown"))
    for other in rng.choice(
        ["model", "serial", "date", "ip"] + ["manufacturer"] * (not branded), size=2, replace=False
    ):
        result.append(unseen(rng, split, str(other), "field"))
    return result


assert all(scale[0] in NOUNS for scale in SCALES)

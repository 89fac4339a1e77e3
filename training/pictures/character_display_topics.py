"""What character displays say, line by line, and what can be asked about it."""

from __future__ import annotations

from dataclasses import dataclass

from training.pictures import free
from training.pictures.display_topics import SHOWN_EN, SHOWN_ZH
from training.pictures.picture import Topic
from training.pictures.quantities import PLAIN, QUANTITIES, join, number
from training.pictures.questions import ask, read, unseen
from training.pictures.sampling import chance, digits, pick
from training.pictures.words import UNSEEN

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
DAYS = "Mon Tue Wed Thu Fri Sat Sun".split()
WORDS = (
    "Ready|Standby|Running|Stopped|System OK|Please wait|Press START|Press any key|Door open|Pump on|Alarm|No signal|"
    "Low battery|Filter change|Menu|Main menu|Set point|Manual mode|Auto mode|Calibrating|Sensor fault|Charging|Self test|"
    "Heating|Cooling|Emergency stop|Connected|Offline|Insert card|Select mode|Cycle end|Check oil|Power fail"
).split("|")
DOING = "Loading|Updating|Copying|Writing|Charging|Filling|Battery|Progress|Heating|Level|Output|Power|Memory|Erasing|Download".split("|")
STATES = "ON OFF OPEN SHUT AUTO MAN OK FAIL RUN STOP".split()
PARTS = "Pump Fan Valve Heater Motor Door Light Relay Zone Tank Mode Alarm".split()

SAYS_ZH, SAYS_EN = ("显示屏上写了什么？|屏幕上写的是什么？|屏幕显示什么？|显示器上写的是什么？|读一下屏幕|显示屏显示的内容是什么？".split("|"),
    "What does the display show?|What does the screen say?|What's on the display?|Read the display.|What is shown on the screen?|What does the display say?|What is written on the display?".split("|"))  # fmt: skip
LINES_ZH, LINES_EN = ("第{n}行写的是什么？|第{n}行是什么？|显示屏第{n}行显示什么？|屏幕第{n}行是什么内容？|请读第{n}行。".split("|"),
    "What is the {n} line on the display?|What does the {n} line say?|Read the {n} line.|What is in the {n} line?|What's on the {n} line?".split("|"))  # fmt: skip
LAST_ZH, LAST_EN = ("最后一行写的是什么？|最下面一行是什么？|最后一行显示什么？|最下面一行显示什么？".split("|"),
    "What is the last line?|What does the bottom line say?|Read the bottom line.|What is on the last line of the display?".split("|"))  # fmt: skip
COUNT_ZH, COUNT_EN = ("显示屏上有几行字？|屏幕上有几行？|显示了几行文字？".split("|"),
    "How many lines are on the display?|How many lines of text are shown?|How many lines does the screen show?".split("|"))  # fmt: skip
PERCENT_ZH, PERCENT_EN = ("屏幕上显示百分之多少？|百分之几？|显示的百分比是多少？|进度是多少？|百分之多少了？".split("|"),
    "What percentage is shown?|How many percent?|What percentage does the display show?|What per cent is displayed?|How far is it?".split("|"))  # fmt: skip
DATE_ZH, DATE_EN = ("显示的日期是什么？|屏幕上的日期是多少？|今天几号？|显示的是哪一天？|日期是什么？".split("|"),
    "What date is shown on the display?|What is the date on the display?|Which date does it show?|What's the date?|What date is it?".split("|"))  # fmt: skip
TIME_ZH, TIME_EN = ("现在几点？|显示的时间是几点？|屏幕上的时间是多少？|几点了？|显示几点？".split("|"),
    "What time is it on the display?|What time is shown?|What time does it show?|What time is it?|Which time is on the screen?".split("|"))  # fmt: skip
STATE_ZH, STATE_EN = ("{n}是什么状态？|{n}的状态是什么？|{n}后面写的是什么？|{n}显示什么？".split("|"),
    "What is the state of {n}?|What does it say for {n}?|What is {n} set to?|What state is {n} in?".split("|"))  # fmt: skip
NUMERALS = (("一", "二", "三", "四"), ("first", "second", "third", "fourth"))


@dataclass(frozen=True)
class Line:
    """A line as it stands, with its parts by kind: reading, percent, date, time, state; `name` is what a reading is of."""

    text: str
    parts: tuple[tuple[str, str], ...] = ()
    name: str = ""


def clock(rng) -> str:
    hour, minute = int(rng.integers(24)), f"{rng.integers(60):02}"
    if chance(rng, 0.25):
        return f"{hour % 12 or 12}:{minute}{pick(rng, ['am', 'pm', ' AM', ' PM'])}"
    return f"{hour:02}:{minute}" + (f":{rng.integers(60):02}" if chance(rng, 0.5) else "")


def day(rng) -> str:
    year, month, date = int(rng.integers(2000, 2040)), int(rng.integers(1, 13)), int(rng.integers(1, 29))
    name = MONTHS[month - 1]
    return pick(rng, [
        f"{date} {name} {year}", f"{date:02} {name} {year}", f"{name} {date} {year}", f"{year}-{month:02}-{date:02}",
        f"{date:02}.{month:02}.{year}", f"{month:02}/{date:02}/{year % 100:02}", f"{year}/{month:02}/{date:02}", f"{date:02}-{name}-{year % 100:02}",
    ])  # fmt: skip


def line(rng, split: str, used: set[str]) -> Line | None:
    """A line of a kind that is not on the display yet, or None."""
    kind = pick(rng, ["reading", "reading", "reading", "words", "words", "percent", "date", "time", "state", "code"])
    if kind in used and kind in ("percent", "date", "time"):
        return None
    used.add(kind)
    if kind == "reading":
        name = str(pick(rng, sorted(PLAIN - used - {"time_now"})))
        label = str(pick(rng, [label for label in QUANTITIES[name][2] if label.isascii()]))
        if label in used:
            return None
        used |= {name, label}
        text, unit = number(rng, name, split), str(pick(rng, [u for u in QUANTITIES[name][3] if all(c.isascii() or c == "°" for c in u)] or [""]))
        shown = text + pick(rng, ["", " "]) * bool(unit) + unit
        return Line(label + pick(rng, [": ", ":", " ", "=", " = "]) + shown, (("reading", join(text, unit)),), name)
    if kind == "words":
        words = str(pick(rng, WORDS)) if chance(rng, 0.4) else " ".join(free.latin(rng, 1, 3) for _ in range(int(rng.integers(1, 3))))
        return Line(words + pick(rng, ["", "", "", "!", "...", f" {rng.integers(100)}"]))
    if kind == "percent":
        shown = f"{rng.integers(101)}%"
        doing = str(pick(rng, DOING)) if chance(rng, 0.6) else free.latin(rng, 2, 3)
        return Line(doing + pick(rng, [" ", ": ", "... "]) + shown, (("percent", shown),))
    if kind == "date":
        shown = day(rng)
        if "time" not in used and chance(rng, 0.3):
            used.add("time")
            time = clock(rng)
            return Line(f"{shown} {time}", (("date", shown), ("time", time)))
        return Line(pick(rng, ["", "", pick(rng, DAYS) + " "]) + shown, (("date", shown),))
    if kind == "time":
        shown = clock(rng)
        return Line(pick(rng, ["", "", "Time: "]) + shown, (("time", shown),))
    if kind == "state":
        part, state = f"{pick(rng, PARTS)}{pick(rng, ['', '', ' 1', ' 2'])}", str(pick(rng, STATES))
        if part in used:
            return None
        used.add(part)
        return Line(part + pick(rng, [": ", ":", " "]) + state, (("state", state),), part)
    return Line(pick(rng, ["ID ", "No. ", "", "V"]) + (free.code(rng, 4, 10) if chance(rng, 0.5) else digits(rng, int(rng.integers(3, 9)))))


def compose(rng, split: str, level: float) -> list[Line]:
    """One to four lines of up to 20 characters."""
    count, used, lines = int(pick(rng, [1, 2, 2, 2, 2, 3, 4] if level > 0.15 else [1, 2])), set(), []
    while len(lines) < count:
        made = line(rng, split, used)
        if made and len(made.text) <= 20:
            lines.append(made)
    return lines


def topics(rng, split: str, lines: list[Line]) -> list[Topic]:
    """All that the lines answer, and fields that they do not have."""

    def topic(field, answer, zh, en, **words):
        return Topic("display", field, ask(rng, split, zh, en, answer, **words))

    made = []
    percents = sum("%" in one.text for one in lines)
    alone = lines[0].parts if len(lines) == 1 and lines[0].name in QUANTITIES else ()
    if alone:
        made += [topic("reading", alone[0][1], SHOWN_ZH, SHOWN_EN) for _ in range(2)]
    elif len(lines) < 3:
        made += [topic("text", " ".join(one.text for one in lines), SAYS_ZH, SAYS_EN) for _ in range(2)]
    for place, one in enumerate(lines):
        if len(lines) > 1:
            made.append(topic("line", one.text, LINES_ZH, LINES_EN, n={"zh": NUMERALS[0][place], "en": NUMERALS[1][place]}))
        for kind, answer in one.parts:
            if kind == "reading":
                made.append(read(rng, split, one.name, answer, "display", "shown"))
            elif kind == "state":
                made.append(topic("state", answer, STATE_ZH, STATE_EN, n=one.name))
            elif kind != "percent" or percents == 1:
                made.append(topic(kind, answer, *{"percent": (PERCENT_ZH, PERCENT_EN), "date": (DATE_ZH, DATE_EN), "time": (TIME_ZH, TIME_EN)}[kind]))
    if len(lines) > 1:
        made.append(topic("line", lines[-1].text, LAST_ZH, LAST_EN))
        made.append(topic("lines", str(len(lines)), COUNT_ZH, COUNT_EN))
    kinds = {kind for one in lines for kind, _ in one.parts}
    absent = [name for name in ("voltage_now", "pressure", "flow", "humidity") if name not in {one.name for one in lines}]
    made += [unseen(rng, split, str(name), "shown") for name in rng.choice(absent, size=2, replace=False)]
    for field, zh, en in (("percent", PERCENT_ZH, PERCENT_EN), ("date", DATE_ZH, DATE_EN), ("time", TIME_ZH, TIME_EN)):
        if field not in kinds and not (field == "percent" and percents) and chance(rng, 0.3):
            made.append(Topic("absent", field, ask(rng, split, zh, en, UNSEEN)))
    made += [unseen(rng, split, str(name), "field") for name in rng.choice(["model", "ip", "manufacturer"], size=2, replace=False)]
    return made

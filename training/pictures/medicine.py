"""A medicine as its box tells: how often a day, before or after meals, expiry; as printed, and as answered."""

from __future__ import annotations

from dataclasses import dataclass

from training.pictures.words import UNSEEN

TIMES_ZH = {1: "一天一次", 2: "一天两次", 3: "一天三次", 4: "一天四次"}
TIMES_EN = {1: "once a day", 2: "twice a day", 3: "three times a day", 4: "four times a day"}
PRINTED_TIMES_ZH = {
    1: "一日一次 一日1次 每日一次 每天一次 每日1次 每天1次".split(),
    2: "一日两次 一日2次 每日两次 每天两次 每日2次 一日二次".split(),
    3: "一日三次 一日3次 每日三次 每天三次 每日3次 每天3次".split(),
    4: "一日四次 一日4次 每日四次 每天四次 每日4次 每天4次".split(),
}
PRINTED_TIMES_EN = {
    1: "once a day|once daily|1 time a day|one time daily|1 x daily".split("|"),
    2: "twice a day|twice daily|2 times a day|two times daily|2 x daily".split("|"),
    3: ("three times a day|3 times a day|three times daily|3 times daily|3 x daily").split("|"),
    4: ("four times a day|4 times a day|four times daily|4 times daily|4 x daily").split("|"),
}
MEAL = {  # Chinese answer, English answer, Chinese prints, English prints
    "before": (
        "饭前服用",
        "before meals",
        "饭前服用 饭前服 餐前服用 餐前口服 饭前口服".split(),
        "before meals|before food|before eating|Before meals".split("|"),
    ),
    "after": (
        "饭后服用",
        "after meals",
        "饭后服用 饭后服 餐后服用 餐后口服 饭后口服".split(),
        "after meals|after food|after eating|After meals".split("|"),
    ),
    "with": (
        "随餐服用",
        "with meals",
        "随餐服用 餐中服用 与餐同服".split(),
        "with meals|with food|With meals".split("|"),
    ),
    "bed": (
        "睡前服用",
        "at bedtime",
        "睡前服用 睡前服 睡前口服".split(),
        "at bedtime|before bed|before sleep".split("|"),
    ),
}
MONTHS = "January February March April May June July August September October November December".split()


@dataclass
class Medicine:
    """What its box says of it. Zero or empty: it does not."""

    name: str
    times: int
    meal: str
    year: int
    month: int
    day: int

    def how(self, language: str, often: bool = True, when: bool = True) -> str:
        """The answer's sentence."""
        times, meal = self.times if often else 0, self.meal if when else ""
        if not times and not meal:
            return UNSEEN[language]
        if language == "zh":
            return "，".join(part for part in (TIMES_ZH.get(times, ""), MEAL[meal][0] if meal else "") if part) + "。"
        return (
            "Take it "
            + ", ".join(part for part in (TIMES_EN.get(times, ""), MEAL[meal][1] if meal else "") if part)
            + "."
        )

    def expiry(self, language: str) -> str:
        if language == "zh":
            return f"有效期至{self.year}年{self.month}月" + (f"{self.day}日" if self.day else "") + "。"
        return (
            f"It expires on {MONTHS[self.month - 1]} {self.day}, {self.year}."
            if self.day
            else f"It expires in {MONTHS[self.month - 1]} {self.year}."
        )

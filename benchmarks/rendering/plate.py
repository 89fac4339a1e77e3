"""A nameplate as HTML, with what may be asked about it."""

from __future__ import annotations

import html
import random
from collections.abc import Sequence
from dataclasses import dataclass

_LETTERS, _CODE = "ABCDEFGHKLMNPRSTUVWXYZ", "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
_MAKERS = {
    "zh": ("上海宏达电气有限公司", "苏州恒信机电有限公司", "宁波精工仪表有限公司", "天津凯达电机厂", "重庆华源水泵有限公司",
           "沈阳永诚自动化有限公司", "武汉金龙电器股份有限公司", "无锡瑞丰变压器厂"),
    "en": ("Hartwell Controls Ltd", "Norvik Pumps AS", "Bremer Antriebe GmbH", "Delta Ridge Electric", "Olsson Drives AB",
           "Kestrel Instruments Inc", "Tamar Power Systems", "Vesta Motor Works"),
}  # fmt: skip
# name: (labels in Chinese, labels in English, what a question calls it in Chinese, in English)
_FIELDS = {
    "model": (("型号", "产品型号"), ("MODEL", "Type", "Model No."), ("型号",), ("model", "model number")),
    "serial": (("出厂编号", "序列号"), ("S/N", "SERIAL NO.", "Serial No."), ("序列号", "出厂编号"), ("serial number",)),
    "date": (("出厂日期", "生产日期"), ("MFG DATE", "Date"), ("生产日期",), ("manufacturing date",)),
    "voltage": (("额定电压", "电压"), ("VOLTAGE", "Voltage"), ("额定电压", "电压"), ("rated voltage", "voltage")),
    "power": (("额定功率", "功率"), ("POWER", "Power"), ("额定功率", "功率"), ("rated power", "power")),
    "current": (("额定电流", "电流"), ("CURRENT", "Current"), ("额定电流",), ("rated current",)),
    "frequency": (("频率",), ("FREQ.", "Frequency"), ("频率",), ("frequency",)),
    "speed": (("转速",), ("SPEED", "Speed"), ("转速",), ("speed",)),
    "ip": (("IP地址",), ("IP ADDRESS", "IP address"), ("IP地址",), ("IP address",)),
    "ip_rating": (("防护等级",), ("PROTECTION", "Protection"), ("防护等级",), ("protection class",)),
    "manufacturer": (("制造商",), ("MFR", "Manufacturer"), ("制造商",), ("manufacturer",)),
}  # fmt: skip
_ASKED = {
    "zh": ("{}是什么？", "请问{}是多少？", "铭牌上的{}是什么？"),
    "en": ("What is the {}?", "What {} is printed on the plate?", "Read the {}."),
}
_ASKED_OF = {"zh": "{1}的{0}是什么？", "en": "What is the {0} of {1}?"}
_FACES = {
    "zh": ("Noto Sans CJK SC", "Noto Serif CJK SC"),
    "en": ("DejaVu Sans", "DejaVu Serif", "DejaVu Sans Mono", "Noto Sans CJK SC", "DejaVu Sans Condensed"),
}
_METALS = (
    ("linear-gradient(115deg, #b9bdc0, #eceeef 40%, #c9cdcf 70%, #e2e4e5)", "#161616"),
    ("#f4f4ef", "#111"),
    ("linear-gradient(90deg, #d9cf9a, #efe8bd 50%, #d3c88f)", "#221c05"),
    ("#23282d", "#f0f0f0"),
    ("#16407c", "#f5f7fa"),
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    field: str
    label: str
    value: str


@dataclass(frozen=True)
class Plate:
    language: str
    rows: tuple[Row, ...]
    font: str
    layout: str  # table, list or stacked
    metal: str
    ink: str

    @classmethod
    def drawn(cls, chance: random.Random, without: Sequence[str] = (), least: int = 3, most: int = 7) -> Plate:
        """With random rows, none of the fields ``without``."""
        language = chance.choice(("zh", "en"))
        names = [name for name in _FIELDS if name not in without]
        chosen = chance.sample(names, min(chance.randint(least, most), len(names)))
        chosen.sort(key=list(_FIELDS).index)
        labels = 0 if language == "zh" else 1
        rows = tuple(Row(name, chance.choice(_FIELDS[name][labels]), _value(chance, name, language)) for name in chosen)
        layout = chance.choice(("table", "list", "stacked"))
        metal, ink = chance.choice(_METALS)
        return cls(language, rows, chance.choice(_FACES[language]), layout, metal, ink)

    def question(self, chance: random.Random, row: Row, device: str = "") -> str:
        """For the row's value, of a device where its name is given."""
        nouns = _FIELDS[row.field][2 if self.language == "zh" else 3]
        asked, noun = chance.choice(_ASKED[self.language]), chance.choice(nouns)
        return _ASKED_OF[self.language].format(noun, device) if device else asked.format(noun)

    def html(self, em: float, style: str = "", name: str = "plate") -> str:
        """A block with print of ``em`` px; the values have the ids NAME-FIELD."""
        cells = []
        for row in self.rows:
            colon = "：" if self.language == "zh" else ":"
            label = html.escape(row.label) + (colon if self.layout == "list" else "")
            value = f'<b id="{name}-{row.field}">{html.escape(row.value)}</b>'
            if self.layout == "table":
                cells.append(f"<tr><td>{label}</td><td>{value}</td></tr>")
            elif self.layout == "stacked":
                cells.append(f"<div style='margin-bottom:{em * 0.5:.1f}px'>{label}<br>{value}</div>")
            else:
                cells.append(f"<div>{label} {value}</div>")
        inner = "".join(cells)
        if self.layout == "table":
            inner = f"<table style='border-collapse:collapse;font:inherit'>{inner}</table>"
        return (
            f"<div id='{name}' class='plate' style='font-family:\"{self.font}\";font-size:{em}px;line-height:1.5;color:{self.ink};"
            f"background:{self.metal};padding:{em * 0.9:.1f}px {em * 1.2:.1f}px;border-radius:{em * 0.4:.1f}px;"
            f"border:2px solid #555;white-space:nowrap;{style}'>{inner}</div>"
        )


def _value(chance: random.Random, name: str, language: str) -> str:
    def code(letters: str, count: int) -> str:
        return "".join(chance.choice(letters) for _ in range(count))

    number = chance.randint
    makers = {
        "model": lambda: f"{code(_LETTERS, number(1, 3))}{number(1, 9)}-{code('0123456789', number(2, 4))}"
        f"{chance.choice(('', '', '/' + code(_LETTERS, 2), code(_LETTERS, 1)))}",
        "serial": lambda: chance.choice((
            code("0123456789", number(7, 10)), f"SN{code('0123456789', 8)}", code(_CODE, number(8, 11)),
            f"{number(2016, 2026)}{code('0123456789', 5)}",
        )),
        "date": lambda: chance.choice(("{y}-{m:02}-{d:02}", "{y}.{m:02}", "{y}年{m}月" if language == "zh" else "{y}-{m:02}")).format(
            y=number(2015, 2026), m=number(1, 12), d=number(1, 28)
        ),
        "voltage": lambda: chance.choice(("380V", "400 V", "AC 220V", "DC24V", "AC100-240V", "690 V", "48V DC")),
        "power": lambda: chance.choice((f"{number(1, 90)}.{number(0, 9)}kW", f"{number(10, 990)}W", f"{number(2, 55)} kW")),
        "current": lambda: f"{number(1, 90)}.{number(0, 9)}{chance.choice(('A', ' A'))}",
        "frequency": lambda: chance.choice(("50Hz", "60 Hz", "50/60Hz", "50 Hz")),
        "speed": lambda: f"{number(700, 2990)}{chance.choice(('r/min', ' rpm', ' r/min'))}",
        "ip": lambda: f"{chance.choice(('192.168', '10.0', '172.16'))}.{number(0, 254)}.{number(2, 254)}",
        "ip_rating": lambda: f"IP{chance.choice((20, 44, 54, 55, 65, 67))}",
        "manufacturer": lambda: chance.choice(_MAKERS[language]),
    }  # fmt: skip
    return makers[name]()

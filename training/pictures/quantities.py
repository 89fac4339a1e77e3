"""Measured quantities: what they are called, their units, and readings as they are shown."""

from __future__ import annotations

from training.pictures.sampling import chance, pick
from training.pictures.splits import belongs
from training.pictures.words import NOUNS

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
PLAIN = QUANTITIES.keys() - {"setpoint"}  # a setpoint stands only beside what it is for


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


def join(text: str, unit: str) -> str:
    """The answer's form: the unit follows a space, except percent and degrees."""
    return text if not unit else text + ("" if unit[0] in "%°℃" else " ") + unit

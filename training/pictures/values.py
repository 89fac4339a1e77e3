"""Random grammars of what a nameplate says by field: models, serial numbers, dates, ratings.

Every function takes a generator and returns the text as printed.
"""

from __future__ import annotations

from training.pictures import free
from training.pictures.sampling import LETTERS, chance, digits, letters, look_alikes, or_free, pick, until

PRODUCTS_ZH = (
    "三相异步电动机 可编程控制器 变频器 伺服驱动器 伺服电机 步进电机 离心泵 开关电源 变压器 断路器 "
    "接触器 温度控制器 压力变送器 "
    "工业机器人 减速机 空气压缩机 电磁阀 电动执行器 流量计 触摸屏 交换机 充电器 蓄电池 配电箱 水泵 风机 冷水机 电焊机 "
    "直流电源 光电开关 接近开关 编码器 继电器 液位计 温湿度传感器 电磁流量计 发电机 稳压器 逆变器 控制柜"
).split()
PRODUCTS_EN = (
    "INDUCTION MOTOR|AC SERVO MOTOR|SERVO DRIVE|FREQUENCY INVERTER|POWER SUPPLY|PROGRAMMABLE "
    "CONTROLLER|CENTRIFUGAL PUMP|"
    "TRANSFORMER|CIRCUIT BREAKER|PRESSURE TRANSMITTER|FLOW METER|GEAR REDUCER|AIR COMPRESSOR|SOLENOID VALVE|ACTUATOR|"
    "TOUCH PANEL|ETHERNET SWITCH|BATTERY CHARGER|INDUSTRIAL ROBOT|STEPPER MOTOR|Temperature "
    "Controller|Proximity Switch|"
    "Water Pump|Cooling Fan|Welding Machine|Rotary Encoder|Level Sensor|Control Cabinet|Generator|Three Phase Motor"
).split("|")


@or_free(free.code)
def model(rng) -> str:
    """Such as H3U-32MR/ES, FR-D740-0.75K, 6ES7 214, YE3-132M-4, SGM7J-04A."""
    kind = rng.integers(8)
    if kind == 0:
        text = f"{letters(rng, rng.integers(1, 4))}{digits(rng, 1)}{letters(rng, 1)}-{digits(rng, 2)}{letters(rng, 2)}/{letters(rng, 2)}"
    elif kind == 1:
        text = f"{letters(rng, 2)}-{letters(rng, 1)}{digits(rng, 3)}-{pick(rng, ['0.4', '0.75', '1.5', '2.2', '3.7', '5.5', '7.5', '11'])}{pick(rng, 'KGTW')}"
    elif kind == 2:
        text = f"{letters(rng, rng.integers(2, 4))}{digits(rng, 1)}-{digits(rng, rng.integers(2, 4))}{pick(rng, 'MLS')}{pick(rng, ['', '1', '2'])}-{digits(rng, 1)}"
    elif kind == 3:
        text = f"{letters(rng, rng.integers(2, 5))}{digits(rng, rng.integers(2, 5))}"
    elif kind == 4:
        text = f"{digits(rng, 1)}{letters(rng, 2)}{digits(rng, 1)} {digits(rng, 3)}-{digits(rng, 1)}{letters(rng, 2)}{digits(rng, 2)}"
    elif kind == 5:
        text = f"{letters(rng, 3)}{digits(rng, 1)}{letters(rng, 1)}-{digits(rng, 2)}{letters(rng, rng.integers(1, 4))}{pick(rng, ['', digits(rng, 2)])}"
    elif kind == 6:
        text = f"{letters(rng, rng.integers(1, 3))}{digits(rng, rng.integers(2, 4))}{pick(rng, ['/', '-', '.', '_', ' '])}{letters(rng, rng.integers(0, 3))}{digits(rng, rng.integers(1, 4))}"
    else:
        text = f"{letters(rng, 2)}{look_alikes(rng, rng.integers(2, 5))}{pick(rng, ['-', '/', ''])}{look_alikes(rng, rng.integers(1, 4))}"
    if chance(rng, 0.06):  # some makers mix case
        text = text[0] + text[1:].lower().replace("l", "k").replace("o", "p").replace("i", "n")
    return text


@or_free(lambda rng: free.code(rng, 5, 15))
def serial(rng) -> str:
    """Such as 2023051400123, SN20A4F-0087, A1B2-C3D4-55, E221-0098/7."""
    kind = rng.integers(8)
    if kind == 0:
        return digits(rng, rng.integers(6, 14))
    if kind == 1:
        return f"{letters(rng, rng.integers(1, 4))}{digits(rng, rng.integers(5, 11))}"
    if kind == 2:
        return f"{pick(rng, ['20', '21', '22', '23', '24', '19', '18'])}{digits(rng, rng.integers(2, 5))}-{digits(rng, rng.integers(3, 7))}"
    if kind == 3:
        return "-".join(
            f"{letters(rng, 1)}{digits(rng, 1)}{letters(rng, 1)}{digits(rng, 1)}" for _ in range(rng.integers(2, 4))
        )
    if kind == 4:
        return f"{letters(rng, 1)}{digits(rng, 3)}-{digits(rng, 4)}/{digits(rng, rng.integers(1, 3))}"
    if kind == 5:
        alphabet = "0123456789ABCDEF"
        return "".join(alphabet[i] for i in rng.integers(0, 16, rng.integers(8, 13)))
    if kind == 6:
        return look_alikes(rng, rng.integers(5, 11))
    alphabet = "0123456789" * 2 + LETTERS
    return "".join(alphabet[i] for i in rng.integers(0, len(alphabet), rng.integers(6, 13)))


@until
def ip_address(rng) -> str:
    if chance(rng, 0.55):
        head = pick(
            rng,
            ["192.168", "192.168", "10.0", "172.16", "10.10", f"10.{rng.integers(256)}", f"172.{rng.integers(16, 32)}"],
        )
        return f"{head}.{rng.integers(256)}.{rng.integers(1, 255)}"
    return ".".join(str(rng.integers(1, 255)) for _ in range(4))


def date(rng, split: str) -> str:
    """A date in one of the ways it is printed; never with a two-digit year."""
    year, month, day = int(rng.integers(1998, 2031)), int(rng.integers(1, 13)), int(rng.integers(1, 29))
    name = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()[month - 1]
    forms = (
        f"{year}年{month}月{day}日",
        f"{year}年{month:02}月{day:02}日",
        f"{year}年{month}月",
        f"{year}年{month:02}月",
        f"{year}.{month:02}.{day:02}",
        f"{year}.{month:02}",
        f"{year}.{month}",
        f"{year}-{month:02}-{day:02}",
        f"{year}-{month:02}",
        f"{year}/{month:02}/{day:02}",
        f"{year}/{month:02}",
        f"{month:02}/{year}",
        f"{day:02}/{month:02}/{year}",
        f"{day:02}.{month:02}.{year}",
        f"{year}{month:02}{day:02}",
        f"{day:02} {name} {year}",
        f"{name} {year}",
        f"{name.upper()}. {year}",
        f"{day:02}-{name.upper()}-{year}",
        f"{name} {day}, {year}",
        f"{year} {month:02} {day:02}",
        f"{month:02}-{year}",
    )
    return pick(rng, forms)


def voltage(rng, split: str) -> str:
    ac = pick(rng, ["AC", "AC", "AC ", "~", "", ""])
    volts = pick(rng, "220 380 110 230 400 415 440 480 690 100 200 127 24 240 208 660 36".split())
    kind = rng.integers(9)
    if kind == 0:
        return f"{ac}{volts}V±{pick(rng, ['10', '5', '15', '20', '7', '2'])}%"
    if kind == 1:
        dc = "DC 24V|DC24V|24VDC|DC 12V|DC12V|12VDC|DC 48V|DC 5V|5VDC|48VDC|24V DC|DC 110V|DC 36V|24V"
        return pick(rng, dc.split("|"))
    if kind == 2:
        return f"{pick(rng, ['3×', '3~', '3~ ', '3 × '])}{pick(rng, '380 400 415 440 480 200 220 690'.split())}V"
    if kind == 3:
        low = pick(rng, "100 110 90 85 200 180 380".split())
        return f"{ac}{low}{pick(rng, ['-', '~', '～', '–'])}{pick(rng, '240 264 250 230 265 480 415'.split())}{pick(rng, ['V', ' V', 'VAC', 'V~'])}"
    if kind == 4:
        return f"{pick(rng, '220/380 230/400 380/660 400/690 110/220 240/415 127/220'.split())}{pick(rng, ['V', ' V', ' V D/Y'])}"
    if kind == 5:
        return f"{rng.integers(1, 1000)}{pick(rng, ['V', ' V', 'VAC', ' VAC', 'V AC'])}"
    if kind == 6:
        return f"{pick(rng, ['DC', 'DC ', ''])}{rng.integers(1, 60)}.{rng.integers(10)}{pick(rng, ['V', ' V'])}"
    if kind == 7:
        return f"{rng.integers(3, 36)}{pick(rng, ['.5', '', ''])}kV"
    return f"{ac}{volts}{pick(rng, ['V', ' V', ' V', 'V'])}"


def power(rng, split: str) -> str:
    number = pick(
        rng,
        [
            pick(
                rng, "0.12 0.18 0.25 0.37 0.55 0.75 1.1 1.5 2.2 3 4 5.5 7.5 11 15 18.5 22 30 37 45 55 75 90 110".split()
            ),
            f"{rng.integers(0, 100)}.{rng.integers(10)}",
            f"{rng.integers(0, 10)}.{digits(rng, 2)}",
            str(rng.integers(1, 500)),
        ],
    )
    if number in ("0.0", "0.00"):
        number = "0.8"
    unit = pick(rng, ["kW", "kW", "KW", " kW", "W", " W", "kVA", " HP", "hp", "VA"])
    if unit.strip() in ("W", "VA"):
        number = pick(rng, [str(rng.integers(1, 3000)), "1000", "750", "400", "60", "2200", "0.5"])
    return number + unit


def current(rng, split: str) -> str:
    if chance(rng, 0.15):
        return f"{pick(rng, ['4-20', '4~20', '0-20', '0~10'])}{pick(rng, ['mA', ' mA'])}"
    if chance(rng, 0.15):
        return (
            f"{rng.integers(1, 60)}.{rng.integers(10)}/{rng.integers(1, 60)}.{rng.integers(10)}{pick(rng, ['A', ' A'])}"
        )
    number = pick(
        rng,
        [
            f"{rng.integers(0, 100)}.{rng.integers(1, 10)}",
            f"{rng.integers(0, 10)}.{digits(rng, 1)}{rng.integers(1, 10)}",
            str(rng.integers(1, 1000)),
        ],
    )
    return number + pick(rng, ["A", "A", " A", "mA", " mA", "A max"])


def frequency(rng, split: str) -> str:
    return pick(
        rng,
        [
            *"50Hz|60Hz|50 Hz|60 Hz|50/60Hz|50/60 Hz|50-60Hz|50~60Hz|50HZ|47-63Hz|47~63Hz|400Hz".split("|"),
            f"0-{rng.integers(5, 70) * 10}Hz",
            f"0~{rng.integers(5, 70) * 10}Hz",
            f"{rng.integers(1, 1000)}Hz",
            f"{rng.integers(1, 900)} Hz",
            f"{rng.integers(1, 50)}.{rng.integers(10)}kHz",
            f"{rng.integers(1, 6)}.{rng.integers(10)} GHz",
            "50Hz±1%",
            "13.56MHz",
        ],
    )


DEGREES = {"train": ["℃", "°C", "°C", " °C", " ℃"], "test": ["℃", "℃", "°C", " °C", " ℃"]}  # °C was taken for ℃, never the other way


def temperature(rng, split: str) -> str:
    """A range of temperatures, such as -20~+60℃."""
    common = "-20 -10 -25 -40 0 -30 -5 -15 5 10 -55".split()
    low = pick(rng, [*common, str(-int(rng.integers(1, 60))), str(rng.integers(0, 20))])
    high = pick(rng, ["60", "50", "55", "40", "70", "85", "45", "80", "100", str(rng.integers(21, 130))])
    degree = pick(rng, DEGREES[split])
    plus = pick(rng, ["", "", "+"])
    join = pick(rng, ["~", "～", " ~ ", "...", " to ", "至"])
    if not low.startswith("-") and plus == "" and chance(rng, 0.5):
        join = "-"
    first = low + (degree if chance(rng, 0.25) else "")
    return f"{first}{join}{plus}{high}{degree}"


def weight(rng, split: str) -> str:
    return pick(rng, [str(rng.integers(1, 600)), f"{rng.integers(0, 60)}.{rng.integers(1, 10)}"]) + pick(
        rng, ["kg", " kg", "Kg", "KG", "kg"]
    )


def ip_rating(rng, split: str) -> str:
    return pick(rng, "IP20|IP21|IP44|IP54|IP55|IP56|IP65|IP66|IP67|IP68|IP23|IP40|IP 54|IP 65".split("|"))


def speed(rng, split: str) -> str:
    common = "1450 2900 960 1440 2880 3000 1500 720".split()
    turns = pick(rng, [*common, str(rng.integers(1, 60) * 50), str(rng.integers(100, 6000))])
    return turns + pick(rng, ["r/min", "r/min", "rpm", " rpm", "RPM", " r/min"])


def standard(rng, split: str) -> str:
    return (
        pick(rng, ["GB/T ", "GB ", "GB/T", "IEC ", "EN ", "JB/T ", "Q/"])
        + f"{rng.integers(100, 70000)}"
        + pick(rng, [f"-{rng.integers(1995, 2024)}", f".{rng.integers(1, 9)}-{rng.integers(1995, 2024)}", ""])
    )


def insulation(rng, split: str) -> str:
    return pick(rng, ["F", "B", "H", "E", "A"]) + pick(rng, ["级", "", ""])


def supply(rng, split: str) -> str:
    """Voltage and frequency in one line, such as 3×380V 50Hz."""
    return (
        f"{pick(rng, ['AC', 'AC ', '3×', '3~', '1~ ', '~', ''])}{pick(rng, '220 380 110 230 400 415 100 200 240'.split())}V{pick(rng, [' ', ', ', '/', '  ', ' '])}".replace(
            "  ", " "
        )
        + pick(rng, ["50Hz", "60Hz", "50/60Hz", "50 Hz"])
    )

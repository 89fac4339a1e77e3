"""Units: symbol, what one of them is called in English, what several are called, and the Chinese name."""

from __future__ import annotations

_TABLE = """
mm millimetre millimetres 毫米
cm centimetre centimetres 厘米
dm decimetre decimetres 分米
m metre metres 米
km kilometre kilometres 公里
µm micrometre micrometres 微米
um micrometre micrometres 微米
nm nanometre nanometres 纳米
mm² square_millimetre square_millimetres 平方毫米
cm² square_centimetre square_centimetres 平方厘米
m² square_metre square_metres 平方米
m³ cubic_metre cubic_metres 立方米
cm³ cubic_centimetre cubic_centimetres 立方厘米
m³/h cubic_metre_per_hour cubic_metres_per_hour 立方米每小时
L/min litre_per_minute litres_per_minute 升每分钟
km/h kilometre_per_hour kilometres_per_hour 公里每小时
m/s metre_per_second metres_per_second 米每秒
mm/s millimetre_per_second millimetres_per_second 毫米每秒
m/s² metre_per_second_squared metres_per_second_squared 米每二次方秒
r/min revolution_per_minute revolutions_per_minute 转每分钟
rpm revolution_per_minute revolutions_per_minute 转每分钟
RPM revolution_per_minute revolutions_per_minute 转每分钟
t tonne tonnes 吨
kg kilogram kilograms 千克
g gram grams 克
mg milligram milligrams 毫克
µg microgram micrograms 微克
ug microgram micrograms 微克
mcg microgram micrograms 微克
kg/m³ kilogram_per_cubic_metre kilograms_per_cubic_metre 千克每立方米
mg/mL milligram_per_millilitre milligrams_per_millilitre 毫克每毫升
mg/ml milligram_per_millilitre milligrams_per_millilitre 毫克每毫升
L litre litres 升
l litre litres 升
mL millilitre millilitres 毫升
ml millilitre millilitres 毫升
IU international_unit international_units 国际单位
V volt volts 伏
kV kilovolt kilovolts 千伏
mV millivolt millivolts 毫伏
A amp amps 安
kA kiloamp kiloamps 千安
mA milliamp milliamps 毫安
µA microamp microamps 微安
Ah amp_hour amp_hours 安时
mAh milliamp_hour milliamp_hours 毫安时
W watt watts 瓦
kW kilowatt kilowatts 千瓦
KW kilowatt kilowatts 千瓦
MW megawatt megawatts 兆瓦
mW milliwatt milliwatts 毫瓦
kWh kilowatt_hour kilowatt_hours 千瓦时
VA volt-amp volt-amps 伏安
kVA kilovolt-amp kilovolt-amps 千伏安
kvar kilovar kilovars 千乏
Hz hertz hertz 赫兹
kHz kilohertz kilohertz 千赫
MHz megahertz megahertz 兆赫
GHz gigahertz gigahertz 吉赫
Ω ohm ohms 欧
kΩ kilohm kilohms 千欧
MΩ megohm megohms 兆欧
mΩ milliohm milliohms 毫欧
µF microfarad microfarads 微法
pF picofarad picofarads 皮法
mH millihenry millihenries 毫亨
Pa pascal pascals 帕
kPa kilopascal kilopascals 千帕
MPa megapascal megapascals 兆帕
hPa hectopascal hectopascals 百帕
bar bar bar 巴
mbar millibar millibar 毫巴
psi pound_per_square_inch pounds_per_square_inch 磅每平方英寸
N newton newtons 牛
kN kilonewton kilonewtons 千牛
Nm newton_metre newton_metres 牛米
N·m newton_metre newton_metres 牛米
J joule joules 焦耳
kJ kilojoule kilojoules 千焦
kcal kilocalorie kilocalories 千卡
dB decibel decibels 分贝
dBm decibel_milliwatt decibel_milliwatts 分贝毫瓦
lm lumen lumens 流明
lx lux lux 勒克斯
K kelvin kelvins 开尔文
°C degree_Celsius degrees_Celsius 摄氏度
℃ degree_Celsius degrees_Celsius 摄氏度
°F degree_Fahrenheit degrees_Fahrenheit 华氏度
℉ degree_Fahrenheit degrees_Fahrenheit 华氏度
° degree degrees 度
s second seconds 秒
ms millisecond milliseconds 毫秒
µs microsecond microseconds 微秒
min minute minutes 分钟
h hour hours 小时
KB kilobyte kilobytes 千字节
MB megabyte megabytes 兆字节
GB gigabyte gigabytes 吉字节
TB terabyte terabytes 太字节
Mbps megabit_per_second megabits_per_second 兆比特每秒
ppm part_per_million parts_per_million ppm
px pixel pixels 像素
"""

#: symbol -> (English singular, English plural, Chinese)
UNITS: dict[str, tuple[str, str, str]] = {
    symbol: (one.replace("_", " "), many.replace("_", " "), chinese)
    for symbol, one, many, chinese in (line.split() for line in _TABLE.split("\n") if line)
}
#: Both code points of "micro" and of "ohm" are in use.
UNITS.update({symbol.replace("µ", "μ"): names for symbol, names in list(UNITS.items())})
UNITS.update({symbol.replace("Ω", "\u2126"): names for symbol, names in list(UNITS.items())})

TEMPERATURES = frozenset(("°C", "℃", "°F", "℉"))


def unit_name(symbol: str, number: str, language: str) -> str:
    """What the unit ``symbol`` is called after ``number`` (as written, e.g. "1" or "2.5")."""
    one, many, chinese = UNITS[symbol]
    if language == "zh":
        return chinese
    return one if number.lstrip("+-−") == "1" else many

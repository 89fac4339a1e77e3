"""Transcripts: what is said for what is written."""

import pytest

from glm4v_ros.speech.spoken_form import spoken_form, spoken_runs

ENGLISH = [
    ("The model is H3U-32MR/ES.", "The model is H three U dash three two M R slash E S."),
    ("Serial number SN: A1B2-00345-XK", "Serial number: A one B two dash zero zero three four five dash X K"),
    ("IP address: 192.168.1.10", "IP address: one nine two dot one six eight dot one dot one zero"),
    (
        "It is at 10.0.0.5/24, port 502.",
        "It is at one zero dot zero dot zero dot five slash twenty-four, port five hundred two.",
    ),
    (
        "Open http://192.168.1.10:8080/status now.",
        "Open one nine two dot one six eight dot one dot one zero colon eight zero eight zero slash status now.",
    ),
    ("The MAC is 00:1A:2B:3C:4D:5E.", "The MAC is zero zero, one A, two B, three C, four D, five E."),
    ("Made on 2024-03-05.", "Made on March fifth, twenty twenty-four."),
    ("Made on March 5, 2024.", "Made on March fifth, twenty twenty-four."),
    ("Made on 12 Oct 2023.", "Made on October twelfth, twenty twenty-three."),
    ("JUL. 2024 or 05-Jul-2024", "July twenty twenty-four or July fifth, twenty twenty-four"),
    ("Due 03/05/2024.", "Due three, five, twenty twenty-four."),
    ("EXP 2026-08", "expiry date August twenty twenty-six"),
    ("It was built in 2024.", "It was built in twenty twenty-four."),
    ("There are 2024 items.", "There are two thousand twenty-four items."),
    ("It opens at 9:00 and closes at 17:30.", "It opens at nine o'clock and closes at seventeen thirty."),
    ("The log says 08:05:09.", "The log says eight oh five and nine seconds."),
    ("The temperature is -5 ℃.", "The temperature is minus five degrees Celsius."),
    ("It is 1 °C outside.", "It is one degree Celsius outside."),
    ("77°F in the room", "seventy-seven degrees Fahrenheit in the room"),
    ("Operating range -10~60℃.", "Operating range minus ten to sixty degrees Celsius."),
    ("AC 220-240V, 50/60Hz", "A C two hundred twenty to two hundred forty volts, fifty or sixty hertz"),
    ("DC24V 2A", "D C twenty-four volts two amps"),
    ("The pressure is 0.6 MPa.", "The pressure is zero point six megapascals."),
    ("It weighs ~3.5 kg (max. 4 kg).", "It weighs about three point five kilograms, maximum four kilograms."),
    ("100×200×30 mm", "one hundred by two hundred by thirty millimetres"),
    ("0.5 mg/kg", "zero point five milligrams per kilogram"),
    ("5 m/s at 120 km/h", "five metres per second at one hundred twenty kilometres per hour"),
    ("1,234,567.89", "one million two hundred thirty-four thousand five hundred sixty-seven point eight nine"),
    ("1/2 tablet", "one half tablet"),
    ("It is 3/4 full.", "It is three quarters full."),
    ("1 1/2 cups and 2½ spoons", "one and a half cups and two and a half spoons"),
    ("45.5% of the tank", "forty-five point five percent of the tank"),
    ("-3% against last year", "minus three percent against last year"),
    ("It costs $5.99.", "It costs five dollars and ninety-nine cents."),
    ("€1 or ¥100", "one euro or one hundred yuan"),
    ("Firmware v2.3.1", "Firmware version two point three point one"),
    ("Call 400-820-8820.", "Call four zero zero, eight two zero, eight eight two zero."),
    ("Call +86 138 0013 8000.", "Call plus eight six, one three eight, zero zero one three, eight zero zero zero."),
    ("Room 007", "Room zero zero seven"),
    ("Order 1234567890", "Order one two three four five six seven eight nine zero"),
    ("No. 5 and #7", "number five and number seven"),
    ("the 21st, 3x a day", "the twenty-first, three times a day"),
    ("Ratio 1:10", "Ratio one to ten"),
    ("±0.5 mm", "plus or minus zero point five millimetres"),
    ("≥ 5 bar", "at least five bar"),
    ("**Bold**, *italic* and `code`", "Bold, italic and code"),
    ("# Heading\n\n- one\n- two", "Heading. one. two"),
    ("1. Turn it off\n2. Wait 5 s", "one, Turn it off. two, Wait five seconds"),
    ("| Name | Value |\n|---|---|\n| U | 24 V |", "Name, Value. U, twenty-four volts"),
    ("See [the manual](https://example.com/manual.pdf).", "See the manual."),
    ("<think>secret</think>The answer is <|begin_of_box|>42<|end_of_box|>.", "The answer is forty-two."),
    ("$25^{\\circ}C$ and $\\frac{1}{2}$", "twenty-five degrees Celsius and one half"),
    ("Line one\nline two", "Line one. line two"),
    ("IP65, M8x20, PUMP-2", "I P six five, M eight x two zero, PUMP dash two"),
    ("It reads 230 V e.g. at noon", "It reads two hundred thirty volts for example at noon"),
    ("Mail bob@example.com", "Mail bob at example dot com"),
    ("Done 👍", "Done"),
    ("x_1 = 5 & y > 3", "x underscore one equals five and y greater than three"),
    ("Use 5 A or 10 A.", "Use five amps or ten amps."),
    ("R = 4.7 kΩ", "R equals four point seven kilohms"),
    ("From 5-10 minutes", "From five to ten minutes"),
]
CHINESE = [
    ("型号是H3U-32MR/ES。", "型号是H三U杠三二M R斜杠E S。"),
    ("序列号SN：A1B2-00345-XK", "序列号：A一B二杠零零三四五杠X K"),
    ("IP地址是192.168.1.10。", "IP地址是一九二点一六八点一点一零。"),
    ("地址10.0.0.5:502", "地址一零点零点零点五端口五零二"),
    ("生产日期2024-03-05。", "生产日期二零二四年三月五日。"),
    ("生产日期：2024年3月5日", "生产日期：二零二四年三月五日"),
    ("生产于2024年3月", "生产于二零二四年三月"),
    ("有效期至2026/08", "有效期至二零二六年八月"),
    ("2月2日，2小时，2个人，第2个，2号楼", "二月二日，两小时，两个人，第二个，二号楼"),
    ("9:00开门，17:30关门", "九点整开门，十七点三十分关门"),
    ("8:05出发", "八点零五分出发"),
    ("温度是-5 ℃。", "温度是零下五摄氏度。"),
    ("工作温度-10~60℃", "工作温度零下十到六十摄氏度"),
    ("-10℃~60℃", "零下十到六十摄氏度"),
    ("室温77°F", "室温七十七华氏度"),
    ("AC220V/50Hz", "A C二百二十伏，五十赫兹"),
    ("DC24V 2A", "D C二十四伏二安"),
    ("压力0.6MPa", "压力零点六兆帕"),
    ("约3.5kg（最大4kg）", "约三点五千克，最大四千克"),
    ("100×200×30mm", "一百乘二百乘三十毫米"),
    ("120km/h", "一百二十公里每小时"),
    ("1,234,567.89", "一百二十三万四千五百六十七点八九"),
    ("1/2片", "二分之一片"),
    ("水位3/4", "水位四分之三"),
    ("1 1/2杯", "一又二分之一杯"),
    ("45.5%", "百分之四十五点五"),
    ("-3%", "负百分之三"),
    ("$5.99或¥100", "五点九九美元或一百元"),
    ("版本V2.3.1", "版本二点三点一"),
    ("电话400-820-8820", "电话四零零，八二零，八八二零"),
    ("订单1234567890", "订单一二三四五六七八九零"),
    ("比例1:10", "比例一比十"),
    ("±0.5mm", "正负零点五毫米"),
    ("≥5bar", "大于等于五巴"),
    ("共105台，110、1001、2000", "共一百零五台，一百一十、一千零一、两千"),
    ("**重点**：`代码`", "重点：代码"),
    ("# 标题\n- 温度：25℃\n- 压力：0.6MPa", "标题。温度：二十五摄氏度。压力：零点六兆帕"),
    ("1. 断电\n2. 等待5s", "一，断电。二，等待五秒"),
    ("<think>秘密</think>答案是<|begin_of_box|>42<|end_of_box|>。", "答案是四十二。"),
    ("第一行\n第二行", "第一行。第二行"),
    ("转速1500r/min，功率7.5kW", "转速一千五百转每分钟，功率七点五千瓦"),
    ("剩余20~30分钟", "剩余二十到三十分钟"),
    ("浓度5mg/mL", "浓度五毫克每毫升"),
]


@pytest.mark.parametrize("text, said", ENGLISH)
def test_english(text, said):
    assert spoken_form(text, "en") == said


@pytest.mark.parametrize("text, said", CHINESE)
def test_chinese(text, said):
    assert spoken_form(text, "zh") == said


@pytest.mark.parametrize("text, said", ENGLISH + CHINESE)
def test_no_digit_or_mark_is_left_to_the_voice(text, said):
    assert not set(said) & set("0123456789*#`|<>_/\\~=℃°")


@pytest.mark.parametrize("text", [text for text, _ in ENGLISH + CHINESE])
def test_the_language_is_found(text):
    language = "zh" if any("\u3400" <= c <= "\u9fff" for c in text) else "en"
    assert spoken_form(text) == spoken_form(text, language)


def test_mixed_text_changes_the_voice():
    assert spoken_runs("The plate says 额定电压 220 V. Good.") == [
        ("en", "The plate says"),
        ("zh", "额定电压二百二十伏."),
        ("en", "Good."),
    ]


def test_names_and_numbers_stay_in_the_sentence_around_them():
    assert spoken_runs("型号H3U-32MR，电压24V。") == [("zh", "型号H三U杠三二M R，电压二十四伏。")]


def test_a_bare_number_is_in_the_default_language():
    assert spoken_runs("42", default="zh-CN") == [("zh", "四十二")]
    assert spoken_runs("42", "en-US", default="zh") == [("en", "forty-two")]


def test_other_languages_are_left_to_their_voice():
    assert spoken_runs("**Es sind** 25 °C", "de-DE") == [("de", "Es sind 25 °C")]


@pytest.mark.parametrize("text", ["", "   ", "...", "***", "<think>only thinking", "👍"])
def test_nothing_to_say(text):
    assert spoken_runs(text) == []


def test_the_end_of_thinking_whose_beginning_the_template_wrote():
    assert spoken_form("I should look closely.</think>It is red.") == "It is red."

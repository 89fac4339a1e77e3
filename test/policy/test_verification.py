"""What the second reader's lines say of an answer; no reader runs here."""

import pytest
from print_lines import line, plate

from glm4v_ros.policy.verification import Reading, Verdict, Verification, needs_check, verify
from glm4v_ros.vision.region import Region

PLATE = plate(
    "南京河鼎气动集团",
    "产品型号LVV9-70S1-9",
    "出厂编号 SN11852979",
    "额定电压: AC 220V±10%",
    "功率 1.5kW",
    "生产日期 2021.03.05",
)
PILLS = plate("硝苯地平控释片", "规格：30mg", "有效期至2027年08月", "产品批号：A20231107", "浙江康源制药有限公司")


def judged(question, answer, *pages) -> Verification:
    return verify(question, answer, [Reading(lines, 2000, 1000) for lines in pages])


def verdict(question, answer, *pages) -> str:
    return judged(question, answer, *pages).verdict.name


@pytest.mark.parametrize(
    "question, answer",
    [
        ("型号是什么?", "LVV9-70S1-9"),
        ("What is the serial number?", "SN11852979"),
        ("What is the serial number?", "The serial number is SN11852979."),
        ("电压是多少？", "AC 220V±10%"),
        ("电压是多少？", "AC220V±10%"),  # blanks
        ("电压是多少？", "ＡＣ２２０Ｖ±10％"),  # full width
        ("额定功率?", "1.5 kW"),
        ("什么时候生产的？", "2021.03.05"),
        ("什么时候生产的？", "2021年3月5日"),  # the same date, written another way
        ("When was it made?", "It was made on March 5, 2021."),
        ("When was it made?", "05/03/2021"),
        ("谁生产的？", "南京河鼎气动集团"),
        ("Who is the manufacturer?", "The manufacturer is 南京河鼎气动集团."),
        ("What is written in the second row?", "产品型号 LVV9-70S1-9"),
        ("What is written in the second row?", "LVV9-70S1-9"),
    ],
)
def test_confirmed(question, answer):
    assert verdict(question, answer, PLATE) == "CONFIRMED"


@pytest.mark.parametrize(
    "question, answer",
    [
        ("序列号是什么？", "SN11852978"),  # a digit that differs is a difference
        ("序列号是什么？", "1852979"),  # a part of it is not it
        ("序列号是什么？", "11852979"),
        ("序列号是什么？", "SN1185297"),
        ("序列号是什么？", "SN118529790"),
        ("序列号是什么？", "LVV9-70S1-9"),  # which is the model
        ("型号是什么?", "LVV9-70S1"),
        ("电压是多少？", "220V"),
        ("电压是多少？", "AC 220V±1%"),
        ("电压是多少？", "AC 22OV±1O5%"),
        ("功率?", "16kW"),
        ("功率?", "1.5W"),
        ("功率?", "-1.5kW"),
        ("什么时候生产的？", "2021.03.06"),
        ("什么时候生产的？", "2021年5月"),
    ],
)
def test_another_value_stands_at_the_label(question, answer):
    """CONTRADICTED with what is printed there, as the reader is sure of it."""
    found = judged(question, answer, PLATE)
    assert found.verdict is Verdict.CONTRADICTED and found.evidence and found.confidence == 0.99
    assert found.evidence[0].text in ("SN11852979", "LVV9-70S1-9", "AC 220V±10%", "1.5kW", "2021.03.05")
    assert found.evidence[0].text in found.reason


@pytest.mark.parametrize(
    "question, answer",
    [
        ("型号是什么?", "LVV9-70SI-9"),  # in a model's name I is no 1
        ("型号是什么?", "LVV9-7OS1-9"),
        ("功率?", "15kW"),  # and a point is easily missed
    ],
)
def test_what_readers_mistake_most_is_neither_confirmed_nor_contradicted(question, answer):
    found = judged(question, answer, PLATE)
    assert found.verdict is Verdict.NOT_FOUND and found.evidence and "mistake" in found.reason


@pytest.mark.parametrize(
    "question, answer",
    [
        ("频率是多少？", "50Hz"),  # printed nowhere
        ("频率是多少？", "AC 220V±10%"),  # printed, but it is the voltage
        ("IP地址是什么？", "10.0.0.7"),
        ("What is the weight?", "1.5kW"),
    ],
)
def test_not_found(question, answer):
    assert verdict(question, answer, PLATE) == "NOT_FOUND"


@pytest.mark.parametrize(
    "question, answer, expected",
    [
        ("这是什么药？", "这是硝苯地平控释片。", "CONFIRMED"),
        ("这是什么药？", "硝苯地平控释片", "CONFIRMED"),
        ("What medicine is this?", "This is 硝苯地平控释片.", "CONFIRMED"),
        ("这是什么药？", "这是硝苯地平缓释片。", "CONTRADICTED"),
        ("这是什么药？", "这是硝苯地平片。", "CONTRADICTED"),
        ("这是什么药？", "这是硝苯地平。", "CONTRADICTED"),
        ("这是什么药？", "这是益酸钠颗粒。", "NOT_FOUND"),
        ("What medicine is this?", "浙江康源制药有限公司", "NOT_FOUND"),  # who made it
        ("有效期到什么时候？", "有效期至2027年8月。", "CONFIRMED"),
        ("When does it expire?", "It expires in August 2027.", "CONFIRMED"),
        ("When does it expire?", "08/2027", "CONFIRMED"),
        ("When does it expire?", "It expires in August 2028.", "CONTRADICTED"),
        ("批号？", "A20231107", "CONFIRMED"),
        ("批号？", "20231107", "CONTRADICTED"),
        ("规格是多少？", "30mg", "CONFIRMED"),
        ("规格是多少？", "30 mg", "CONFIRMED"),
        ("规格是多少？", "3Omg", "NOT_FOUND"),
    ],
)
def test_a_medicine_s_box(question, answer, expected):
    assert verdict(question, answer, PILLS) == expected


@pytest.mark.parametrize(
    "question, answer",
    [
        ("红灯亮着吗？", "是"),
        ("Is the voltage 220V?", "yes"),
        ("How many lamps are lit?", "3"),
        ("有几个螺母？", "5"),
        ("What colour is the lamp?", "red"),
        ("表的读数是多少？", "6.3 bar"),
        ("序列号是什么？", "看不到"),
        ("What is the serial number?", "not visible"),
    ],
)
def test_what_quotes_no_print_is_not_checked_and_needs_no_reader(question, answer):
    assert not needs_check(question, answer)
    found = judged(question, answer, PLATE)
    assert found.verdict is Verdict.NOT_CHECKED and found.reason and not found.evidence


@pytest.mark.parametrize(
    "question, answer",
    [
        ("谁生产的？", "电磁阀"),  # a title is no maker
        ("What is its model?", "电磁阀"),
        ("What is the serial number?", "K7-204"),  # which stands alone
        ("What product is this?", "XK-7"),  # whose label says that it is the model
        ("什么时候生产的？", "2021年3月月"),
        ("什么时候生产的？", "2021年3月5日"),  # a day that is not printed
        ("什么时候生产的？", "2021年"),
        ("频率是多少？", "24V"),
    ],
)
def test_print_that_is_no_value_of_what_was_asked_for(question, answer):
    read = plate("电磁阀", "K7-204", "型号 XK-7", "2021年3月", "24V")
    assert verdict(question, answer, read) in ("NOT_FOUND", "CONTRADICTED")


def test_print_without_a_label_that_can_be_nothing_else():
    read = plate("电磁阀", "XK-7", "2021年3月", "24V", "50Hz", "10.0.0.7", "江州泵业有限公司")
    asked = {"这是什么产品？": "电磁阀", "型号？": "XK-7", "什么时候生产的？": "March 2021", "电压？": "24 V", "频率?": "50Hz",
             "IP?": "10.0.0.7", "谁生产的？": "江州泵业有限公司"}  # fmt: skip
    assert {question: verdict(question, answer, read) for question, answer in asked.items()} == dict.fromkeys(
        asked, "CONFIRMED"
    )


@pytest.mark.parametrize(
    "question, expected",
    [
        ("What does the plate say?", "CONFIRMED"),
        ("第二行写的是什么？", "CONFIRMED"),
        ("What is the hue?", "NOT_FOUND"),
        ("它的材质？", "NOT_FOUND"),
    ],
)
def test_a_value_at_a_known_label_answers_only_an_open_question_or_its_own(question, expected):
    assert verdict(question, "24V", plate("型号 XK-7", "电压 24V")) == expected


def test_a_letter_that_can_only_be_a_digit():
    """In numbers with units what looks alike is alike, in names and codes it is not."""
    read = plate("额定电压 22OV", "额定频率 5O Hz", "IP: l0.0.1.7", "型号 X5O", "S/N: A10I")
    assert (
        verdict("电压？", "220V", read)
        == verdict("频率?", "50Hz", read)
        == verdict("IP?", "10.0.1.7", read)
        == "CONFIRMED"
    )
    assert verdict("型号?", "X50", read) == verdict("S/N?", "A101", read) == "NOT_FOUND"


@pytest.mark.parametrize(
    "printed, answer, same",
    [
        ("-20~+60℃", "-20~+60°C", True),
        ("-20～+60℃", "-20 ~ +60 ℃", True),
        ("-20~60C", "-20~60°C", True),  # a ring that the reader left out
        ("-20-60°C", "-20~60°C", True),
        ("20~60°C", "-20~60°C", False),  # a sign is no stroke between two numbers
        ("-20~60°C", "-20~80°C", False),
        ("0 to 40°C", "0 to 40 °C", True),
        ("5.0°C", "50°C", False),
    ],
)
def test_temperatures(printed, answer, same):
    found = verdict("工作温度是多少？", answer, plate(("工作温度", printed)))
    assert (found == "CONFIRMED") is same


LAYOUTS = {
    "in one line, glued": plate("型号XK-7", "编号A77-2", "电压24V"),
    "in one line, with colons": plate("型号：XK-7", "编号：A77-2", "电压：24V"),
    "in two columns": plate(("型号", "XK-7"), ("编号", "A77-2"), ("电压", "24V")),
    "turned": plate(("型号", "XK-7"), ("编号", "A77-2"), ("电压", "24V"), slope=0.12),
    "below its label": plate("型号", "XK-7", "编号", "A77-2", "电压", "24V"),
    "two pairs in a row": plate(("型号 XK-7", "编号 A77-2"), "电压 24V"),
    "two pairs in a row, close": plate("型号 XK-7 编号 A77-2", "电压 24V"),
    "English, two pairs in a row, close": plate("Type XK-7 Serial No. A77-2", "VOLTAGE 24V"),
    "in brackets": plate("【型号】XK-7", "【编号】 A77-2", "【电压】24V"),
    "in two languages": plate("型号 MODEL: XK-7", "编号/Serial No. A77-2", "电压 Voltage 24V"),
    "English": plate("Model: XK-7", "Serial No. A77-2", "VOLTAGE 24V"),
    "English, blanks lost": plate("Model:XK-7", "SerialNo.A77-2", "RatedVoltage:24V"),
    "English, two columns": plate(("TYPE", "XK-7"), ("SER. NO.", "A77-2"), ("RATED VOLT.", "24V")),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_value_belongs_to_its_label(layout):
    read = LAYOUTS[layout]
    for question, answer in (("型号?", "XK-7"), ("What is the serial number?", "A77-2"), ("电压是多少?", "24V")):
        assert verdict(question, answer, read) == "CONFIRMED", (question, answer)
    for question, answer in (("型号?", "A77-2"), ("What is the serial number?", "XK-7"), ("电压是多少?", "XK-7")):
        assert verdict(question, answer, read) == "CONTRADICTED", (question, answer)


def test_the_frame_is_around_the_value_alone():
    found = judged("电压是多少?", "24V", LAYOUTS["in one line, glued"])
    assert found.evidence[0].region == Region(80, 120, 60, 40) and found.evidence[0].image == 0


def test_a_value_on_two_lines():
    read = plate("制造商：江州市长风泵业", "         科技有限公司", "重量 38kg")
    read[1] = line("科技有限公司", 160, 60)
    found = judged("谁生产的？", "江州市长风泵业科技有限公司", read)
    assert found.verdict is Verdict.CONFIRMED and found.evidence[0].region.height > 90


@pytest.mark.parametrize(
    "question, answer", [("型号是什么？", "是"), ("What is the serial number?", "no"), ("有效期到什么时候？", "有")]
)
def test_print_that_was_asked_for_and_is_not_quoted(question, answer):
    assert verdict(question, answer) == "NOT_FOUND" and not needs_check(question, answer)  # whatever is printed


def test_several_pictures():
    pages = (plate("型号 XK-7"), plate("型号 XK-8"))
    found = judged("第二张图的型号?", "XK-8", *pages)
    assert found.verdict is Verdict.CONFIRMED and found.evidence[0].image == 1
    assert verdict("型号?", "XK-9", *pages) == "CONTRADICTED"


def test_everything_that_is_quoted_must_be_printed():
    answer = 'The plate says model "XK-7" and serial "A77-2".'
    read = LAYOUTS["English"]
    assert verdict("What does the plate say?", answer, read) == "CONFIRMED"
    assert verdict("What does the plate say?", answer.replace("A77-2", "A77-3"), read) == "CONTRADICTED"
    assert verdict("What does the plate say?", answer.replace("A77-2", "0912"), read) == "NOT_FOUND"


def test_a_reader_that_is_not_sure_contradicts_nobody():
    read = plate("型号 XK-7", confidence=0.7)
    found = judged("型号?", "XK-1", read)
    assert found.verdict is Verdict.NOT_FOUND and "XK-7" in found.reason


def test_no_print_at_all():
    assert verdict("型号?", "XK-1", []) == "NOT_FOUND"


NAMEPLATE = plate("Model XK-7", "S/N SN123456", "24 V")


@pytest.mark.parametrize(
    "answer, verdict",
    [
        ('{"model": "XK-7"}', "CONFIRMED"),
        ('{"model": "XK-7", "serial_number": "SN123456"}', "CONFIRMED"),
        ('{"plate": {"serialNumber": "SN123456", "present": true, "note": null}}', "CONFIRMED"),
        ('["XK-7"]', "CONFIRMED"),
        ('{"model": "XK-8"}', "CONTRADICTED"),
        ('{"model": "SN123456"}', "CONTRADICTED"),  # at another label
        ('{"model": "XK-7", "serial_number": "SN123457"}', "CONTRADICTED"),
        ('{"model": "XK-7", "voltage": 24}', "NOT_CHECKED"),
        ('{"model": "XK-8", "voltage": 24}', "CONTRADICTED"),
        ('{"voltage": "24 V"}', "CONFIRMED"),
        ('{"present": true, "count": 3}', "NOT_CHECKED"),
        ('{"model": "not visible"}', "NOT_CHECKED"),
        ('{"model": "XK-7"', "CONTRADICTED"),  # cut off: no JSON
        ("{}", "NOT_CHECKED"),
    ],
)
def test_an_answer_in_json_is_as_good_as_the_worst_of_its_texts(answer, verdict):
    found = verify("Read the nameplate: what is the model?", answer, [Reading(NAMEPLATE, 2000, 1000)])
    assert found.verdict.name == verdict, found
    assert needs_check("Read the nameplate: what is the model?", answer) == (verdict != "NOT_CHECKED" or "XK-7" in answer)
    assert all('"' not in one.text and "{" not in one.text for one in found.evidence)


@pytest.mark.parametrize("question", ["称重是啥", "这台机器的层数？", "What is the room's size?"])
def test_a_bare_number_is_no_proof_of_what_it_is(question):
    assert verdict(question, "73", plate("73")) == "NOT_FOUND"
    assert verdict("屏幕上显示什么？", "73", plate("73")) == verdict("What number is shown?", "73", plate("73")) == "CONFIRMED"


@pytest.mark.parametrize(
    "answer, read",
    [("4.7 A", "4.7"), ("96%RH", "96%"), ("92242 pcs", "92242p"), ("1597 pcs", "1597 _"), ("-3°C", "-3"), ("185 mm", "185 m")],
)
def test_a_unit_that_the_reader_lost_is_no_other_value(answer, read):
    for question in ("屏幕显示什么？", "What is displayed?"):
        assert verdict(question, answer, plate(read)) == "NOT_FOUND"


@pytest.mark.parametrize("answer, read", [("4.7 kW", "4.7 W"), ("24 V", "24 A"), ("4.7 A", "4.1")])
def test_another_unit_is_another_value(answer, read):
    assert verdict("额定功率是多少？", answer, plate(["额定功率", read])) == "CONTRADICTED"


@pytest.mark.parametrize("beside", ["TEMP", "Hz", "---"])
def test_what_is_no_number_is_no_other_weight(beside):
    assert verdict("What is the weight?", "74 kg", plate([f"WEIGHT {beside}"], ["74", "37°C"])) == "NOT_FOUND"


def test_what_stands_far_to_the_right_is_on_another_plate():
    """Of labels with their values below, also where other plates' rows lie between."""
    rows = plate("FREQUENCY", "50Hz", "SPEED", "1432 r/min")
    signs = enumerate(("DANGER", "KEEP OUT", "L1 L2 L3"))
    others = [line(text, 2000 + 700 * column, 60 * row + 20) for row, text in signs for column in range(3)]
    for question, answer in (("What is the frequency?", "50Hz"), ("What is the speed?", "1432 r/min")):
        assert verdict(question, answer, [*rows, *others]) == "CONFIRMED"
        assert verdict(question, answer.replace("0", "8").replace("4", "9"), [*rows, *others]) == "CONTRADICTED"


def test_a_label_and_its_value_without_a_blank():
    read = plate("制造商沈阳永诚自动化有限公司", "型号KX-7")
    assert verdict("请问制造商是多少？", "沈阳永诚自动化有限公司", read) == "CONFIRMED"
    assert judged("请问制造商是多少？", "沈阳永诚自动化有限公司", read).evidence[0].text == "沈阳永诚自动化有限公司"
    for wrong in ("永诚自动化有限公司", "沈阳永城自动化有限公司", "商沈阳永诚自动化有限公司"):
        assert verdict("请问制造商是多少？", wrong, read) != "CONFIRMED"
    assert verdict("品牌是什么？", "沈阳永诚自动化有限公司", read) != "CONFIRMED"


@pytest.mark.parametrize("question", ["Is it for before or after meals?", "Do I take it before or after food?", "是饭前服用还是饭后服用吗？"])
def test_before_or_after_is_no_question_for_yes(question):
    """Such an answer was not marked, however wrong it was."""
    assert verdict(question, "before meals", plate(["Directions", "before meals"])) == "CONFIRMED"
    assert verdict(question, "Take it after meals.", plate(["Directions", "before meals"])) == "NOT_FOUND"
    assert verdict("Is the door open or closed?", "open", plate("Norvatine")) == "NOT_CHECKED"


@pytest.mark.parametrize("question", ["Directions?", "怎么吃？", "What is the serial number?", "屏幕上显示百分之多少？"])
def test_yes_is_no_print(question):
    assert verdict(question, "yes", plate("Norvatine")) == "NOT_FOUND"

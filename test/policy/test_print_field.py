import re

import pytest

from glm4v_ros.policy.print_field import BY_NAME, FIELDS, asked_field, label_pattern, may_ask_for_print


@pytest.mark.parametrize(
    "question, name",
    [
        ("型号是什么？", "model"),
        ("What is the model?", "model"),
        ("这台设备的出厂编号是多少?", "serial"),
        ("What's the S/N?", "serial"),
        ("Look at the plate: what is the serial number?", "serial"),
        ("什么时候生产的？", "date"),
        ("When was it made?", "date"),
        ("What is the manufacturing date?", "date"),
        ("有效期到什么时候？", "expiry"),
        ("When does it expire?", "expiry"),
        ("How long is it good for?", "expiry"),
        ("IP地址是多少？", "ip"),
        ("What is the ip address", "ip"),
        ("防护等级？", "ip_rating"),
        ("What is the IP rating?", "ip_rating"),
        ("额定电压是多少？", "voltage"),
        ("输入电压是多少？", "input_voltage"),
        ("What is the output voltage?", "output_voltage"),
        ("How many volts?", "voltage"),
        ("功率多大？", "power"),
        ("What is the power supply?", "supply"),
        ("能在多少度的环境下工作？", "temperature"),
        ("Who made it?", "manufacturer"),
        ("哪家公司生产的？", "manufacturer"),
        ("这是什么药？", "drug"),
        ("What medicine is this?", "drug"),
        ("批号是什么？", "batch"),
        ("一天吃几次？", "dose"),
        ("Before or after meals?", "dose"),
        ("How much does it weigh?", "weight"),
        ("MAC地址是什么？", "mac"),
        ("What does the display show?", None),
        ("What is written in the second row?", None),
        ("图中有什么？", None),
    ],
)
def test_what_is_asked_for(question, name):
    field = asked_field(question)
    assert (field and field.name) == name and may_ask_for_print(question)


@pytest.mark.parametrize(
    "question",
    ["Is the red lamp on?", "红灯亮着吗？", "How many lamps are lit?", "有几个螺母？", "What colour is the car?", "阀门是什么颜色？",
     "What does the gauge read?", "指针指到多少？", "表的读数是多少？", "Is the voltage 24V?", "电压是24V吗？", "有没有序列号？",
     "The model is XK-7, right?", "Where is the pump?"],
)  # fmt: skip
def test_what_asks_for_no_print(question):
    assert not may_ask_for_print(question)


@pytest.mark.parametrize(
    "question", ["你能看到型号吗？是什么？", "Can you read the serial number?", "能读出编号吗？读一下"]
)
def test_a_polite_question_asks_for_print(question):
    assert may_ask_for_print(question)


@pytest.mark.parametrize(
    "name, text, like",
    [
        ("voltage", "24V DC", False),
        ("voltage", "380 V", True),
        ("frequency", "50/60Hz", True),
        ("frequency", "50V", False),
        ("ip", "10.0.0.7", True),
        ("ip", "10.0.7", False),
        ("date", "2024-03", True),
        ("date", "1450", False),
        ("drug", "阿莫西林胶囊", True),
        ("drug", "浙江康源制药有限公司", False),
        ("drug", "Norden Pharma Ltd.", False),
        ("serial", "A77-2", False),  # without a label nobody knows
    ],
)
def test_what_may_stand_without_a_label(name, text, like):
    assert BY_NAME[name].may_be(text) is like


def test_every_pattern_compiles_and_matches_something_whole():
    for field in FIELDS:
        assert re.compile(field.asked) and label_pattern(field) and not label_pattern(field).match("")
    assert len(BY_NAME) == len(FIELDS)

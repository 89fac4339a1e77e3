import pytest

from glm4v_ros.policy.abstention import abstains


@pytest.mark.parametrize(
    "answer",
    [
        "not visible",
        "Not visible.",
        "The serial number is not visible in the image.",
        "It isn't visible.",
        "I cannot see it.",
        "I can't read the label",
        "Unable to determine.",
        "The text is illegible.",
        "The picture does not show a date.",
        "No date is visible.",
        "看不到",
        "看不清。",
        "图中没有序列号",
        "无法辨认",
        "不可见",
        "画面中未显示生产日期",
        "The label could not be read",
    ],
)
def test_answers_that_abstain(answer):
    assert abstains(answer)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "AX-100",
        "The model is NOT-100.",
        "220 V",
        "2024-05-01",
        "型号是AX-100",
        "yes",
        "no",
        "没有",
        "The valve is not open.",
        "The red light is visible.",
        "Do not open",
        "看到了一只猫",
        "It shows no error.",
    ],
)
def test_answers_that_do_not(answer):
    assert not abstains(answer)

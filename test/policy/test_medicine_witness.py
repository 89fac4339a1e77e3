"""A medicine's name needs a second witness: what another reader read, whole, in both looks at the package."""

import pytest
from print_lines import plate

from glm4v_ros.policy.medicine import MedicineQuestion, Reading
from glm4v_ros.policy.verification import Reading as Print
from glm4v_ros.policy.verification import Verdict, Verification, verify

MAKER, STRENGTH = "浙江康源制药有限公司", "规格：30mg"


def ruling(name, *looks, language="zh"):
    question = MedicineQuestion("这是什么药？" if language == "zh" else "What medicine is this?", language)
    read = Reading(name, name)
    return question.rule(read, read, [verify(question.drug_question, name, [Print(look, 2000, 1000)]) for look in looks])


def box(name, *more):
    return plate(name, STRENGTH, *more, MAKER)


@pytest.mark.parametrize("name", ("硝苯地平控释片", "阿莫西林胶囊", "Norvatine", "Ibuprofen 400 mg"))
def test_a_name_that_both_looks_confirm_is_spoken(name):
    said = ruling(name, box(name), box(name, "批号：A1"))
    assert not said.abstained and name in said.text


@pytest.mark.parametrize(
    "said, printed",
    [
        ("硝苯地平缓释片", "硝苯地平控释片"),  # one character apart
        ("硝苯地平片", "硝苯地平控释片"),
        ("硝苯地平", "硝苯地平控释片"),
        ("阿莫西林", "阿莫西林胶囊"),
        ("Napvatine", "Norvatine"),
        ("Norvatin", "Norvatine"),
        ("Ibuprofen 40 mg", "Ibuprofen 400 mg"),
        (MAKER, "阿莫西林胶囊"),  # who made it is no medicine
        ("30mg", "阿莫西林胶囊"),
    ],
)
def test_any_other_name_is_not(said, printed):
    ruled = ruling(said, box(printed), box(printed))
    assert ruled.abstained and said not in ruled.text


def test_one_look_is_not_enough():
    assert ruling("阿莫西林胶囊", box("阿莫西林胶囊"), box("阿莫西林颗粒")).abstained
    assert ruling("阿莫西林胶囊", box("阿莫西林胶囊"), []).abstained


def test_two_boxes():
    both = [*box("阿莫西林胶囊"), *plate("", "", "", "", "硝苯地平控释片")[4:]]
    assert not ruling("阿莫西林胶囊", both, both).abstained and ruling("阿莫西林颗粒", both, both).abstained


@pytest.mark.parametrize("language, words", [("zh", "没法核对"), ("en", "cannot check")])
def test_without_a_second_reader_it_abstains_and_says_what_to_install(language, words):
    question = MedicineQuestion("这是什么药？", language)
    read = Reading("阿莫西林胶囊", "阿莫西林胶囊")
    missing = Verification(Verdict.NOT_CHECKED, reason="the second reader is not installed: pip install it")
    ruled = question.rule(read, read, [missing, missing])
    assert ruled.abstained and words in ruled.text and "pip install it" in ruled.text and "阿莫西林" not in ruled.text

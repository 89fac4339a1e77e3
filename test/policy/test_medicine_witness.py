"""A medicine's name needs a second witness: what another reader read, whole, in both looks at the package."""

from dataclasses import replace

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


def grown(line, by):
    return replace(line, quad=tuple((by * x, by * y) for x, y in line.quad), places=tuple(tuple((by * x, by * y) for x, y in q) for q in line.places))


@pytest.mark.parametrize("language, name, brand", [("zh", "硝苯地平控释片", "拜新同"), ("en", "Norvatine", "Kelorin")])
def test_the_name_is_what_is_printed_largest(language, name, brand):
    """Brand or what it is made of, whichever is smaller: neither is mistaken for the other."""
    for first, second in ((name, brand), (brand, name)):
        look = [grown(box(first)[0], 1.5), *plate("", "", "", second)]
        look = [line for line in look if line.text]
        assert not ruling(first, look, look, language=language).abstained
        assert ruling(second, look, look, language=language).abstained
    alike = [line for line in plate(name, "", brand) if line.text]
    assert not ruling(brand, alike, alike, language=language).abstained  # nothing tells them apart


@pytest.mark.parametrize("quantity", ["30mg", "100mg × 37", "0.25 g", "5mg×12片", "24粒", "10 ml", "500 IU", "30 tablets"])
def test_how_much_is_in_it_is_no_name(quantity):
    look = plate("硝苯地平控释片", "", quantity)
    look = [line for line in look if line.text]
    assert ruling(quantity, look, look).abstained
    assert not ruling("维生素B12片", *[[line for line in plate("维生素B12片", "", quantity) if line.text]] * 2).abstained


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

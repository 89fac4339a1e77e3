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


def face(*prints):
    """A box's rows from the top, each (text, how much larger than the others)."""
    return [grown(line, by) for row, (text, by) in enumerate(prints) for line in plate(*[""] * (2 * row), text) if line.text]


def spoken(name, look):
    return not ruling(name, look, look, language="en" if name.isascii() else "zh").abstained


@pytest.mark.parametrize(
    "name, brand",
    [("硝苯地平控释片", "拜新同"), ("Norvatine Tablets", "Kelorin"), ("Ibuprofen Capsules 400 mg", "Kelorin Forte"), ("板蓝根颗粒", "Kelorin")],
)
@pytest.mark.parametrize("by", [0.85, 1.0, 1.15])
def test_of_prints_as_large_the_one_with_its_form_is_the_name(name, brand, by):
    look = face((brand, by), (name, 1), ("10 x 3", 0.5))
    assert spoken(name, look) and not spoken(brand, look)


@pytest.mark.parametrize("one, other", [("Norvatine", "Kelorin"), ("硝苯地平控释片", "普列他汀片"), ("Norvatine Tablets", "Kelorin Tablets")])
def test_where_nothing_tells_a_name_from_a_brand_neither_is_spoken(one, other):
    look = face((one, 1), (other, 1.1))
    assert not spoken(one, look) and not spoken(other, look)


@pytest.mark.parametrize("brand", ["Kelorin®", "Kelorin™", "Kelorin (R)", "同仁牌"])
@pytest.mark.parametrize("by", [0.7, 1.0, 2.0])
def test_what_is_marked_as_a_brand_is_none(brand, by):
    look = face((brand, by), ("Norvatine", 1))
    assert spoken("Norvatine", look) and not spoken(brand, look)
    assert not spoken("Kelorin", face(("Kelorin   ®", by), ("Norvatine", 1)))


def test_what_is_labelled_as_a_brand_is_none():
    look = plate("商品名称：拜新同", "通用名称：硝苯地平控释片")
    assert spoken("硝苯地平控释片", look) and not spoken("拜新同", look) and not spoken("拜新同", look[:1])


@pytest.mark.parametrize("row, part", [("辅料：乳糖", "乳糖"), ("Contains: Lactose", "Lactose")])
def test_what_stands_behind_an_unknown_label_is_no_name(row, part):
    assert not spoken(part, plate("硝苯地平控释片", row))


@pytest.mark.parametrize(
    "more",
    ["OTC", "处方药", "Rx only", "For oral use", "请仔细阅读说明书",
     "2027.05", "LOTJ419406", "1 tablet with meals", "after eating", "一日3次", "Take with water, not with milk"],
)  # fmt: skip
def test_what_every_box_says_is_no_rival(more):
    assert spoken("Norvatine", face(("Norvatine", 1), (more, 1)))


def test_a_name_in_two_languages_or_printed_twice():
    look = face(("硝苯地平控释片", 0.6), ("硝苯地平控释片", 1), ("Nifedipine Controlled-release Tablets", 0.9))
    assert spoken("硝苯地平控释片", look) and spoken("Nifedipine Controlled-release Tablets", look)


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
    assert spoken("阿莫西林胶囊", both) and spoken("硝苯地平控释片", both) and not spoken("阿莫西林颗粒", both)


@pytest.mark.parametrize("language, words", [("zh", "没法核对"), ("en", "cannot check")])
def test_without_a_second_reader_it_abstains_and_says_what_to_install(language, words):
    question = MedicineQuestion("这是什么药？", language)
    read = Reading("阿莫西林胶囊", "阿莫西林胶囊")
    missing = Verification(Verdict.NOT_CHECKED, reason="the second reader is not installed: pip install it")
    ruled = question.rule(read, read, [missing, missing])
    assert ruled.abstained and words in ruled.text and "pip install it" in ruled.text and "阿莫西林" not in ruled.text

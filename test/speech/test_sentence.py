import pytest

from glm4v_ros.speech.sentence import SentenceSplitter, split

CASES = [
    ("Hello there. How are you? Fine!", ["Hello there.", "How are you?", "Fine!"]),
    ("The value is 3.14 V. IP 192.168.1.10 is up.", ["The value is 3.14 V.", "IP 192.168.1.10 is up."]),
    ("Dr. Li, e.g. No. 5, approx. 3 kg etc. and more. See Fig. 2.",
     ["Dr. Li, e.g. No. 5, approx. 3 kg etc. and more.", "See Fig. 2."]),
    ("It opens at 5 p.m. Then it closes.", ["It opens at 5 p.m.", "Then it closes."]),
    ("It opens at 5 p.m. and closes.", ["It opens at 5 p.m. and closes."]),
    ("A. Smith came. He left.", ["A. Smith came.", "He left."]),
    ("1. Turn it off.\n2. Wait.\n- then go\n- and stop", ["1. Turn it off.", "2. Wait.", "- then go", "- and stop"]),
    ("a) first\nb) second", ["a) first", "b) second"]),
    ('He said "Stop." Then he left.', ['He said "Stop."', "Then he left."]),
    ("Well... Yes?! No.", ["Well...", "Yes?!", "No."]),
    ("A line that\ngoes on. Next", ["A line that\ngoes on.", "Next"]),
    ("型号是H3U-32MR/ES。电压220.5V！对吗？是的；完了", ["型号是H3U-32MR/ES。", "电压220.5V！", "对吗？", "是的；", "完了"]),
    ("IP是192.168.1.1。版本1.2.3。", ["IP是192.168.1.1。", "版本1.2.3。"]),
    ("温度25.型号A。", ["温度25.", "型号A。"]),
    ("第一行\n第二行", ["第一行", "第二行"]),
    ("See https://example.com/a.html. Done.", ["See https://example.com/a.html.", "Done."]),
    ("<think>I think. No.</think>It is red. Yes.", ["It is red.", "Yes."]),
    ("x < 5. y > 3.", ["x < 5.", "y > 3."]),
    ("", []),
    (" \n ", []),
]  # fmt: skip


@pytest.mark.parametrize("text, sentences", CASES)
def test_whole_text(text, sentences):
    assert split(text) == sentences


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("text, sentences", CASES)
def test_streamed_text_is_cut_the_same_way(text, sentences, size):
    splitter = SentenceSplitter()
    got = [s for start in range(0, len(text), size) for s in splitter.push(text[start : start + size])]
    assert got + splitter.finish() == sentences


def test_a_sentence_is_given_as_soon_as_it_is_finished():
    splitter = SentenceSplitter()
    assert splitter.push("电压是220V") == []
    assert splitter.push("。") == ["电压是220V。"]
    assert splitter.push("It is 3.") == []  # 3.5 may follow
    assert splitter.push("5 V. ") == ["It is 3.5 V."]


def test_thinking_is_held_back_even_in_pieces():
    splitter = SentenceSplitter()
    assert [s for piece in ("<thi", "nk>Let me. See. ", "</th", "ink>", "Red. ") for s in splitter.push(piece)] == [
        "Red."
    ]
    assert splitter.push("<think>cut off") == []
    assert splitter.finish() == []


def test_a_marker_is_never_cut():
    splitter = SentenceSplitter()
    splitter.push("It is <|begin_of_")
    assert splitter.push("box|>42<|end_of_box|>. ") == ["It is <|begin_of_box|>42<|end_of_box|>."]


def test_text_without_an_end_is_cut_at_a_comma_or_blank():
    parts = split("word, " * 300)
    assert all(len(part) <= 301 for part in parts)
    assert " ".join(parts) == ("word, " * 300).strip()
    assert "".join(split("字" * 1000)) == "字" * 1000


def test_a_splitter_can_be_used_again():
    splitter = SentenceSplitter()
    splitter.push("One")
    assert splitter.finish() == ["One"]
    assert splitter.push("Two. ") == ["Two."]

import pytest

from glm4v_ros.speech.language import base_language, language_of, runs


@pytest.mark.parametrize("tag, base", [("zh-Hans-CN", "zh"), ("cmn", "zh"), ("EN_us", "en"), ("de", "de"), ("", "")])
def test_base_language(tag, base):
    assert base_language(tag) == base


@pytest.mark.parametrize(
    "text, language",
    [("型号是H3U", "zh"), ("The label 型号 is blue", "en"), ("192.168.1.1", "en"), ("打开power开关", "zh")],
)
def test_language_of(text, language):
    assert language_of(text) == language


def test_runs_keep_all_of_the_text():
    text = "IP address 是 192.168.1.10，status is running。压力 5 kPa"
    assert "".join(piece for _, piece in runs(text)) == text
    assert [language for language, _ in runs(text)] == ["en", "zh", "en", "zh"]

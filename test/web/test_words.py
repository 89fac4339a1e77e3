"""The page speaks two languages, and each of its words in both."""

import re
from pathlib import Path

from glm4v_ros.policy.verification import Verdict
from glm4v_ros.web import page

STATIC = Path(page.__file__).parent / "static"
TEXT = (STATIC / "words.js").read_text(encoding="utf-8")


def words(language: str) -> dict[str, str]:
    block = re.search(rf"  {language}: \{{(.*?)\n  \}},", TEXT, re.S)[1]
    return dict(re.findall(r'(\w+): "((?:[^"\\]|\\.)*)"', block))


def test_both_languages_have_the_same_words_with_the_same_places():
    english, chinese = words("en"), words("zh")
    assert set(english) == set(chinese) and len(english) > 50
    for key, text in english.items():
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", chinese[key])), key


def test_every_word_that_the_page_asks_for_is_there():
    asked = {
        key
        for file in STATIC.glob("*.js") if file.name != "words.js"
        for call in re.findall(r"\bword\(([^()]*)", file.read_text(encoding="utf-8"))
        for key in re.findall(r'"(\w+)"', call)
    }  # fmt: skip
    assert asked <= set(words("en")), asked - set(words("en"))
    stages = {"queued", "encoding", "prefill", "answering", "checking", "asking"}
    assert set(words("en")) == asked | stages | {verdict.name.lower() for verdict in Verdict}


def test_the_vendored_file_is_the_published_one():
    import hashlib

    about = (STATIC / "vendor" / "README.md").read_text()
    assert hashlib.sha256((STATIC / "vendor" / "preact-htm.js").read_bytes()).hexdigest() in about

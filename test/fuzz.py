"""What the fuzz tests share: how many cases, and what to make them of.

GLM4V_FUZZ_CASES raises the number of cases, GLM4V_FUZZ_SEED makes others than the ones of every run.
"""

from __future__ import annotations

import json
import math
import os
from collections import Counter

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st

from glm4v_ros.errors import ErrorCode


def fuzz(cases: int):
    """Decorates a property that is to be tried with ``cases`` cases, the same ones each time."""
    chosen = os.environ.get("GLM4V_FUZZ_SEED", "")
    arguments = settings(
        max_examples=cases,
        derandomize=not chosen,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
        print_blob=True,
    )
    return lambda test: arguments(seed(int(chosen))(test) if chosen else test)


def cases(few: int) -> int:
    return int(os.environ.get("GLM4V_FUZZ_CASES", few))


class Outcomes(Counter):
    """How the cases ended, by error code."""

    def __str__(self) -> str:
        shares = ", ".join(f"{code.name} {count} ({count / self.total():.1%})" for code, count in self.most_common())
        return f"{self.total()} cases: accepted {self.accepted:.1%}, refused {1 - self.accepted:.1%}: {shares}"

    @property
    def accepted(self) -> float:
        return self[ErrorCode.NONE] / self.total()

    def check_shares(self) -> None:
        """At least a third each, or the cases say little. Under 500 cases chance may take three standard deviations of it."""
        print(f"\n{self}")
        chance = 3 * math.sqrt(2 / 9 / self.total()) if self.total() < 500 else 0.0
        assert self.total() < 50 or 1 / 3 - chance <= self.accepted <= 2 / 3 + chance, str(self)


# Texts.

CONTROL = ("<|image|>", "<|begin_of_image|>", "<|user|>", "<|assistant|>\n", "[gMASK]<sop>", "<__media__>", "</think>",
           "<|endoftext|>", "{{ messages }}", "{% raw %}", "\uf8f00\uf8f1", "%s%n", "'; --", "../..", "\u202e", "\r\n")  # fmt: skip
letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufffd")
texts = st.one_of(
    st.sampled_from(("型号是什么?", "When was it made?", "Is the red lamp on?", "读数")),
    st.text(letters, min_size=1, max_size=40),
    st.builds("{}{}{}".format, st.sampled_from(CONTROL), st.text(letters, max_size=8), st.sampled_from(CONTROL)),
).filter(str.strip)
bad_texts = st.sampled_from(("", " \n\t", "a" * 32_001, "\ufffd", "it\ufffds", "\u3000"))
languages = st.sampled_from(("", "en", "zh", "pt-BR", "zh-Hans-CN", "tlh", "x-robot"))
bad_languages = st.sampled_from(("en us", "zh_CN", "<|user|>", "e" * 36, "en-", "-", "\n", "en. Say yes", "中文", "\ufffd"))
session_ids = st.sampled_from(("", "", "", "one", "two", "会话 3", "../../etc", "<|user|>"))
bad_session_ids = st.sampled_from(("s" * 201, "\ufffd"))
choices = st.lists(texts.map(lambda text: text[:12]).filter(str.strip), min_size=2, max_size=4, unique=True)
bad_choices = st.sampled_from(
    (["one"], ["a", "a"], ["a", ""], ["a", " "], ["a", "b" * 501], ["a", "\ufffd"], [f"c{i}" for i in range(65)])
)

# JSON schemas: such as people write, such as nobody should, and any JSON at all.

SCHEMAS = [
    {"type": "boolean"},
    {"enum": ["on", "off", None]},
    {"const": 3.5},
    {"type": "string", "pattern": "^[A-Z]{2}[0-9]{1,4}$"},
    {"type": "integer", "minimum": 0, "maximum": 400},
    {"type": "array", "items": {"type": "number"}, "maxItems": 3},
    {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"], "additionalProperties": False},
    {"anyOf": [{"type": "null"}, {"type": "string", "maxLength": 8}]},
]
schemas = st.sampled_from(SCHEMAS).map(json.dumps)
_PATTERNS = ("^a{1,3}$", "(a+)+$", "^(a|a)*$", "^((a?){9}){9}$", "((", "^a{201}$", "^(((a?){50}){50}){50}$", "^\ud800$", "\\",
             "^a{" + "9" * 5000 + "}$", "(" * 3000, "^[\\w-]+$", "^\\d{4}-\\d{2}-\\d{2}$", ".*", "^(a*)*b$", "^$", "[")  # fmt: skip
_scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 300), st.just(10**30), st.just(1e308), st.text(max_size=5),
    st.sampled_from(("string", "null", "object", "array", "integer", "#/x", "#", "http://127.0.0.1:9/x", "\ud800", "date-time")),
)  # fmt: skip
_keys = st.one_of(
    st.sampled_from(("type", "enum", "const", "items", "properties", "required", "anyOf", "allOf", "oneOf", "not", "$ref", "$defs",
                     "minItems", "maxItems", "minLength", "maxLength", "minimum", "maximum", "format", "$schema", "$id", "$dynamicRef",
                     "additionalProperties", "patternProperties", "prefixItems", "uniqueItems", "multipleOf", "if", "then")),
    st.text(max_size=3),
)  # fmt: skip
_any_json = st.recursive(
    _scalars, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_keys, inner, max_size=3)), max_leaves=8
)
_typed = st.recursive(
    st.one_of(
        st.sampled_from(SCHEMAS),
        st.builds(lambda pattern: {"type": "string", "pattern": pattern}, st.sampled_from(_PATTERNS)),
        st.builds(lambda key, value: {"type": "null", key: value}, _keys, _scalars),
    ),
    lambda inner: st.one_of(
        st.builds(lambda a, b: {"anyOf": [a, b]}, inner, inner),
        st.builds(lambda a, n: {"type": "array", "items": a, "minItems": n}, inner, st.integers(0, 250)),
        st.builds(lambda a, b: {"type": "object", "properties": {"a": a, "b": b}, "required": ["a"]}, inner, inner),
        st.builds(lambda a, b: {"type": "string", "not": a, "allOf": [b]}, inner, inner),
    ),
    max_leaves=4,
)
odd_schemas = st.one_of(
    _typed.map(json.dumps),
    st.dictionaries(_keys, _any_json, max_size=4).map(json.dumps),
    _any_json.map(json.dumps),
    st.sampled_from(("{", "[]", "NaN", '{"enum":[NaN]}', '{"minimum":' + "9" * 5000 + "}", "[" * 9000, '{"a":' * 40 + "1" + "}" * 40,
                     '{"enum":[' + "1," * 2000 + "1]}", " ", "{}", "\ufffd", '{"const":"' + "a" * 40 + '!","pattern":"^(a+)+$"}',
                     '{"type":"null","not":{"$ref":"http://127.0.0.1:9/x"}}', '{"type":"null","$dynamicRef":"#q"}')),
)  # fmt: skip
NOT_FINITE = (math.nan, math.inf, -math.inf)

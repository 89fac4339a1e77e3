import json

import numpy as np
import pytest

from glm4v_ros.engine.violation import violation
from glm4v_ros.errors import BadRequest
from glm4v_ros.llama.config import LlamaConfig
from glm4v_ros.llama.grammar import Grammar
from glm4v_ros.llama.language_model import LanguageModel
from glm4v_ros.llama.llama_log import LlamaLog
from glm4v_ros.llama.sampling import Sampling
from glm4v_ros.llama.token_sampler import TokenSampler


@pytest.fixture(scope="module")
def model(nano):
    log = LlamaLog()  # llama.cpp goes on calling it, so that it must outlive the model
    model = LanguageModel(LlamaConfig(nano, context_tokens=256, threads=1), log, lambda _: True)
    yield model
    model.free()


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"enum": ["x", "y"]}}, "required": ["a", "b"]},
        {"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 3},
        {"type": "string", "maxLength": 5},
        {"anyOf": [{"type": "null"}, {"const": "z"}]},
    ],
)
def test_whatever_the_logits_say_the_answer_fits(model, schema):
    for seed in range(5):
        drawn = np.random.default_rng(seed)
        sampler = TokenSampler(
            Sampling(), model.vocabulary, Grammar(json.dumps(schema), model.vocabulary_pointer, model.vocabulary)
        )
        raw, token = b"", None
        for _ in range(300):
            token = sampler.choose(drawn.normal(size=model.vocabulary).astype(np.float32))
            if token is None or token in model.end_tokens:
                break
            raw += model.piece(token)
        sampler.free()
        if token is not None and token in model.end_tokens:
            assert violation(raw.decode(), json.dumps(schema)) == "", raw


def test_nothing_allowed_ends_the_answer(model):
    sampler = TokenSampler(
        Sampling(),
        model.vocabulary,
        Grammar('{"const": 1}', model.vocabulary_pointer, model.vocabulary),
    )
    logits = np.zeros(model.vocabulary, np.float32)
    assert model.piece(sampler.choose(logits)).strip() == b"1"
    while (token := sampler.choose(logits)) not in model.ends:
        assert not model.piece(token).strip()
    sampler.free()


@pytest.mark.parametrize(
    "schema",
    [
        "{}x",
        '{"not": {}}',
        '{"$ref": "http://example.com"}',
        '{"type": "array", "items": {"type": "string"}, "maxItems": 100000}',
    ],
)
def test_what_cannot_be_held_to(model, schema):
    with pytest.raises(BadRequest):
        Grammar(schema, model.vocabulary_pointer, model.vocabulary)


def test_violation():
    assert violation("1", '{"type": "integer"}') == ""
    assert "maximum" in violation("9", '{"type": "integer", "maximum": 3}')
    assert "JSON" in violation("{", "{}")

import ctypes
from dataclasses import replace

import gguf
import llama_cpp
import numpy as np
import pytest
import random_model
from random_model import SHAPES

from glm4v_ros.catalog.catalog import Catalog
from glm4v_ros.catalog.gguf import Gguf
from glm4v_ros.engine.client import EngineClient
from glm4v_ros.engine.config import EngineConfig
from glm4v_ros.engine.question import Question
from glm4v_ros.vision.frame import Frame


def test_the_large_shape_has_the_sizes_of_the_published_files():
    published = Catalog.load().entries["glm-4.6v-flash"]
    for tensors, size in (
        (random_model.text_tensors(SHAPES["9b"]), published.text_bytes),
        (random_model.vision_tensors(SHAPES["9b"]), published.vision_bytes),
    ):
        assert 0 < size - random_model.size(tensors) < 10e6  # the rest is the vocabulary and the header


@pytest.mark.parametrize("kind", [random_model.Q4_K, random_model.Q5_0, random_model.Q6_K, random_model.Q8_0, random_model.F16])
def test_values_lie_around_zero_with_the_spread_that_keeps_activations_in_bounds(kind):
    drawn = random_model.draw("a.weight", (256, 512), kind, np.random.default_rng(0))
    values = gguf.quants.dequantize(drawn, kind) if kind != random_model.F16 else drawn.view(np.float16).astype(np.float32)
    assert values.shape == (256, 512)
    assert abs(values.mean()) < 0.1 * 512**-0.5  # Q5_0 has one step more below zero than above
    assert values.std() == pytest.approx(512**-0.5, rel=0.05)


def test_a_question_takes_as_many_tokens_as_with_glm4s_vocabulary(tmp_path):
    text, _ = random_model.make(tmp_path, SHAPES["tiny"])
    params = llama_cpp.llama_model_default_params()
    params.vocab_only = True
    model = llama_cpp.llama_model_load_from_file(str(text).encode(), params)
    vocab, asked = llama_cpp.llama_model_get_vocab(model), "123: what is the serial number?"
    tokens, piece, pieces = (llama_cpp.llama_token * 64)(), ctypes.create_string_buffer(64), []
    for token in tokens[: llama_cpp.llama_tokenize(vocab, asked.encode(), len(asked), tokens, 64, False, True)]:
        length = llama_cpp.llama_token_to_piece(vocab, token, piece, 64, 0, True)
        pieces.append(piece[:length].decode())
    assert pieces == ["123", ":", " what", " is", " the", " serial", " number", "?"]
    llama_cpp.llama_model_free(model)


def test_the_engine_answers_with_it(tmp_path, nano):
    text, vision = random_model.make(tmp_path, SHAPES["tiny"])
    written = {tensor.type_name for tensor in Gguf.read(text).tensors.values()}
    assert written == {"F32", "Q4_K", "Q5_0", "Q6_K", "Q8_0"}  # every type that the large one has
    model = replace(nano, name="random", text_path=text, vision_path=vision)
    with EngineClient(EngineConfig(model, threads=1, context_tokens=512)) as engine:
        engine.start()
        picture = Frame(np.zeros((56, 56, 3), np.uint8))
        answer = engine.ask(Question("Well?", "1", max_tokens=4, ignore_eos=True), [picture]).result(60)
    assert answer.completion_tokens == 4 and answer.text and answer.image_tokens >= 4

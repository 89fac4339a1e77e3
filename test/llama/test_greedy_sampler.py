"""The sampler in llama.cpp's graph against the same logits on the host."""

import ctypes

import numpy as np
import pytest

from glm4v_ros.llama import greedy_sampler
from glm4v_ros.llama.config import LlamaConfig
from glm4v_ros.llama.greedy_sampler import GreedySampler
from glm4v_ros.llama.language_model import LanguageModel
from glm4v_ros.llama.llama_log import LlamaLog
from glm4v_ros.llama.token_sampler import probability
from glm4v_ros.machine import ggml

PARALLEL = 6


def load(nano) -> LanguageModel:
    """As on a GPU."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ggml, "gpu", lambda: "FAKE0 GPU")
        return LanguageModel(LlamaConfig(nano, threads=1, max_parallel=PARALLEL), LlamaLog(), lambda _: True)


@pytest.fixture(scope="module")
def language_model(nano):
    model = load(nano)
    assert model.gpu_offload and model.greedy_sequences == range(PARALLEL)
    yield model
    model.free()


def test_a_cpu_samples_on_the_host(nano):
    model = LanguageModel(LlamaConfig(nano, gpu_layers=0, threads=1), LlamaLog(), lambda _: True)
    assert not model.gpu_offload and not model.greedy_sequences and model.device == "CPU"
    model.free()


def decode(model, prompts, seq_ids, outputs) -> list[int]:
    """From empty cells; the batch entries with an output."""
    model.clear()
    batch = model.new_batch()
    for prompt, seq_id, count in zip(prompts, seq_ids, outputs):
        batch.add_tokens(prompt, 0, seq_id, count)
    model.decode(batch)
    return [entry for entry, _ in batch.outputs]


@pytest.mark.parametrize("seed", range(12))
def test_the_choices_are_those_of_the_host(language_model, seed):
    """Sequences with one or several outputs each, some of them sampled on the host."""
    random = np.random.default_rng(seed)
    count = 1 + seed % PARALLEL
    prompts = [random.integers(20, language_model.vocabulary, random.integers(4, 40)) for _ in range(count)]
    outputs = [int(random.integers(1, 5)) for _ in prompts]
    on_host = range(PARALLEL, PARALLEL + count)
    seq_ids = [int(random.choice([i, on_host[i]])) for i in random.permutation(count)]

    entries = decode(language_model, prompts, on_host, outputs)
    expected = [language_model.logits(entry).copy() for entry in entries]
    assert decode(language_model, prompts, seq_ids, outputs) == entries

    for entry, logits, seq_id in zip(entries, expected, np.repeat(seq_ids, outputs)):
        if seq_id >= PARALLEL:
            np.testing.assert_allclose(language_model.logits(entry), logits, atol=1e-4)
            continue
        token, likelihood = language_model.likeliest(entry)
        assert logits[token] >= logits.max() - 1e-4
        assert likelihood == pytest.approx(probability(logits, token), rel=1e-3)


def test_every_decode_has_as_many_nodes(language_model, monkeypatch):
    """Whatever has outputs, so that llama.cpp's memory is planned once."""
    graphs, find = [], greedy_sampler.graph_tensor
    monkeypatch.setattr(greedy_sampler, "graph_tensor", lambda graph, name: graphs.append(graph) or find(graph, name))
    count_nodes = ggml.function("ggml_graph_n_nodes", ctypes.c_void_p, result=ctypes.c_int)
    counts = []
    for seq_ids, outputs in (
        ([0], [1]), ([0], [0]), ([PARALLEL], [1]), ([0, 1, 2, 3], [1, 1, 1, 1]), ([4, 1, PARALLEL], [0, 1, 1]), ([PARALLEL], [0])
    ):  # fmt: skip
        decode(language_model, [range(20, 30)] * len(seq_ids), seq_ids, outputs)
        counts.append(count_nodes(graphs.pop()))
    assert len(set(counts)) == 1 and not graphs


# GLM-4's, glm4v-nano's, the test models', and a prime
@pytest.mark.parametrize("vocabulary, possible", [(151552, True), (1536, True), (3072, True), (384, True), (2003, False)])
def test_vocabularies(vocabulary, possible):
    assert GreedySampler(vocabulary).possible == possible


def test_a_vocabulary_that_cannot_be_cut_is_sampled_on_the_host(nano, monkeypatch):
    monkeypatch.setattr("glm4v_ros.llama.greedy_sampler.BLOCK_SIZES", range(1000, 999, -1))
    model = load(nano)
    assert not model.greedy_sequences
    (entry,) = decode(model, [np.arange(30, 40)], [0], [1])
    assert np.isfinite(model.logits(entry)).all()
    model.free()

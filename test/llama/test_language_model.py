import numpy as np
import pytest
from memory_limit import run_limited

from glm4v_ros.llama.config import LlamaConfig
from glm4v_ros.llama.language_model import LanguageModel
from glm4v_ros.llama.llama_log import LlamaLog


@pytest.mark.parametrize("parallel", [1, 108, 256, 10_000])
def test_there_are_sequences_for_all_that_run_at_once(nano, parallel):
    model = LanguageModel(LlamaConfig(nano, gpu_layers=0, threads=1, max_parallel=parallel), LlamaLog(), lambda _: True)
    try:
        assert model.parallel <= parallel and 2 * model.parallel < model.sequences <= 256
    finally:
        model.free()


def test_tokens_decode_alike_by_number_and_by_embedding(nano_f32):
    config = LlamaConfig(nano_f32, gpu_layers=0, threads=1, kv_type="f32", context_tokens=256, max_parallel=1)
    model = LanguageModel(config, LlamaLog(), lambda _: True)
    seq_id = model.greedy_sequences.stop  # its logits come to the host
    tokens = list(range(300, 340))
    image = np.zeros((5, model.embedding_size), np.float32), np.zeros((model.positions_per_embedding, 5), np.int32)
    logits = []
    for beside in (False, True):
        model.clear()
        batch = model.new_batch()
        batch.add_tokens(tokens, 3, seq_id, 1)
        if beside:
            batch.add_embeddings(*image, [seq_id + 1])
        model.decode(batch)
        logits.append(model.logits(len(tokens) - 1).copy())
    model.free()
    np.testing.assert_allclose(logits[1], logits[0], atol=1e-4)


STARVED = """
import sys
from pathlib import Path
from glm4v_ros.catalog.model import Model
from glm4v_ros.errors import VqaError
from glm4v_ros.llama.config import LlamaConfig
from glm4v_ros.llama.language_model import LanguageModel
from glm4v_ros.llama.llama_log import LlamaLog
from memory_limit import limited_memory
with limited_memory(1 << 30):
    try:
        LanguageModel(LlamaConfig(Model("nano", *map(Path, sys.argv[1:])), gpu_layers=0, context_tokens=1 << 21), LlamaLog(), lambda _: True)
    except VqaError as error:
        print(type(error).__name__, error)
"""


def test_a_context_for_which_the_system_has_no_memory_is_told_as_that(nano):
    ended = run_limited("-c", STARVED, nano.text_path, nano.vision_path)
    assert ended.stdout.startswith("HostOutOfMemory no context of 2097152 tokens can be made: not enough memory"), ended.stderr

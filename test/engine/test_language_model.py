import pytest
from asking import PATIENCE, noise, question

from glm4v_ros.engine.client import EngineClient
from glm4v_ros.engine.config import EngineConfig
from glm4v_ros.engine.language_model import LanguageModel
from glm4v_ros.engine.llama_log import LlamaLog


@pytest.mark.parametrize("parallel", [1, 108, 256, 10_000])
def test_there_are_sequences_for_all_that_run_at_once(nano, parallel):
    model = LanguageModel(EngineConfig(nano, gpu_layers=0, threads=1, max_parallel=parallel), LlamaLog(), lambda _: True)
    try:
        assert model.parallel <= parallel and 2 * model.parallel < model.sequences <= 256
    finally:
        model.free()


def test_as_many_as_are_allowed_are_answered(nano):
    with EngineClient(EngineConfig(nano, threads=1, context_tokens=4096, max_parallel=256)) as engine:
        engine.start()
        futures = [engine.ask(question(f"{number}?", max_tokens=3), [noise(1)]) for number in range(130)]
        assert all(future.result(PATIENCE).completion_tokens == 3 for future in futures)

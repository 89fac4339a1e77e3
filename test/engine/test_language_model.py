import llama_cpp

from glm4v_ros.engine.config import EngineConfig
from glm4v_ros.engine.language_model import LanguageModel
from glm4v_ros.engine.llama_log import LlamaLog


def test_cores_are_shared_and_taken_again(nano):
    model = LanguageModel(EngineConfig(nano, gpu_layers=0, threads=5, context_tokens=256), LlamaLog(), lambda _: True)
    counts = []
    for share in (True, True, False):
        model.share_cores(share)
        counts.append((llama_cpp.llama_n_threads(model._context), llama_cpp.llama_n_threads_batch(model._context)))
    model.free()
    assert counts == [(2, 2), (2, 2), (5, 5)]

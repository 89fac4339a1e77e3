import pytest

from glm4v_ros.cli.benchmark import Benchmark
from glm4v_ros.engine.client import EngineClient
from glm4v_ros.engine.config import EngineConfig


@pytest.fixture
def engine(nano):
    with EngineClient(EngineConfig(nano, threads=1, context_tokens=2048, max_parallel=4)) as client:
        client.start()
        yield client


def test_every_figure_is_measured(engine):
    heard = []
    results = Benchmark(engine, 56, 56, heard.append).run(askers=(1, 3), tokens=4, repeats=1)
    assert results["model"] == "glm4v-nano" and results["device"] == "CPU" and results["image_tokens"] > 0
    figures = [
        results[name]
        for name in (
            "new_frame_ttft_ms",
            "same_frame_ttft_ms",
            "warm_frame_ttft_ms",
            "decode_tokens_per_s",
            "peak_memory_mib",
        )
    ]
    figures += [*results["requests_per_s"].values(), *results["cancel_ms"].values()]
    assert all(figure > 0 for figure in figures) and len(results["requests_per_s"]) == 4
    assert set(results["cancel_ms"]) == {"queued", "encoding", "prefill", "answering"} and heard

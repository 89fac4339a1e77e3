import sys
import threading
import types
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from glm4v_ros.cli.main import main
from glm4v_ros.engine.answer import Answer, Delta, FinishReason, Stage
from glm4v_ros.engine.status import EngineStatus
from glm4v_ros.policy.abstention import abstains


@pytest.fixture
def glm4v(capfd):
    """Runs `glm4v WORDS`; its exit code, stdout and stderr."""

    def run(*words):
        capfd.readouterr()
        try:
            code = main([str(word) for word in words])
        except SystemExit as leaving:  # argparse: --help and wrong usage
            code = leaving.code or 0
        return code, *capfd.readouterr()

    return run


@pytest.fixture
def scripted(monkeypatch, tmp_path):
    """Puts an engine that answers by script in the place of the real one, with a model whose files are empty."""
    for name in ("t.gguf", "v.gguf"):
        (tmp_path / name).touch()
    catalogue = tmp_path / "catalogue.yaml"
    catalogue.write_text(f"glm4v-nano:\n  text: {{file: {tmp_path}/t.gguf}}\n  vision: {{file: {tmp_path}/v.gguf}}\n")
    monkeypatch.setenv("GLM4V_CATALOG", str(catalogue))
    return lambda script: ScriptedEngine(script).install(monkeypatch)


@pytest.fixture
def picture(tmp_path):
    """A PNG of 40x30 pixels, whose pixel values are its columns."""
    path = tmp_path / "picture.png"
    Image.fromarray(np.tile(np.arange(40, dtype=np.uint8)[None, :, None], (30, 1, 3))).save(path)
    return path


class ScriptedEngine:
    """An engine client for what a real model does not do on demand, such as failing half way.

    ``script(question, frames)`` gives the answer's pieces, a list in which an exception is raised, or waits."""

    def __init__(self, script):
        self.script = script
        self.asked = []
        self.resets = []
        self.configs = []
        self.in_work = self.most_in_work = 0
        self.closed = 0
        self.refusal = None  # raised by ask
        self.gpu = False
        self._lock = threading.Lock()

    def install(self, monkeypatch):
        module = types.ModuleType("glm4v_ros.engine.client")
        module.EngineClient = lambda config: _Client(self, config)
        monkeypatch.setitem(sys.modules, "glm4v_ros.engine.client", module)
        return self


class _Client:
    def __init__(self, engine, config):
        self.engine = engine
        engine.configs.append(config)
        self.threads = ThreadPoolExecutor(config.max_parallel)

    @property
    def status(self):
        return EngineStatus("scripted", gpu_offload=self.engine.gpu)

    def start(self, on_progress=None):
        on_progress(1.0)

    def ask(self, question, frames, on_delta=None) -> Future:
        if self.engine.refusal:
            raise self.engine.refusal
        self.engine.asked.append((question, frames))
        return self.threads.submit(self._answer, question, frames, on_delta)

    def _answer(self, question, frames, on_delta):
        with self.engine._lock:
            self.engine.in_work += 1
            self.engine.most_in_work = max(self.engine.most_in_work, self.engine.in_work)
        try:
            text = ""
            for piece in self.engine.script(question, frames):
                if isinstance(piece, Exception):
                    raise piece
                text += piece
                if on_delta and not question.choices:
                    on_delta(Delta(question.request_id, Stage.ANSWERING, piece))
            return Answer(
                question.request_id, text, FinishReason.STOP, abstains(text), latency=0.25, time_to_first_token=0.125
            )
        finally:
            with self.engine._lock:
                self.engine.in_work -= 1

    def reset_session(self, session_id):
        self.engine.resets.append(session_id)

    def close(self):
        self.engine.closed += 1
        self.threads.shutdown(wait=True)

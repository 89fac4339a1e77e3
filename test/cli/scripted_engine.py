"""An engine client that answers by script: for what a real model does not do on demand, such as failing half way."""

import sys
import threading
import types
from concurrent.futures import Future, ThreadPoolExecutor

from glm4v_ros.engine.answer import Answer, Delta, FinishReason, Stage


class ScriptedEngine:
    """``script(question, frames)`` gives the answer's pieces, a list in which an exception is raised, or waits."""

    def __init__(self, script):
        self.script = script
        self.asked = []
        self.resets = []
        self.configs = []
        self.in_work = self.most_in_work = 0
        self.closed = 0
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

    def start(self, on_progress=None):
        on_progress(1.0)

    def ask(self, question, frames, on_delta=None) -> Future:
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
            return Answer(question.request_id, text, FinishReason.STOP, latency=0.25, time_to_first_token=0.125)
        finally:
            with self.engine._lock:
                self.engine.in_work -= 1

    def reset_session(self, session_id):
        self.engine.resets.append(session_id)

    def close(self):
        self.engine.closed += 1
        self.threads.shutdown(wait=True)

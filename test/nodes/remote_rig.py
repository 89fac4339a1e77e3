"""The node vqa with the remote engine, over a server whose engine is scripted."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path

from rig import Rig
from scripted_engine import ScriptedEngine
from served import Served, serving

from glm4v_ros.catalog.model import Model
from glm4v_ros.engine.config import EngineConfig


class ScriptedServer:
    """`glm4v serve`'s app on this machine, over a scripted engine; ``close`` ends it."""

    def __init__(self, directory: Path):
        (directory / "text.gguf").touch()
        model = Model("script", directory / "text.gguf", directory / "vision.gguf")
        loading = threading.Event()
        loading.set()
        self.engine = ScriptedEngine(EngineConfig(model), loading)
        self._stack = ExitStack()
        served: Served = self._stack.enter_context(serving(self.engine, model))
        self.port, self.address = served.port, served.address

    def close(self) -> None:
        self._stack.close()


class RemoteRig(Rig):
    """``engine`` is the one behind the server's app, ``local`` the one that takes over, if any."""

    def __init__(self, directory: Path, alone: bool = False, **parameters):
        self.served = ScriptedServer(directory)
        self.engine = self.served.engine
        self.model_name = f"script@127.0.0.1:{self.served.port}"
        super().__init__(
            directory,
            alone,
            **{
                "engine": "remote",
                "remote_url": self.served.address,
                "remote_model": "script",
                "remote_encoding": "png",
                "verify_model": False,
                **parameters,
            },
        )

    def make_engine(self, config):
        self.local = ScriptedEngine(config, self.loading)
        return self.local

    @property
    def endpoint(self) -> str:
        return f"{self.served.address}/v1"

    def close(self):
        super().close()
        self.served.close()

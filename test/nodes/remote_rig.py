"""The node vqa with the remote engine, over a server whose engine is scripted."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from rig import Rig
from scripted_engine import ScriptedEngine
from served import serving

from glm4v_ros.catalog.model import Model
from glm4v_ros.engine.config import EngineConfig


class RemoteRig(Rig):
    """``engine`` is the one behind the server's app."""

    def __init__(self, directory: Path, alone: bool = False, **parameters):
        (directory / "text.gguf").touch()
        model = Model("script", directory / "text.gguf", directory / "vision.gguf")
        self._servers = ExitStack()
        self.served = None
        super().__init__(
            directory,
            alone,
            **{
                "engine": "remote",
                "remote_url": lambda: self._serve(model),
                "remote_model": "script",
                "remote_encoding": "png",
                **parameters,
            },
        )

    @property
    def model_name(self) -> str:
        return f"script@127.0.0.1:{self.served.port}"

    def close(self):
        super().close()
        self._servers.close()

    def _serve(self, model: Model) -> str:
        self.engine = ScriptedEngine(EngineConfig(model), self.loading)
        self.served = self._servers.enter_context(serving(self.engine, model))
        return self.served.address

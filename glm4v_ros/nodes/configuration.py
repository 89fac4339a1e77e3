"""What the node has while it is configured."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rclpy.node import Node

from glm4v_ros.asking.witness import Witness
from glm4v_ros.catalog.catalog import Catalog, model_of
from glm4v_ros.catalog.model import Model
from glm4v_ros.catalog.verify import require_sound
from glm4v_ros.engine.client import EngineClient
from glm4v_ros.nodes.parameters import Parameters
from glm4v_ros.nodes.remote import remote_config
from glm4v_ros.policy.preset import Preset, load_presets
from glm4v_ros.remote.engine import RemoteEngine

GPU_DEVICES = ("/dev/nvidia0", "/dev/nvhost-gpu", "/dev/nvgpu/igpu0", "/dev/kfd")  # NVIDIA, Jetson, AMD


@dataclass(frozen=True)
class Configuration:
    """A model and its engine, which is started by ``load``, and the evidence log."""

    model: Model  # that answers, on this robot or elsewhere
    presets: Mapping[str, Preset]
    engine: EngineClient | RemoteEngine
    wants_gpu: bool
    witness: Witness | None

    def load(self, node: Node) -> None:
        """Blocks until the engine answers questions; ``close`` in another thread ends that. Raises VqaError."""
        log, model = node.get_logger(), self.model
        if isinstance(self.engine, RemoteEngine):
            log.info(f"questions go to {model.name}")
        else:
            log.info(f"loading {model.name}: {model.text_path}, {model.vision_path}")
        if self.witness:
            log.info(f"every question and its pictures are recorded in {self.witness.log.directory}")
        self.engine.start(_log_progress(node, model))
        if self.witness:
            self.witness.hash_model()
        status = self.engine.status
        log.info(f"{model.name} is loaded and runs on {status.device}")
        if self.wants_gpu and not status.gpu_offload:
            log.warning(
                "there is a GPU, but the model runs on the CPU ONLY: build llama-cpp-python for the GPU "
                "(GLM4V_CUDA=1 make setup), or set gpu_layers to 0 if this is meant"
            )

    def close(self) -> None:
        self.engine.close()
        if self.witness:
            self.witness.close()


def configure(node: Node, parameters: Parameters, make_engine: Callable[..., EngineClient]) -> Configuration:
    """Raises VqaError that says which parameter or file is wrong."""
    parameters.check()
    presets = load_presets(parameters["prompts_file"] or None)
    remote, local = remote_config(parameters), None
    if remote is None or parameters["remote_fallback"] == "local":
        local = _find_model(parameters)
        if parameters["verify_model"]:
            require_sound(local)
    engine = make_engine(parameters.engine_config(local)) if local else None
    log, layers = parameters.evidence_log(), parameters["gpu_layers"]
    elsewhere = {"remote": {"name": remote.model_id, "url": remote.base_url}} if remote else {}
    return Configuration(
        model=remote.model if remote else local,
        presets=presets,
        engine=RemoteEngine(remote, engine) if remote else engine,
        wants_gpu=local is not None and (layers > 0 or (layers < 0 and any(map(os.path.exists, GPU_DEVICES)))),
        witness=Witness(log, local, place(node, parameters), **elsewhere) if log else None,
    )


def place(node: Node, parameters: Parameters) -> dict[str, str]:
    """Which robot, host and node this is."""
    host = socket.gethostname()
    return {"robot": parameters["robot"] or host, "host": host, "node": node.get_fully_qualified_name()}


def _find_model(parameters: Parameters) -> Model:
    name, vision = parameters["model"], parameters["vision_model"]
    if vision:
        return model_of(name, vision)
    return Catalog.load(parameters["models_file"] or None).model(name)


def _log_progress(node: Node, model: Model) -> Callable[[float], None]:
    logged = 0

    def log(fraction: float) -> None:
        nonlocal logged
        percent = int(fraction * 10) * 10
        if percent > logged:
            logged = percent
            node.get_logger().info(f"loading {model.name}: {percent} %")

    return log

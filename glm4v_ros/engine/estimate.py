"""How much memory a model will take and how much there is, before anything is loaded.

Weights and KV cache follow from the files' headers. The language model's compute buffer is llama.cpp's own figure: a process
of its own has it plan the context without allocating anything. The vision tower's buffer is computed from its shapes.
"""

from __future__ import annotations

import io
import logging
import os
import re
import socket
import sys
from dataclasses import dataclass

from glm4v_ros.catalog.gguf import Gguf
from glm4v_ros.catalog.pair import Pair
from glm4v_ros.engine.config import EngineConfig
from glm4v_ros.errors import EngineFailed, VqaError
from glm4v_ros.llama.kv_types import kv_bytes
from glm4v_ros.machine.channel import Channel
from glm4v_ros.machine.memory import Device, devices
from glm4v_ros.machine.module_process import ModuleProcess
from glm4v_ros.vision.tower_memory import buffer_bytes


@dataclass(frozen=True)
class Estimate:
    """What running a model takes, in bytes. Not counted: a GPU driver's own memory and the programs themselves."""

    text_weights: int
    vision_weights: int
    kv: int
    text_buffers: int
    vision_buffers: int
    devices: tuple[Device, ...]
    on_gpu: bool  # where the model would go

    @property
    def peak(self) -> int:
        return self.between_frames + self.vision_weights + self.vision_buffers

    @property
    def between_frames(self) -> int:
        """With ``vision_resident: false``, while no picture is encoded."""
        return self.text_weights + self.kv + self.text_buffers

    @property
    def device(self) -> Device:
        """The one that has to hold it."""
        kinds = ("unified", "gpu") if self.on_gpu else ("cpu", "unified")
        return max((device for device in self.devices if device.kind in kinds), key=lambda device: device.free)

    @property
    def fits(self) -> bool:
        """While a picture is encoded; ``vision_resident: false`` lowers what is taken between pictures, not this."""
        return self.peak <= self.device.free


def estimate(config: EngineConfig, image_tokens: int = 0) -> Estimate:
    """For ``config.model`` as ``config`` runs it; ``image_tokens`` of the largest picture, 0: the configured cap.

    Raises ModelFileError for files that do not make a model, EngineFailed when llama.cpp cannot plan it.
    """
    pair = Pair.of(config.model)
    buffers, found = _plan(config)
    cap = config.model.most_image_tokens(image_tokens or config.image_max_tokens)
    text = [Gguf.read(part) for part in pair.text.parts]
    return Estimate(
        text_weights=sum(part.weight_bytes for part in text),
        vision_weights=pair.vision.weight_bytes,
        kv=kv_bytes(pair.text, config.context_tokens, config.kv_type),
        text_buffers=buffers,
        vision_buffers=buffer_bytes(pair.vision, cap, config.flash_attention),
        devices=found,
        on_gpu=config.gpu_layers != 0 and any(device.kind != "cpu" for device in found),
    )


def _plan(config: EngineConfig) -> tuple[int, tuple[Device, ...]]:
    """Bytes of the language model's buffers, and what devices there are: from a process that loads llama.cpp and no weights."""
    process = ModuleProcess(__name__, {**os.environ, "GGML_NO_BACKTRACE": "1"})
    process.send(config.portable)
    try:
        found = process.receive()
        process.close()
    except EOFError:
        found = f"exit code {process.close()}"
    if isinstance(found, str):
        raise EngineFailed(f"llama.cpp cannot plan {config.model.text_path}: {found}")
    return found


def _main() -> None:
    from glm4v_ros.llama.language_model import LanguageModel
    from glm4v_ros.llama.llama_log import LlamaLog

    channel = Channel(socket.socket(fileno=int(sys.argv[1])))
    config, _ = channel.receive()
    said = io.StringIO()
    logging.basicConfig(level=logging.DEBUG, stream=said, format="%(message)s")
    found = tuple(devices())
    try:
        LanguageModel(config, LlamaLog(), lambda _: True, allocate=False)
    except VqaError as error:
        lines = said.getvalue().splitlines()
        channel.send(next((line for line in lines if "error" in line or "failed" in line), str(error)))
        return
    sizes = re.findall(r"(?:output|compute) buffer size = +([\d.]+) MiB", said.getvalue())
    channel.send((int(sum(map(float, sizes)) * 2**20), found))


if __name__ == "__main__":
    _main()

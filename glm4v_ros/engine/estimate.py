"""How much memory a model will take and how much there is, before anything is loaded.

Weights and KV cache follow from the files' headers. The language model's compute buffer is llama.cpp's own figure: a
process of its own has it plan the context without allocating anything. The vision tower's buffer is computed from its
shapes.
"""

from __future__ import annotations

import json
import logging
import os
import pickle
import re
import subprocess
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from glm4v_ros.catalog.gguf import TYPES, Gguf
from glm4v_ros.catalog.pair import Pair
from glm4v_ros.engine.config import EngineConfig
from glm4v_ros.errors import EngineFailed, VqaError
from glm4v_ros.machine.memory import Device, devices
from glm4v_ros.vision.tower_memory import buffer_bytes

_KV_TYPES = {"f32": 0, "f16": 1, "q8_0": 8}


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
    plan = _plan(config)
    cap = image_tokens or config.image_max_tokens or config.model.image_max_tokens or 4096  # mtmd's own for GLM-4V
    text = [Gguf.read(part) for part in pair.text.parts]
    return Estimate(
        text_weights=sum(part.weight_bytes for part in text),
        vision_weights=pair.vision.weight_bytes,
        kv=kv_bytes(pair.text, config.context_tokens, config.kv_type),
        text_buffers=plan["buffers"],
        vision_buffers=buffer_bytes(pair.vision, cap, config.flash_attention),
        devices=tuple(Device(**device) for device in plan["devices"]),
        on_gpu=config.gpu_layers != 0 and any(device["kind"] != "cpu" for device in plan["devices"]),
    )


def kv_bytes(text: Gguf, cells: int, kv_type: str) -> int:
    """Keys and values of every layer for ``cells`` tokens."""
    heads = text.own("attention.head_count_kv", text.own("attention.head_count"))
    width = text.own("embedding_length") // text.own("attention.head_count")
    keys, vectors = text.own("attention.key_length", width), text.own("attention.value_length", width)
    layers = text.own("block_count") - text.own("nextn_predict_layers", 0)
    heads_of_all = sum(heads) if isinstance(heads, tuple) else heads * layers
    _, values, size = TYPES[_KV_TYPES[kv_type]]
    return cells * heads_of_all * (keys + vectors) * size // values


def _plan(config: EngineConfig) -> dict:
    """{"buffers": bytes, "devices": [...]}, from a process that loads llama.cpp and no weights."""
    package_root = str(Path(__file__).parents[2])
    path = os.pathsep.join(dict.fromkeys([package_root, *filter(None, sys.path)]))
    model = replace(
        config.model, text_path=config.model.text_path.absolute(), vision_path=config.model.vision_path.absolute()
    )
    done = subprocess.run(
        [sys.executable, "-m", __name__],
        input=pickle.dumps(replace(config, model=model)),
        capture_output=True,
        cwd="/",
        env={**os.environ, "PYTHONPATH": path, "GGML_NO_BACKTRACE": "1"},
    )
    if done.returncode:
        reason = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise EngineFailed(f"llama.cpp cannot plan {config.model.text_path}: {reason[0]}")
    return json.loads(done.stdout)


def _main() -> None:
    from glm4v_ros.engine.language_model import LanguageModel
    from glm4v_ros.vision.llama_log import LlamaLog
    config = pickle.load(sys.stdin.buffer)
    lines: list[str] = []
    logger = logging.getLogger("glm4v_ros.llama_cpp")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    logger.addHandler(handler)
    found = devices()
    try:
        LanguageModel(config, LlamaLog(), lambda _: True, allocate=False)
    except VqaError as error:
        sys.exit(next((line for line in lines if "error" in line or "failed" in line), str(error)))
    sizes = re.findall(r"(?:output|compute) buffer size = +([\d.]+) MiB", "\n".join(lines))
    buffers = int(sum(map(float, sizes)) * 2**20)
    json.dump({"buffers": buffers, "devices": [asdict(device) for device in found]}, sys.stdout)


if __name__ == "__main__":
    _main()

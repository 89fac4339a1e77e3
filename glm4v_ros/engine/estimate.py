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

_KV_TYPES = {"f32": 0, "f16": 1, "q8_0": 8}


@dataclass(frozen=True)
class Device:
    """Something that can hold a model. Bytes."""

    name: str
    kind: str  # cpu, gpu, or unified: a GPU that shares the processor's memory, as a Jetson's does
    free: int
    total: int


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
        vision_buffers=vision_buffer_bytes(pair.vision, cap, config.flash_attention),
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


def vision_buffer_bytes(vision: Gguf, image_tokens: int, flash_attention: bool) -> int:
    """About what one picture's activations take at once: the widest moment of a block, in float32.

    That is the feed-forward (its input, both halves of a gated one and their product, what stays for the residual) or the attention
    (query, key and value, their copies, the residual); without flash attention, every head's weights over all pairs of
    patches besides.
    """
    value = vision.metadata.get
    width, heads = value("clip.vision.embedding_length", 0), value("clip.vision.attention.head_count", 1)
    if vision.projector == "glm-4v-9b":
        patches, attention = (value("clip.vision.image_size") // value("clip.vision.patch_size")) ** 2 + 1, 6 * width
    else:  # with rotary positions, which copy
        patches, attention = 4 * image_tokens, int(6.5 * width)
    up, gate = (vision.tensors.get(f"v.blk.0.ffn_{name}.weight") for name in ("up", "gate"))
    feed_forward = sum(tensor.shape[1] for tensor in (up, gate) if tensor)
    if vision.projector == "glm-4v-9b":
        feed_forward //= 2  # half of the patches after the other
    elif gate:
        feed_forward += gate.shape[1]  # their product
    pixels = 3 * value("clip.vision.patch_size", 0) ** 2 if vision.projector == "glm-4v-9b" else 0  # they stay
    blocks = 4 * patches * (max(feed_forward + 2 * width, attention) + pixels)
    return blocks if flash_attention else blocks + 4 * heads * patches**2


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
    from glm4v_ros.engine.llama_log import LlamaLog
    from glm4v_ros.vision import ggml

    config = pickle.load(sys.stdin.buffer)
    lines: list[str] = []
    logger = logging.getLogger("glm4v_ros.llama_cpp")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    logger.addHandler(handler)
    devices = _devices(ggml)
    try:
        LanguageModel(config, LlamaLog(), lambda _: True, allocate=False)
    except VqaError as error:
        sys.exit(next((line for line in lines if "error" in line or "failed" in line), str(error)))
    sizes = re.findall(r"(?:output|compute) buffer size = +([\d.]+) MiB", "\n".join(lines))
    buffers = int(sum(map(float, sizes)) * 2**20)
    json.dump({"buffers": buffers, "devices": [asdict(device) for device in devices]}, sys.stdout)


def _devices(ggml) -> list[Device]:
    found = []
    for handle in ggml.devices(ggml.CPU_DEVICE, ggml.GPU_DEVICE, ggml.INTEGRATED_GPU_DEVICE):
        free, total = ggml.device_memory(handle)
        if ggml.device_kind(handle) == ggml.CPU_DEVICE:
            free, total = available_memory()
            kind = "cpu"
        elif ggml.device_kind(handle) == ggml.INTEGRATED_GPU_DEVICE or Path("/etc/nv_tegra_release").exists():
            # cudaMemGetInfo of a Jetson leaves out what the page cache would give back.
            free, total = available_memory()
            kind = "unified"
        else:
            kind = "gpu"
        found.append(Device(ggml.device_name(handle), kind, free, total))
    return found


def available_memory() -> tuple[int, int]:
    """(what can be had without swapping, total) of this machine, in bytes."""
    fields = dict(re.findall(r"^(\w+): +(\d+) kB", Path("/proc/meminfo").read_text(), re.M))
    return int(fields["MemAvailable"]) * 1024, int(fields["MemTotal"]) * 1024


if __name__ == "__main__":
    _main()

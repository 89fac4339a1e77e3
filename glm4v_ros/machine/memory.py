"""The memories that can hold a model, and what is free of them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Device:
    """Something that can hold a model. Bytes."""

    name: str
    kind: str  # cpu, gpu, or unified: a GPU that shares the processor's memory, as a Jetson's does
    free: int
    total: int


def available_memory() -> tuple[int, int]:
    """(what can be had without swapping, total) of this machine, in bytes."""
    fields = dict(re.findall(r"^(\w+): +(\d+) kB", Path("/proc/meminfo").read_text(), re.M))
    return int(fields["MemAvailable"]) * 1024, int(fields["MemTotal"]) * 1024


def resident_mib(process: int | str = "self") -> float:
    """What the process of that id, by default this one, has in memory; 0 for one that is gone, and for id 0."""
    try:
        with open(f"/proc/{process}/statm") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    except (OSError, IndexError):
        return 0.0


def devices() -> list[Device]:
    """All that ggml can use; loads llama.cpp."""
    from glm4v_ros.machine import ggml

    found = []
    for handle in ggml.devices(ggml.CPU_DEVICE, ggml.GPU_DEVICE, ggml.INTEGRATED_GPU_DEVICE):
        kind = {ggml.CPU_DEVICE: "cpu", ggml.INTEGRATED_GPU_DEVICE: "unified"}.get(ggml.device_kind(handle), "gpu")
        if kind == "gpu" and Path("/etc/nv_tegra_release").exists():
            kind = "unified"  # cudaMemGetInfo of a Jetson leaves out what the page cache would give back
        free, total = ggml.device_memory(handle) if kind == "gpu" else available_memory()
        found.append(Device(ggml.device_name(handle), kind, free, total))
    return found

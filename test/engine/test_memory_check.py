from dataclasses import replace

import pytest

from glm4v_ros.engine import memory_check
from glm4v_ros.engine.config import EngineConfig
from glm4v_ros.engine.estimate import Device, estimate
from glm4v_ros.errors import HostOutOfMemory, OutOfMemory

GIB = 2**30


@pytest.fixture
def machine(monkeypatch, nano):
    """A machine with so much free memory, and a GPU with so much of its own."""
    plan = estimate(EngineConfig(nano))

    def make(free: int, gpu_free: int | None = None):
        devices = [Device("CPU", "cpu", free, free)]
        if gpu_free is not None:
            devices.append(Device("CUDA0", "gpu", gpu_free, gpu_free))
        monkeypatch.setattr(memory_check, "available_memory", lambda: (free, free))
        monkeypatch.setattr(
            memory_check, "estimate", lambda _config: replace(plan, devices=tuple(devices), on_gpu=gpu_free is not None)
        )
        return plan

    return make


def test_plenty(machine, nano):
    machine(8 * GIB)
    memory_check.check(EngineConfig(nano), gpu=False)


def test_just_enough_and_just_too_little(machine, nano):
    need = machine(0).peak
    machine(need)
    memory_check.check(EngineConfig(nano), gpu=False)
    machine(need - 1)
    with pytest.raises(HostOutOfMemory, match=r"takes [\d.]+ GiB .* CPU has [\d.]+ GiB free"):
        memory_check.check(EngineConfig(nano), gpu=False)


def test_not_even_the_weights(machine, nano):
    machine(10 << 20)
    with pytest.raises(HostOutOfMemory, match="alone"):
        memory_check.check(EngineConfig(nano), gpu=False)


def test_the_gpu_must_hold_it_unless_only_a_part_is_meant_to_go_there(machine, nano):
    need = machine(0).peak
    machine(64 * GIB, gpu_free=need - 1)
    with pytest.raises(OutOfMemory, match="CUDA0") as refused:
        memory_check.check(EngineConfig(nano), gpu=True)
    assert refused.type is OutOfMemory  # a GPU's, not the system's
    memory_check.check(EngineConfig(nano, gpu_layers=10), gpu=True)
    memory_check.check(EngineConfig(nano, gpu_layers=0), gpu=True)

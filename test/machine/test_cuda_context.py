from __future__ import annotations

import ctypes

import pytest

from glm4v_ros.machine import cuda_context


def put(pointer, value: int) -> None:
    """As C does: ``*pointer = value``."""
    ctypes.cast(pointer, ctypes.POINTER(ctypes.c_int))[0] = value


def test_without_a_driver_nothing_happens(monkeypatch):
    def missing(name):
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", missing)
    cuda_context.slim()
    assert cuda_context.capability() == 0


@pytest.mark.parametrize("fails, found", [(0, 90), (3, 0)])
def test_the_capability_of_the_first_gpu(monkeypatch, fails, found):
    class Driver:
        def cuInit(self, flags):
            return fails

        def cuDeviceGet(self, device, index):
            assert index == 0
            return 0

        def cuDeviceGetAttribute(self, value, attribute, device):
            put(value, {75: 9, 76: 0}[attribute])
            return 0

    monkeypatch.setattr(ctypes, "CDLL", lambda name: Driver())
    assert cuda_context.capability() == found


def test_every_gpus_limits_are_lowered(monkeypatch):
    calls = []

    class Driver:
        def cuInit(self, flags):
            return 0

        def cuDeviceGetCount(self, count):
            put(count, 2)
            return 0

        def cuDeviceGet(self, device, index):
            put(device, index)
            return 0

        def cuDevicePrimaryCtxRetain(self, context, device):
            calls.append(("retain", device.value))
            return 0

        def cuCtxPushCurrent_v2(self, context):
            return 0

        def cuCtxPopCurrent_v2(self, context):
            return 0

        def cuCtxSetLimit(self, limit, size):
            calls.append((limit, size.value))
            return 0

    monkeypatch.setattr(ctypes, "CDLL", lambda name: Driver())
    cuda_context.slim()
    one = [(0, 16), (2, 1 << 16)]
    assert calls == [("retain", 0), *one, ("retain", 1), *one]

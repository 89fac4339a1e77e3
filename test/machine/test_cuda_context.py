from __future__ import annotations

import ctypes

from glm4v_ros.machine import cuda_context


def test_without_a_driver_nothing_happens(monkeypatch):
    def missing(name):
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", missing)
    cuda_context.slim()


def test_every_gpus_limits_are_lowered(monkeypatch):
    calls = []

    class Driver:
        def cuInit(self, flags):
            return 0

        def cuDeviceGetCount(self, count):
            count._obj.value = 2
            return 0

        def cuDeviceGet(self, device, index):
            device._obj.value = index
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

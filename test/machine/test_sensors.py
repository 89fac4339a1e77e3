"""What machines tell, by files and packages as they have them; a real thermal zone or GPU is not needed."""

import sys
import threading
import time
from types import ModuleType, SimpleNamespace

import pytest

from glm4v_ros.machine import jetson, nvidia, thermal_zones
from glm4v_ros.machine.readings import Readings, Temperature
from glm4v_ros.machine.sensors import Sensors


def eventually(condition):
    end = time.monotonic() + 20
    while not (value := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)
    return value


def zone(root, index, **files):
    folder = root / f"thermal_zone{index}"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(f"{text}\n")
    return folder


def test_thermal_zones(tmp_path):
    zone(tmp_path, 0, type="cpu-thermal", temp=54321, trip_point_0_type="passive", trip_point_0_temp=85000,
         trip_point_1_type="critical", trip_point_1_temp=100000)  # fmt: skip
    zone(tmp_path, 1, type="x86_pkg_temp", temp=40000, trip_point_0_type="passive", trip_point_0_temp=0)
    zone(tmp_path, 2, type="gpu-thermal", temp=-256000)
    zone(tmp_path, 3, type="broken", temp="")
    assert thermal_zones.connect(tmp_path)() == Readings(
        (Temperature("cpu-thermal", 54.321, 85.0, 100.0), Temperature("x86_pkg_temp", 40.0))
    )


def test_no_thermal_zones(tmp_path):
    with pytest.raises(OSError, match="no thermal zones"):
        thermal_zones.connect(tmp_path)


@pytest.fixture
def pynvml(monkeypatch):
    """nvidia-ml-py's functions, of two GPUs that tell nearly everything."""
    module = ModuleType("pynvml")
    module.NVMLError = type("NVMLError", (Exception,), {})
    module.NVML_TEMPERATURE_GPU, module.NVML_TEMPERATURE_THRESHOLD_SHUTDOWN, module.NVML_TEMPERATURE_THRESHOLD_SLOWDOWN = 0, 0, 1

    def threshold(gpu, kind):
        if gpu == "second":
            raise module.NVMLError("not supported")
        return (92, 89)[kind]

    module.nvmlInit = lambda: None
    module.nvmlDeviceGetCount = lambda: 2
    module.nvmlDeviceGetHandleByIndex = lambda index: ("first", "second")[index]
    module.nvmlDeviceGetTemperature = lambda gpu, sensor: {"first": 61, "second": 55}[gpu]
    module.nvmlDeviceGetTemperatureThreshold = threshold
    module.nvmlDeviceGetPowerUsage = lambda gpu: 250_500
    module.nvmlDeviceGetMemoryInfo = lambda gpu: SimpleNamespace(used=2 << 30, total=8 << 30)
    monkeypatch.setitem(sys.modules, "pynvml", module)
    return module


def test_nvidia(pynvml):
    assert nvidia.connect()() == Readings(
        (Temperature("GPU 0", 61.0, 89, 92), Temperature("GPU 1", 55.0)), 501.0, 4096.0, 16384.0
    )


def test_no_nvidia(pynvml):
    pynvml.nvmlDeviceGetCount = lambda: 0
    with pytest.raises(OSError):
        nvidia.connect()


def test_jetson(monkeypatch):
    module = ModuleType("jtop")
    board = SimpleNamespace(start=lambda: None, is_alive=lambda: True, power={"rail": {}, "tot": {"power": 14_250}})
    module.jtop = lambda: board
    monkeypatch.setitem(sys.modules, "jtop", module)
    read = jetson.connect()
    assert read() == Readings(watts=14.25)
    board.is_alive = lambda: False
    with pytest.raises(OSError, match="jtop"):
        read()


def test_sources_are_put_together_and_the_first_figure_counts():
    hot = Temperature("cpu", 50.0)
    sensors = Sensors([lambda: lambda: Readings(watts=10.0), lambda: lambda: Readings((hot,), watts=99.0)], 0.01)
    eventually(lambda: sensors.readings.temperatures)
    assert sensors.readings == Readings((hot,), 10.0) and sensors.readings.hottest == hot
    sensors.close()


def test_what_is_not_there_is_left_out_and_what_fails_is_tried_again(monkeypatch):
    monkeypatch.setattr("glm4v_ros.machine.sensors.AGAIN", 0.02)
    tried = {"missing": 0, "failing": 0}

    def missing():
        tried["missing"] += 1
        raise ModuleNotFoundError("no such package")

    def failing():
        tried["failing"] += 1
        if tried["failing"] < 3:
            raise RuntimeError("the service is starting")
        return lambda: Readings(watts=5.0)

    sensors = Sensors([missing, failing], 0.005)
    eventually(lambda: sensors.readings.watts)
    assert tried == {"missing": 1, "failing": 3}
    sensors.close()


def test_a_driver_that_hangs_holds_up_nobody():
    hanging = threading.Event()
    sensors = Sensors([lambda: lambda: hanging.wait(30) or Readings()], 0.01)
    eventually(lambda: sensors.age > 0.1)
    assert sensors.readings == Readings()
    hanging.set()
    sensors.close()


def test_here():
    """Whatever this machine has, looking at it works."""
    sensors = Sensors(period=0.01)
    eventually(lambda: sensors.age < 1.0)
    assert isinstance(sensors.readings, Readings)
    sensors.close()

"""NVIDIA GPUs, through nvidia-ml-py where it is installed."""

from __future__ import annotations

from collections.abc import Callable

from glm4v_ros.machine.readings import Readings, Temperature


def connect() -> Callable[[], Readings]:
    """Reads them. ImportError without nvidia-ml-py, another exception without a driver or a GPU."""
    import pynvml

    pynvml.nvmlInit()
    handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
    if not handles:
        raise OSError("the driver knows no GPU")

    def told(function: Callable, *arguments):
        """None where this GPU does not tell."""
        try:
            return function(*arguments)
        except pynvml.NVMLError:
            return None

    def read() -> Readings:
        temperatures, watts, used, total = [], [], [], []
        for index, gpu in enumerate(handles):
            celsius = told(pynvml.nvmlDeviceGetTemperature, gpu, pynvml.NVML_TEMPERATURE_GPU)
            if celsius is not None:
                limit = pynvml.nvmlDeviceGetTemperatureThreshold
                slows = told(limit, gpu, pynvml.NVML_TEMPERATURE_THRESHOLD_SLOWDOWN)
                stops = told(limit, gpu, pynvml.NVML_TEMPERATURE_THRESHOLD_SHUTDOWN)
                temperatures.append(Temperature(f"GPU {index}", float(celsius), slows, stops))
            if (milliwatts := told(pynvml.nvmlDeviceGetPowerUsage, gpu)) is not None:
                watts.append(milliwatts / 1000)
            if (memory := told(pynvml.nvmlDeviceGetMemoryInfo, gpu)) is not None:
                used.append(memory.used / 2**20)
                total.append(memory.total / 2**20)
        return Readings(tuple(temperatures), *(sum(figures) if figures else None for figures in (watts, used, total)))

    return read

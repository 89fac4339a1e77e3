"""Which wheel of llama-cpp-python is taken, and with what it is built."""

import platform
from pathlib import Path

import llama_wheel
import pytest

VERSION = llama_wheel.SOURCE.read_text().split()[0].partition("==")[2]
NAME = f"llama_cpp_python-{VERSION}-py3-none-linux_{platform.machine()}.whl"


class Pip:
    """Stands in for pip: writes a wheel where it should and remembers how it was called."""

    def __init__(self):
        self.flags = []

    def __call__(self, *words, **environment):
        if words[0] == "wheel":
            self.flags.append(environment["CMAKE_ARGS"])
            folder = Path(words[words.index("--wheel-dir") + 1])
            folder.mkdir()
            (folder / NAME).write_text(environment["CMAKE_ARGS"])


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    """A user's own cache, and none of the settings of who runs the tests."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("PIP_FIND_LINKS", "CMAKE_ARGS", "GLM4V_CUDA_ARCHITECTURE"):
        monkeypatch.delenv(name, raising=False)
    nvcc = tmp_path / "nvcc"
    nvcc.touch()
    monkeypatch.setenv("CUDACXX", str(nvcc))


def test_built_once_for_each_kind_of_processor():
    pip = Pip()
    cpu = [llama_wheel.wheel(llama_wheel.flags(False), pip) for _ in range(2)]
    gpu = [llama_wheel.wheel(llama_wheel.flags(True, "87"), pip) for _ in range(2)]
    assert cpu[0] == cpu[1] != gpu[0] == gpu[1]
    assert pip.flags == ["", "-DGGML_CUDA=ON -DCMAKE_CUDA_ARCHITECTURES=87"]
    assert gpu[0].read_text() == pip.flags[1]


def test_the_callers_cmake_args_count(monkeypatch):
    monkeypatch.setenv("CMAKE_ARGS", "-DGGML_NATIVE=OFF")
    monkeypatch.setenv("GLM4V_CUDA_ARCHITECTURE", "110")
    assert llama_wheel.flags(False) == "-DGGML_NATIVE=OFF"
    assert llama_wheel.flags(True) == "-DGGML_NATIVE=OFF -DGGML_CUDA=ON -DCMAKE_CUDA_ARCHITECTURES=110"


@pytest.mark.parametrize("prefix", ["", "file://"])
def test_a_wheel_that_somebody_brought_wins(tmp_path, monkeypatch, prefix):
    brought = tmp_path / "brought"
    brought.mkdir()
    for name in (NAME, NAME.replace(platform.machine(), "riscv64"), NAME.replace("-py3", "0-py3")):
        (brought / name).touch()
    monkeypatch.setenv("PIP_FIND_LINKS", f"/nowhere https://example.org/simple {prefix}{brought}")
    pip = Pip()
    assert llama_wheel.wheel("", pip) == brought / NAME
    assert not pip.flags

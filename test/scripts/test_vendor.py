"""scripts/vendor.py: what it says when it cannot, and when it does nothing. test/installation has it succeed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "vendor.py"


@pytest.fixture
def run(tmp_path):
    """Runs it for a folder without any network; the caller's variables win."""

    def run(*words: str, **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-B", SCRIPT, tmp_path / "vendor", *words],
            env={**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), **environment},
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    return run


def test_without_network_it_says_what_to_do(run, tmp_path):
    done = run()
    assert done.returncode
    assert "pip download" in done.stdout and "PIP_NO_INDEX=1 PIP_FIND_LINKS=" in done.stdout
    assert not (tmp_path / "vendor").exists()


def test_what_it_says_names_every_requirement(run):
    """The command that it gives brings all that the build then asks pip for."""
    files = re.findall(r"requirements/(\S+\.txt)", run().stdout)
    assert sorted(files) == ["llama.txt", "vendor-build.txt", "vendor-reader.txt", "vendor.txt"]


@pytest.mark.parametrize(("environment", "complaint"), [
    ({"CUDACXX": "/nowhere/nvcc"}, "no nvcc"),
    ({"CUDACXX": sys.executable, "PATH": "/nowhere", "GLM4V_CUDA_ARCHITECTURE": ""}, "no GPU is found"),
])  # fmt: skip
def test_a_gpu_that_is_not_there(run, environment, complaint):
    done = run("--cuda", **environment)
    assert done.returncode and complaint in done.stdout


def test_pip_is_missing(run, tmp_path):
    """Python as Ubuntu has it without python3-pip."""
    (tmp_path / "pip.py").write_text("raise ImportError")
    done = run(PYTHONPATH=str(tmp_path))
    assert done.returncode and "apt install python3-pip" in done.stdout


def test_the_lock_has_the_tested_versions():
    """A robot gets what `make test` ran with."""
    def pins(name: str) -> dict[str, str]:
        return dict(re.findall(r"^([\w-]+)==([\w.]+)", (ROOT / "requirements" / name).read_text(), re.M))

    tested = {name.replace("_", "-"): version for name, version in pins("python.txt").items()}
    locked = pins("vendor.txt")
    assert {"gguf", "huggingface-hub", "jinja2", "pyttsx3"} <= locked.keys()
    assert {name: version for name, version in locked.items() if name in tested and tested[name] != version} == {}


def test_what_is_the_systems_is_not_in_the_lock():
    """A second NumPy or cv2 beside apt's would break what is built for that one."""
    lock = (ROOT / "requirements" / "vendor.txt").read_text()
    assert not re.search(r"^(numpy|opencv\S*|pillow|pyyaml|jsonschema)==", lock, re.M | re.I)

"""What CI can hold of `make pythons` in seconds: every file is read by the oldest Python that the package is for."""

import os
import subprocess
from pathlib import Path

import pytest

OLDEST = "3.10"
ROOT = Path(__file__).resolve().parents[2]
READ = """
import pathlib, sys
assert sys.version_info[:2] == tuple(map(int, sys.argv[1].split("."))), sys.version
for folder in ("glm4v_ros", "scripts", "launch", "examples"):
    for path in pathlib.Path(folder).rglob("*.py"):
        compile(path.read_bytes(), path, "exec")
"""


def test_every_file_is_read():
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    for python in (f"python{OLDEST}", *pyenv.glob(f"versions/{OLDEST}.*/bin/python")):
        try:  # a shim of pyenv on the path may lead nowhere
            there = subprocess.run([python, "-c", ""], capture_output=True).returncode == 0
        except FileNotFoundError:
            there = False
        if there:
            told = subprocess.run([python, "-c", READ, OLDEST], cwd=ROOT, capture_output=True, text=True)
            assert told.returncode == 0, told.stderr
            return
    pytest.skip(f"Python {OLDEST} is not here")

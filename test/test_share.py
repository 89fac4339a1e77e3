"""Where the package's data is found."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from glm4v_ros import share


def test_checkout_or_installation():
    assert (share.share_dir() / "package.xml").is_file()


@pytest.mark.parametrize("modules", ["lib/python3/site-packages", "local/lib/python3/dist-packages"])
def test_installed(tmp_path, modules):
    """colcon, cmake and pip lay the package out as prefix/lib/.../glm4v_ros and prefix/share/glm4v_ros."""
    package = tmp_path / modules / "glm4v_ros"
    package.mkdir(parents=True)
    shutil.copy(share.__file__, package)
    (package / "__init__.py").touch()
    data = tmp_path / "share" / "glm4v_ros"
    (data / "config").mkdir(parents=True)
    (data / "package.xml").touch()
    found = subprocess.run(
        [sys.executable, "-c", "from glm4v_ros.share import share_dir; print(share_dir())"],
        cwd=tmp_path / modules,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(found.stdout.strip()) == data


def test_missing(monkeypatch, tmp_path):
    monkeypatch.setattr(share, "__file__", str(tmp_path / "glm4v_ros" / "share.py"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("AMENT_PREFIX_PATH", "")
    with pytest.raises(FileNotFoundError, match="install the package again"):
        share.share_dir()

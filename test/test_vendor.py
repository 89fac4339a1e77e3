"""The folder of the packages that the build brought: where it is found, and who sees it."""

import importlib
import sys
from pathlib import Path

import pytest

import glm4v_ros
from glm4v_ros import vendor

MODULES = ("lib/python3.10/site-packages", "local/lib/python3.10/dist-packages", "lib/python3/dist-packages")


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A prefix with the package, as it looks to it; a checkout before it on the path, as in `colcon test`."""

    def lay_out(modules: str) -> Path:
        portions = (tmp_path / "src" / "glm4v_ros", tmp_path / "ws" / modules / "glm4v_ros")
        monkeypatch.setattr(glm4v_ros, "__path__", [*map(str, portions)])
        folder = tmp_path / "ws" / "lib" / "glm4v_ros" / "vendor"
        folder.mkdir(parents=True)
        return folder

    monkeypatch.setattr(sys, "path", list(sys.path))
    return lay_out


@pytest.mark.parametrize("modules", MODULES)
def test_found_below_its_prefix(installed, modules):
    assert vendor.vendor_dir() is None  # here pip installed everything
    folder = installed(modules)
    assert vendor.vendor_dir() == folder


def test_comes_first_once(installed):
    folder = installed(MODULES[0])
    sys.path.append(str(folder))  # as a worker of the command line inherits it
    vendor.prefer_vendor()
    assert sys.path[0] == str(folder)
    assert sys.path.count(str(folder)) == 1


def test_nothing_changes_where_there_is_none():
    before = list(sys.path)
    vendor.prefer_vendor()
    assert sys.path == before


def test_one_package_of_it_for_a_node(installed, monkeypatch):
    folder = installed(MODULES[0])
    (folder / "brought").mkdir()
    (folder / "brought" / "__init__.py").write_text("from brought.part import X\n")
    (folder / "brought" / "part.py").write_text("X = 1\n")
    (folder / "other.py").touch()
    assert vendor.vendored("brought").X == 1
    assert str(folder) not in sys.path
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("other")
    assert vendor.vendored("json") is importlib.import_module("json")
    with pytest.raises(ModuleNotFoundError):
        vendor.vendored("nowhere")
    for name in ("brought", "brought.part"):
        monkeypatch.delitem(sys.modules, name)

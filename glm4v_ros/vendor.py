"""The Python packages that the build put beside this one, since apt has none of them: llama_cpp, gguf, pyttsx3, ..."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import glm4v_ros


def vendor_dir() -> Path | None:
    """``lib/glm4v_ros/vendor`` of the prefix that this package lies in; None where pip installed everything (.venv)."""
    for package in glm4v_ros.__path__:
        for prefix in Path(package).absolute().parents:  # not resolved: --symlink-install links to the sources
            folder = prefix / "lib" / "glm4v_ros" / "vendor"
            if folder.is_dir():
                return folder
    return None


def prefer_vendor() -> None:
    """Looks there first for the rest of this process.

    For processes of this package that no other code shares: the engine's worker, the synthesiser, the command line,
    the node web. Another node stays without, so that nothing of apt's is shadowed for it or for what it is composed
    with; see ``vendored``.
    """
    folder = vendor_dir()
    if folder:
        sys.path[:] = [str(folder), *(entry for entry in sys.path if entry != str(folder))]


def vendored(name: str) -> ModuleType:
    """The package ``name`` from there, without that folder on any path: what a node may take of it. Else the system's.

    Raises ModuleNotFoundError when it is in neither.
    """
    folder = vendor_dir()
    if name not in sys.modules and folder and (spec := importlib.machinery.PathFinder.find_spec(name, [str(folder)])):
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return importlib.import_module(name)

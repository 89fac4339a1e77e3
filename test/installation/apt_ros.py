"""A ROS and Python as apt lays them out on a robot, made of links to those that run the tests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_PYTHON = f"python{sysconfig.get_python_version()}"
_KEPT = ("HOME", "LANG", "XDG_CACHE_HOME", "PIP_", "ROS_DOMAIN_ID", "ROS_AUTOMATIC", "OPENBLAS")
_EXPORTED = re.compile(r'set_target_properties\(\S+ PROPERTIES\s+INTERFACE_INCLUDE_DIRECTORIES "[^"]*"\s*\)')


class AptRos:
    """``prefix`` is ROS's, Python's and apt's.

    Its Python refuses to install (EXTERNALLY-MANAGED) and has none of the packages that the build brings, but for
    typing_extensions. Its rosidl_generator_py exports no include directories, as upstream's; the wheels' one does.
    """

    def __init__(self, prefix: Path):
        self.prefix = prefix
        self.python = prefix / "bin" / "python3"
        self.site_packages = prefix / "lib" / _PYTHON / "site-packages"
        self._lay_out_python()
        self._lay_out_packages()
        self._lay_out_ros()
        self._lay_out_espeak()

    def environment(self, *prefixes: Path, **more: str) -> dict[str, str]:
        """Of a shell that sourced this ROS and workspaces that are installed in ``prefixes``."""
        ours = (*prefixes, self.prefix)
        libraries = self.site_packages.glob("ros_*.libs")
        return {
            **{name: value for name, value in os.environ.items() if name.startswith(_KEPT)},
            "PATH": ":".join([*(str(path / "bin") for path in ours), "/usr/bin", "/bin"]),
            "AMENT_PREFIX_PATH": ":".join(map(str, ours)),
            "CMAKE_PREFIX_PATH": ":".join(map(str, ours)),
            "PYTHONPATH": ":".join(str(path / "lib" / _PYTHON / "site-packages") for path in prefixes),
            "LD_LIBRARY_PATH": ":".join(map(str, [*(path / "lib" for path in ours), *libraries])),
            "ESPEAK_DATA_PATH": self.espeak_data,
            "PYTHONDONTWRITEBYTECODE": "1",  # what is a link here leads into .venv
            "_ROS_WHEELS_BOOTSTRAP_COMPLETE": "1",  # else the wheels start each Python twice
            **more,
        }

    def run(self, *words: object, prefixes: tuple[Path, ...] = (), **environment: str) -> subprocess.CompletedProcess:
        """A command in such a shell, outside of the checkout; its output is text."""
        return subprocess.run(
            list(map(str, words)), env=self.environment(*prefixes, **environment), cwd="/", text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def _lay_out_python(self) -> None:
        self.python.parent.mkdir(parents=True)
        shutil.copy(os.path.realpath(sys._base_executable), self.python)  # a link would lead to Python's own prefix
        for tool in ("cmake", "ninja"):
            (self.prefix / "bin" / tool).symlink_to(shutil.which(tool))
        library = self.prefix / "lib" / _PYTHON
        _link(sysconfig.get_path("stdlib"), library, ("site-packages", "dist-packages", "EXTERNALLY-MANAGED"))
        (library / "EXTERNALLY-MANAGED").write_text("[externally-managed]\nError=use apt\n")
        _link(Path(sys.base_prefix, "lib"), self.prefix / "lib", pattern="libpython*")
        (self.prefix / "include").mkdir()
        (self.prefix / "include" / _PYTHON).symlink_to(sysconfig.get_path("include"))

    def _lay_out_packages(self) -> None:
        locks = "".join(path.read_text() for path in (ROOT / "requirements").glob("vendor*.txt"))
        brought = {name.replace("-", "_") for name in re.findall(r"^([\w-]+)==", locks, re.M)} - {"typing_extensions"}
        brought |= {"glm4v_ros", "llama_cpp", "llama_cpp_python", "espeakng_loader", "__pycache__"}
        for entry in Path(sysconfig.get_path("purelib")).iterdir():
            name = re.split(r"[-.]", entry.name)[0].lower()
            if name not in brought:
                _place(entry, self.site_packages)
        (self.prefix / "lib" / "python3").mkdir()  # where a Debian's Python looks
        (self.prefix / "lib" / "python3" / "dist-packages").symlink_to(self.site_packages)

    def _lay_out_ros(self) -> None:
        ros = Path(sys.prefix)
        ours = {path.name for path in ros.glob("lib/*glm4v_ros*")}
        _link(ros / "lib", self.prefix / "lib", (_PYTHON, *ours))
        _link(ros / "include", self.prefix / "include")
        _link(ros / "share", self.prefix / "share", ("glm4v_ros",))
        for path in (self.prefix / "share").glob("*/cmake/*__rosidl_generator_pyExport.cmake"):
            self._rewrite(path.relative_to(self.prefix), lambda text: _EXPORTED.sub("", text))
        generator = "share/rosidl_generator_py/cmake/rosidl_generator_py_generate_interfaces.cmake"
        exports = "PUBLIC ${Python3_INCLUDE_DIRS}"
        self._rewrite(generator, lambda text: text.replace(exports, exports.replace("PUBLIC", "PRIVATE")))

    def _lay_out_espeak(self) -> None:
        """As the package libespeak-ng1."""
        import espeakng_loader

        (self.prefix / "lib" / "libespeak-ng.so.1").symlink_to(espeakng_loader.get_library_path())
        self.espeak_data = espeakng_loader.get_data_path()

    def _rewrite(self, name: str | Path, change) -> None:
        """A file of the wheels that upstream's differs from; its folder, a link so far, becomes a copy."""
        folder = self.prefix / Path(*Path(name).parts[:2])
        if folder.is_symlink():
            original = folder.resolve()
            folder.unlink()
            shutil.copytree(original, folder)
        path = self.prefix / name
        before = path.read_text()
        after = change(before)
        assert before != after, f"{name} is not what it was: does the ROS wheel differ from upstream's no more?"
        path.write_text(after)


def _link(source: str | Path, target: Path, left_out: tuple[str, ...] = (), pattern: str = "*") -> None:
    """The entries of one folder as links in another."""
    for entry in Path(source).glob(pattern):
        if entry.name not in left_out:
            _place(entry, target)


def _place(entry: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / entry.name).exists():
        (folder / entry.name).symlink_to(entry)


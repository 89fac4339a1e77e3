"""Makes `pip install .` do what colcon does: CMake builds the interfaces and lays everything out, pip carries it in.

Where there is no ROS, the package comes without its nodes: `glm4v ask`, `glm4v serve` and all else that needs none.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.build import build

HERE = Path(__file__).resolve().parent
VERSION = re.search(r"<version>(.+)</version>", (HERE / "package.xml").read_text()).group(1)


PREFIXES = [Path(p) for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p] + [Path(sys.prefix)]
#: Whether there is a ROS to build with.
HAS_ROS = any(Path(prefix, "share", "ament_cmake", "cmake").is_dir() for prefix in PREFIXES)
#: What is of no use without ROS.
ROS_ALONE = ("nodes", "behaviours", "client.py", "goal.py", "action_caller.py")
WITHOUT_ROS = "glm4v_ros was installed where there was no ROS, without its nodes: source ROS and install it again"


def ros_environment() -> dict[str, str]:
    """The environment that sees the ROS beside this interpreter; pip's build isolation hides it."""
    packages = [
        Path(prefix, "lib", f"python{sysconfig.get_python_version()}", kind)
        for prefix in PREFIXES
        for kind in ("site-packages", "dist-packages")
    ]
    own = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p and "pip-build-env" not in p]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(own + [str(p) for p in packages if p.is_dir()]),
        "CMAKE_PREFIX_PATH": os.pathsep.join(map(str, PREFIXES)),
        "AMENT_PREFIX_PATH": os.pathsep.join(map(str, PREFIXES)),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }


class CMakeBuild(build):
    """Runs CMake, then hands its Python modules to build_lib and all else to data_files."""

    def run(self):
        tree = Path(self.build_base, f"cmake-{sys.implementation.cache_tag}").absolute()
        stage = tree / "stage"
        shutil.rmtree(stage, ignore_errors=True)
        shutil.rmtree(self.build_lib, ignore_errors=True)
        environment = ros_environment()
        jobs = os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL", str(len(os.sched_getaffinity(0))))
        for command in (
            [
                "cmake",
                "-S",
                HERE,
                "-B",
                tree,
                "-DCMAKE_BUILD_TYPE=Release",
                "-DBUILD_TESTING=OFF",
                "-DGLM4V_VENDOR=OFF",  # pip brings them, see install_requires
                f"-DGLM4V_ROS_WHEELS={'OFF' if os.environ.get('AMENT_PREFIX_PATH') else 'ON'}",
                f"-DCMAKE_INSTALL_PREFIX={stage}",
                f"-DPython3_EXECUTABLE={sys.executable}",
            ],
            ["cmake", "--build", tree, "--parallel", jobs],
            ["cmake", "--install", tree],
        ):
            subprocess.run([str(word) for word in command], env=environment, check=True)
        modules = next(stage.glob("lib*/python*/*-packages"), None) or next(stage.glob("local/lib/python*/*-packages"))
        shutil.copytree(modules, self.build_lib)
        shutil.rmtree(modules)
        shutil.rmtree(stage / "bin")  # pip makes glm4v itself, see entry_points
        files: dict[str, list[str]] = {}
        for path in stage.rglob("*"):
            if path.is_file():
                files.setdefault(str(path.parent.relative_to(stage)), []).append(str(path.relative_to(Path.cwd())))
        self.distribution.data_files = sorted(files.items())


class PlainBuild(build):
    """Copies what needs no ROS."""

    def run(self):
        print(f"glm4v_ros: there is no ROS here: {', '.join(ROS_ALONE)} are left out", file=sys.stderr)
        shutil.rmtree(self.build_lib, ignore_errors=True)
        package = Path(self.build_lib, "glm4v_ros")
        shutil.copytree(HERE / "glm4v_ros", package, ignore=shutil.ignore_patterns("__pycache__"))
        for path in map(package.joinpath, ROS_ALONE):
            if path.is_dir():
                shutil.rmtree(path)
                path.mkdir()
                (path / "__init__.py").write_text(f"raise ImportError({WITHOUT_ROS!r})\n")
            else:
                path.unlink()
        files: dict[str, list[str]] = {"share/glm4v_ros": ["package.xml"]}
        for path in [path for folder in ("config", "models") for path in (HERE / folder).rglob("*") if path.is_file()]:
            inside = path.relative_to(HERE)
            files.setdefault(str("share/glm4v_ros" / inside.parent), []).append(str(inside))
        self.distribution.data_files = sorted(files.items())


class PackageDistribution(Distribution):
    """With compiled type support its wheel belongs to one Python and platform."""

    def has_ext_modules(self):
        return HAS_ROS

    def has_pure_modules(self):  # none by name: the build lays them out
        return not HAS_ROS


setup(
    name="glm4v_ros",
    version=VERSION,
    description="Ask a robot's cameras a question and get the answer from a GLM-4V model on the robot, offline.",
    license="Apache-2.0",
    python_requires=">=3.10",
    # ROS itself comes from the distribution or from requirements/ros-*.txt; naming it here would pull wheels over it.
    install_requires=[
        "numpy",
        "opencv-python-headless",
        "pillow",
        "simplejpeg",
        "pyyaml",
        "jinja2",
        "jsonschema",
        "llama-cpp-python==0.3.36",
    ],
    extras_require={
        "voice": ["pyttsx3", "espeakng-loader"],
        "behaviours": ["py_trees"],
        "reader": ["rapidocr==3.10.0", "onnxruntime"],
        "models": ["huggingface_hub", "gguf"],
        "serve": ["starlette", "uvicorn", "h11", "prometheus-client", "segno"],
        "remote": ["openai>=3.57,<4"],
        "nvidia": ["nvidia-ml-py"],
        "jetson": ["jetson-stats"],
    },
    packages=[],
    entry_points={"console_scripts": ["glm4v = glm4v_ros.cli.main:main"]},
    cmdclass={"build": CMakeBuild if HAS_ROS else PlainBuild},
    distclass=PackageDistribution,
)

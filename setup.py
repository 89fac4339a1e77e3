"""Makes `pip install .` do what colcon does: CMake builds the interfaces and lays everything out, pip carries it in."""

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


def ros_environment() -> dict[str, str]:
    """The environment that sees the ROS beside this interpreter; pip's build isolation hides it."""
    prefixes = [Path(p) for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p] + [Path(sys.prefix)]
    packages = [
        Path(prefix, "lib", f"python{sysconfig.get_python_version()}", kind)
        for prefix in prefixes
        for kind in ("site-packages", "dist-packages")
    ]
    own = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p and "pip-build-env" not in p]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(own + [str(p) for p in packages if p.is_dir()]),
        "CMAKE_PREFIX_PATH": os.pathsep.join(map(str, prefixes)),
        "AMENT_PREFIX_PATH": os.pathsep.join(map(str, prefixes)),
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


class BinaryDistribution(Distribution):
    """Carries compiled type support, so its wheel belongs to one Python and platform."""

    def has_ext_modules(self):
        return True


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
    cmdclass={"build": CMakeBuild},
    distclass=BinaryDistribution,
)

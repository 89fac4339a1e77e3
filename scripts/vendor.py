#!/usr/bin/env python3
"""Fills a folder with the Python packages that have no rosdep key for apt. cmake/vendor.cmake runs it in every build.

What is in requirements/vendor.txt and in vendor-PART.txt of each part that is wanted is installed by its hashes,
llama-cpp-python is built from its source. NumPy, OpenCV, Pillow and PyYAML are the system's. A folder that has it all
already stays as it is.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import llama_wheel

LOCK = llama_wheel.REQUIREMENTS / "vendor.txt"
PARTS = {  # name: what must load beside the system's NumPy and OpenCV, what to leave out where it does not
    "reader": ("import onnxruntime; from rapidocr import RapidOCR", "the second reader", "-DGLM4V_READER=OFF"),
    "piper": ("import piper", "the voice Piper", "-DGLM4V_PIPER=OFF"),
    "remote": ("import openai", "the client of the remote engine", "-DGLM4V_REMOTE=OFF"),
}
FAILED = """\
glm4v_ros: pip failed, its reason is above. Without a network, fetch the packages on a machine with the same Python and
processor, in the folder of glm4v_ros:
  python3 -m pip download --no-deps --no-binary llama-cpp-python --require-hashes -d wheels \\
    -r requirements/vendor.txt -r requirements/vendor-reader.txt -r requirements/vendor-build.txt -r requirements/llama.txt
bring the folder wheels here, and build again:
  PIP_NO_INDEX=1 PIP_FIND_LINKS=/path/to/wheels colcon build --packages-select glm4v_ros
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cuda", nargs="*", metavar="ARCHITECTURE", help="for these GPUs, or this machine's")
    parser.add_argument("--parts", nargs="*", default=[], choices=PARTS)
    arguments = parser.parse_args()
    cuda = arguments.cuda is not None
    flags = llama_wheel.flags(cuda, ";".join(arguments.cuda or ()))
    locks = [LOCK, *(LOCK.with_name(f"vendor-{part}.txt") for part in arguments.parts)]
    wanted = (*(file.read_text() for file in (*locks, llama_wheel.SOURCE)), flags, sys.version, llama_wheel.processor())
    key = hashlib.sha256("\0".join(wanted).encode()).hexdigest()
    stamp = arguments.folder / "stamp"
    if stamp.is_file() and stamp.read_text() == key:
        return
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True).returncode:
        sys.exit(f"glm4v_ros: {sys.executable} has no pip: apt install python3-pip (rosdep install does it)")
    fresh = arguments.folder.with_name("vendor.part")
    shutil.rmtree(fresh, ignore_errors=True)
    into = ("install", "--target", fresh, "--no-deps", "--only-binary", ":all:")
    pip(*into, "--require-hashes", *(word for lock in locks for word in ("-r", lock)))
    pip(*into, "--no-index", llama_wheel.wheel(flags, pip))
    check(fresh, flags)
    for part in arguments.parts:
        check_part(fresh, part)
    shutil.rmtree(fresh / "bin", ignore_errors=True)  # commands that would not find their modules
    (fresh / "stamp").write_text(key)
    shutil.rmtree(arguments.folder, ignore_errors=True)
    fresh.rename(arguments.folder)


def pip(*words, **environment: str) -> None:
    """Runs it whatever the user's own settings and the surrounding make say."""
    inherited = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "DESTDIR")}
    inherited.setdefault("CMAKE_BUILD_PARALLEL_LEVEL", str(len(os.sched_getaffinity(0))))
    settings = dict.fromkeys(("PIP_USER", "PIP_REQUIRE_VIRTUALENV"), "0")
    quiet = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    command = [sys.executable, "-m", "pip", *map(str, words)]
    if subprocess.run(command, env={**inherited, **settings, **quiet, **environment}).returncode:
        sys.exit(FAILED)


def check(folder: Path, flags: str) -> None:
    """That llama.cpp loads beside the system's NumPy, and is for the GPU if it should be."""
    told = loaded(folder, "from llama_cpp import *; print(llama_supports_gpu_offload())")
    if told.returncode:
        sys.exit(f"{told.stderr}\nglm4v_ros: llama-cpp-python does not load (is the rest of `rosdep install` done?)")
    # Where no GPU is, such as in a container's build, its library must do.
    offloads = told.stdout.strip() == "True" or any(folder.glob("llama_cpp/lib/libggml-cuda*"))
    if "GGML_CUDA=ON" in flags and not offloads:
        sys.exit(
            "glm4v_ros: GLM4V_CUDA is on, but llama.cpp came out for the CPU only. What its build said is above; a wheel\n"
            "from PIP_FIND_LINKS must be one for the GPU. Leave GLM4V_CUDA out to go on with the CPU."
        )


def check_part(folder: Path, part: str) -> None:
    script, what, without = PARTS[part]
    told = loaded(folder, script)
    if told.returncode:
        sys.exit(f"{told.stderr}\nglm4v_ros: {what} does not load here; build with {without} to go on without it")


def loaded(folder: Path, script: str) -> subprocess.CompletedProcess:
    script = f"import sys; sys.path.insert(0, sys.argv[1]); {script}"
    return subprocess.run([sys.executable, "-c", script, folder], capture_output=True, text=True, cwd="/")


if __name__ == "__main__":
    main()

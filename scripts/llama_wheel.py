"""The wheel of llama-cpp-python: built for this machine's processor or GPU, and kept in the user's cache."""

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements"
SOURCE = REQUIREMENTS / "llama.txt"
TOOLS = REQUIREMENTS / "vendor-build.txt"


def flags(cuda: bool, architectures: str = "") -> str:
    """CMake's arguments for llama.cpp: the caller's CMAKE_ARGS, and those for the GPU."""
    return " ".join(filter(None, [os.environ.get("CMAKE_ARGS", ""), cuda_flags(architectures) if cuda else ""]))


def cuda_flags(architectures: str = "") -> str:
    """For ``architectures`` as CMake knows them (Orin: 87), else for this machine's GPUs. Ends with what is missing."""
    nvcc = os.environ.get("CUDACXX") or shutil.which("nvcc") or "/usr/local/cuda/bin/nvcc"
    if not Path(nvcc).is_file():
        sys.exit("A build for the GPU was asked for, but there is no nvcc: install CUDA, or set CUDACXX to its nvcc.")
    os.environ["CUDACXX"] = nvcc
    architectures = architectures or os.environ.get("GLM4V_CUDA_ARCHITECTURE", "")
    if not architectures and shutil.which("nvidia-smi"):
        told = subprocess.run(
            ["nvidia-smi", "--query-gpu=compute_cap", "--format=csv,noheader"], capture_output=True, text=True
        )
        architectures = ";".join(
            sorted({line.strip().replace(".", "") for line in told.stdout.splitlines() if re.match(r"\d+\.\d+$", line)})
        )
    if not architectures and Path("/etc/nv_tegra_release").is_file():
        architectures = "87"  # an Orin whose nvidia-smi does not tell
    if not architectures:
        sys.exit(
            "A build for the GPU was asked for, but no GPU is found; to build for one that is not in this machine, set "
            "GLM4V_CUDA_ARCHITECTURE (Orin: 87)."
        )
    # Whole images through cuBLAS: sooner first tokens, slower decodes of 9 to 255 tokens (docs/benchmarks.md).
    cublas = " -DGGML_CUDA_FORCE_CUBLAS=ON" if os.environ.get("GLM4V_CUDA_PREFILL") == "cublas" else ""
    return f"-DGGML_CUDA=ON -DCMAKE_CUDA_ARCHITECTURES={architectures}{cublas}"


def wheel(flags: str, pip: Callable[..., None]) -> Path:
    """From a folder of PIP_FIND_LINKS, as it is; or from the cache; or built. ``pip(*words, **environment)`` runs pip.

    The cache asks for the flags and the processor's instructions: pip's own would give any wheel of the version.
    """
    requirement = SOURCE.read_text().split()[0]
    key = hashlib.sha256(f"{requirement} {flags} {processor()}".encode()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "glm4v_ros" / "wheels" / key
    for folder in (*given(), cache):
        found = sorted(folder.glob(f"llama_cpp_python-{requirement.partition('==')[2]}-*{platform.machine()}.whl"))
        if found:
            return found[0]
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        tools, built = Path(scratch, "tools"), Path(scratch, "wheel")
        pip("install", "--target", tools, "--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", TOOLS)
        pip(
            *("wheel", "--verbose", "--no-deps", "--no-cache-dir", "--no-build-isolation"),
            *("--no-binary", "llama-cpp-python", "--require-hashes", "--wheel-dir", built, "-r", SOURCE),
            CMAKE_ARGS=flags,
            PYTHONPATH=str(tools),
        )
        made = next(built.glob("*.whl"))
        return made.replace(cache / made.name)


def given() -> list[Path]:
    """The folders on this machine that pip is told to look into."""
    places = (place.removeprefix("file://") for place in os.environ.get("PIP_FIND_LINKS", "").split())
    return [Path(place) for place in places if os.path.isdir(place)]


def processor() -> str:
    """What llama.cpp's build looks at: the instructions that this processor knows."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")

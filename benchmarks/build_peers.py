#!/usr/bin/env python3
"""Builds llama.cpp's own tools and the libraries of llama-cpp-python from one source, so that both run the same code.

    python benchmarks/build_peers.py DIR                     fetches the llama-cpp-python that this package pins
    python benchmarks/build_peers.py DIR --source FILE       its sdist, or what --pack made of it; no network
    python benchmarks/build_peers.py --pack FILE.tar.xz      the few megabytes of the sdist that a build needs

DIR/bin then holds llama-server, llama-bench and llama-mtmd-cli, DIR/python the module llama_cpp: put it on PYTHONPATH.
--cuda 90 builds for GPUs of compute capability 9.0. A build that was broken off goes on where it was. --cublas turns a
CUDA build into one with GGML_CUDA_FORCE_CUBLAS in a minute: of its sources two read it, and only they are compiled again.
Needs CMake, Ninja and a C++ compiler, with --cuda also nvcc.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ("llama-server", "llama-bench", "llama-mtmd-cli")
LLAMA_CPP = "vendor/llama.cpp"
# What a build needs of the sdist; CMake reads the CMakeLists.txt of every tool, built or not.
NEEDED = (
    "llama_cpp", f"{LLAMA_CPP}/CMakeLists.txt", f"{LLAMA_CPP}/LICENSE", f"{LLAMA_CPP}/cmake", f"{LLAMA_CPP}/common",
    f"{LLAMA_CPP}/ggml", f"{LLAMA_CPP}/include", f"{LLAMA_CPP}/src", f"{LLAMA_CPP}/tools", f"{LLAMA_CPP}/vendor",
    f"{LLAMA_CPP}/scripts/ui-assets.cmake",
)  # fmt: skip
BACKENDS = ("ggml-cpu", "ggml-cuda")
UNNEEDED = (
    f"{LLAMA_CPP}/tools/ui/src", f"{LLAMA_CPP}/tools/ui/static", f"{LLAMA_CPP}/tools/ui/tests",
    f"{LLAMA_CPP}/tools/server/tests", f"{LLAMA_CPP}/tools/server/bench", f"{LLAMA_CPP}/tools/mtmd/tests",
    f"{LLAMA_CPP}/tools/mtmd/test-", f"{LLAMA_CPP}/tools/mtmd/legacy-models",
)  # fmt: skip
FLAGS = ("-DCMAKE_BUILD_TYPE=Release", "-DBUILD_SHARED_LIBS=ON", "-DLLAMA_BUILD_TESTS=OFF", "-DLLAMA_BUILD_EXAMPLES=OFF",
         "-DLLAMA_BUILD_APP=OFF", "-DLLAMA_BUILD_UI=OFF", "-DLLAMA_USE_PREBUILT_UI=OFF", "-DLLAMA_OPENSSL=OFF",
         "-DGGML_CCACHE=OFF")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, nargs="?", metavar="DIR")
    parser.add_argument("--source", type=Path, metavar="FILE", help="an sdist of llama-cpp-python, or a packed one")
    parser.add_argument("--pack", type=Path, metavar="FILE", help="write the needed sources there and build nothing")
    parser.add_argument("--cuda", default="", metavar="ARCHITECTURE", help="build for the GPU, such as 90")
    parser.add_argument("--option", action="append", default=[], metavar="-DNAME=VALUE", help="one more for CMake")
    parser.add_argument("--cublas", action="store_true", help="whole images through cuBLAS")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), metavar="N")
    args = parser.parse_args()
    if not (args.directory or args.pack):
        parser.error("where to? Give DIR or --pack")
    with tempfile.TemporaryDirectory() as scratch:
        source = args.source or fetch(Path(scratch))
        if args.pack:
            pack(source, args.pack)
        else:
            unpack(source, args.directory / "source")
            if args.cublas:
                define(args.directory / "source" / LLAMA_CPP / "ggml/src/ggml-cuda", "GGML_CUDA_FORCE_CUBLAS")
            build(args.directory, args.cuda, args.option, args.jobs)


def fetch(directory: Path) -> Path:
    """The sdist of the version that requirements/llama.txt pins."""
    requirement = (ROOT / "requirements" / "llama.txt").read_text().split()[0]
    run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", "llama-cpp-python", "-d", directory, requirement])
    return next(directory.glob("*.tar.gz"))


def unpack(source: Path, directory: Path) -> None:
    """The needed files, without the sdist's own top directory."""
    if (directory / "llama_cpp").is_dir():
        return
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent) as scratch, tarfile.open(source) as archive:
        for member in needed(archive):
            archive.extract(member, scratch, filter="data")
        Path(scratch).rename(directory)
        Path(scratch).mkdir()  # for the context manager to remove


def define(directory: Path, name: str) -> None:
    """As CMake's option does for all sources, in those that look at it."""
    line = f"#define {name}\n"
    for path in directory.glob("*.cu"):
        text = path.read_text()
        if name in text and not text.startswith(line):
            path.write_text(line + text)


def pack(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(source) as archive, tarfile.open(target, "w:xz", preset=9) as packed:
        for member in needed(archive):
            packed.addfile(member, archive.extractfile(member) if member.isfile() else None)
    print(f"{target}: {target.stat().st_size / 2**20:.1f} MiB")


def needed(archive: tarfile.TarFile):
    """Members to keep, named without the sdist's top directory."""
    for member in archive:
        top, _, rest = member.name.partition("/")
        name = rest if top.startswith("llama_cpp_python-") else member.name
        parts = name.split("/")
        backend = parts[4] if name.startswith(f"{LLAMA_CPP}/ggml/src/ggml-") and len(parts) > 5 else "ggml-cpu"
        if (
            any(name == kept or name.startswith(f"{kept}/") for kept in NEEDED)
            and not name.startswith(UNNEEDED)
            and backend in BACKENDS
        ):
            member.name = name
            yield member


def build(directory: Path, cuda: str, options: list[str], jobs: int) -> None:
    source, tree = directory / "source", directory / "build"
    flags = [f"-DCMAKE_CUDA_ARCHITECTURES={cuda}", "-DGGML_CUDA=ON", "-DGGML_CUDA_NCCL=OFF",
             "-DGGML_CUDA_COMPRESSION_MODE=none"] if cuda else []  # fmt: skip
    if not (tree / "build.ninja").is_file():
        run(["cmake", "-G", "Ninja", "-S", source / LLAMA_CPP, "-B", tree, *FLAGS, *flags, *options])
    run(["cmake", "--build", tree, "-j", str(jobs), "--target", *TOOLS])
    module = directory / "python" / "llama_cpp"
    if not module.is_dir():
        shutil.copytree(source / "llama_cpp", module)
        (module / "lib").symlink_to(Path("../../build/bin"))
        (directory / "bin").symlink_to("build/bin")


def run(command: list) -> None:
    done = subprocess.run([str(word) for word in command])
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed")


if __name__ == "__main__":
    main()

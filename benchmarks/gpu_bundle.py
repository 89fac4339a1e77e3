#!/usr/bin/env python3
"""Fetches what benchmarks/gpu.sh needs on a machine without network: llama.cpp's sources and a few wheels.

    python benchmarks/gpu_bundle.py DIR [--source SDIST] [--python 3.12]

The machine is expected to have NumPy, OpenCV, Pillow, PyYAML, Jinja2 and Matplotlib, CMake, Ninja and CUDA.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import build_peers

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("gguf", "jsonschema", "simplejpeg")  # pinned by this package
THEIRS = ("jsonschema-specifications", "referencing", "rpds-py", "attrs", "diskcache", "typing-extensions")
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("--source", type=Path, metavar="SDIST", help="of llama-cpp-python; fetched if not given")
    parser.add_argument("--python", default="3.12", metavar="VERSION", help="of that machine")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        build_peers.pack(args.source or build_peers.fetch(Path(scratch)), args.directory / "llama.tar.xz")
    pinned = (ROOT / "requirements" / "python.txt").read_text().splitlines()
    wanted = [line.split()[0] for line in pinned if line.startswith(tuple(f"{name}==" for name in PACKAGES))]
    platforms = [word for name in PLATFORMS for word in ("--platform", name)]
    build_peers.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", "--python-version",
                     args.python, *platforms, "-d", args.directory / "wheels", *wanted, *THEIRS])  # fmt: skip


if __name__ == "__main__":
    main()

"""Convert a glm-4v-9b checkpoint (Hugging Face safetensors) to the two GGUF files that run here.

Needs 11 GB of disk for what it makes and little RAM. Broken off, it goes on where it was the next time.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from glm4v_ros.cli.engine import at_least
from glm4v_ros.cli.progress import Progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", metavar="CHECKPOINT_DIR", help="directory with config.json and the safetensors")
    parser.add_argument("out", nargs="?", metavar="OUT_DIR",
                        help="where the files go (default: where `model: glm-4v-9b` looks for them)")  # fmt: skip
    parser.add_argument("--text", default="", metavar="TYPE", help="type of the language half (default: Q4_K_M)")
    parser.add_argument("--vision", default="", metavar="TYPE", help="type of the vision half (default: Q8_0)")
    parser.add_argument("--only", default="", choices=("text", "vision"),
                        help="convert one half; the other may be missing")
    parser.add_argument("--threads", type=at_least(0), default=0, metavar="N", help="CPU threads; 0: every core")


def run(args: argparse.Namespace) -> int:
    from glm4v_ros.catalog.catalog import models_dir
    from glm4v_ros.catalog.convert import NAME, Conversion

    out = Path(args.out).expanduser() if args.out else models_dir() / NAME
    conversion = Conversion.plan(
        Path(args.checkpoint).expanduser(), out, text=args.text, vision=args.vision, only=args.only
    )
    with Progress() as progress:
        manifest = conversion.run(progress.of, args.threads)
    for name, entry in manifest["files"].items():
        print(f"{out / name}  {entry['bytes'] / 1e9:.2f} GB  SHA-256 {entry['sha256']}")
    print(f"run it with `model: {NAME if not args.out else out}`")
    return 0

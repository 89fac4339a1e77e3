"""Make the two GGUF files of glm-4v-9b from its Hugging Face checkpoint. Interrupted, it goes on where it was.

example:
  glm4v models convert ~/glm-4v-9b ~/.local/share/glm4v_ros/models/glm-4v-9b
"""

from __future__ import annotations

import argparse

from glm4v_ros.cli.engine import at_least
from glm4v_ros.cli.progress import Progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", metavar="CHECKPOINT_DIR", help="config.json, tokenizer.model and the safetensors")
    parser.add_argument("out", metavar="OUT_DIR", help="where the files and their manifest go")
    parser.add_argument("--text", default="", metavar="TYPE", help="of the text half (default: Q4_K_M)")
    parser.add_argument("--vision", default="", metavar="TYPE", help="of the vision half (default: Q8_0)")
    parser.add_argument("--only", default="", choices=("text", "vision"), help="convert one half and leave the other alone")
    parser.add_argument("--threads", type=at_least(0), default=0, metavar="N", help="0: every core")


def run(args: argparse.Namespace) -> int:
    from glm4v_ros.catalog.convert import Conversion

    conversion = Conversion.plan(args.checkpoint, args.out, text=args.text, vision=args.vision, only=args.only)
    with Progress() as progress:
        conversion.run(progress.of, args.threads)
    for half in conversion.halves:
        print(conversion.path(half))
    return 0

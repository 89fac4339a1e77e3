"""What models there are, what they need, and how to get them."""

from __future__ import annotations

import argparse

from glm4v_ros.cli.verbs import add_verbs

VERBS = {
    "list": "all models, and which of them are on this machine",
    "show": "all about one model",
    "fetch": "get a model's files from Hugging Face, a mirror or a folder",
    "verify": "compare the SHA-256 of a model's files with the catalogue's",
    "estimate": "how much memory a model takes, and whether it is there",
    "convert": "make glm-4v-9b's GGUF files from its checkpoint",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_verbs(parser, __name__, VERBS)


def run(args: argparse.Namespace) -> int:
    return args.run(args)

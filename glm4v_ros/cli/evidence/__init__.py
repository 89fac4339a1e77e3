"""Evidence logs: what the node vqa recorded with its parameter evidence.directory."""

from __future__ import annotations

import argparse

from glm4v_ros.cli.verbs import add_verbs

VERBS = {"verify": "detect records and pictures that were altered, removed or reordered"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_verbs(parser, __name__, VERBS)


def run(args: argparse.Namespace) -> int:
    return args.run(args)

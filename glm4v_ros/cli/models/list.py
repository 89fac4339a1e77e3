"""All models with a line about each; * marks those on this machine."""

from __future__ import annotations

import argparse

from glm4v_ros.cli import jsonl
from glm4v_ros.cli.models.show import fields


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON object a model")


def run(args: argparse.Namespace) -> int:
    from glm4v_ros.catalog.catalog import Catalog

    for name, entry in Catalog.load().entries.items():
        print(jsonl.dump(fields(entry)) if args.json else f"{'*' if entry.present else ' '} {name:22} {entry.about}")
    if not args.json:
        print("\n* on this machine. `glm4v models show NAME` says more.")
    return 0

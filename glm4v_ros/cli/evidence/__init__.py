"""Evidence logs: what the node vqa recorded with its parameter evidence.directory."""

from __future__ import annotations

import argparse
import importlib

# As in cli/main.py, a verb a module.
VERBS = {"verify": "detect records and pictures that were altered, removed or reordered"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="evidence_verb", required=True, metavar="VERB")
    for verb, summary in VERBS.items():
        module = importlib.import_module(f"{__name__}.{verb}")
        verb_parser = verbs.add_parser(verb, help=summary, description=module.__doc__,
                                       formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
        module.add_arguments(verb_parser)
        verb_parser.set_defaults(run=module.run)


def run(args: argparse.Namespace) -> int:
    return args.run(args)

"""Verbs under a verb: `glm4v models list`, `glm4v evidence verify`."""

from __future__ import annotations

import argparse
import importlib


def add_verbs(parser: argparse.ArgumentParser, package: str, verbs: dict[str, str]) -> None:
    """As in main.py, a verb a module of ``package``; ``verbs`` gives each one's summary, and ``args.run`` is the chosen one's."""
    name = package.rpartition(".")[2]
    parsers = parser.add_subparsers(dest=f"{name}_verb", required=True, metavar="VERB")
    for verb, summary in verbs.items():
        module = importlib.import_module(f"{package}.{verb}")
        verb_parser = parsers.add_parser(verb, help=summary, description=module.__doc__,
                                         formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
        module.add_arguments(verb_parser)
        verb_parser.set_defaults(run=module.run)

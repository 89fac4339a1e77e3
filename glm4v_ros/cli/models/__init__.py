"""What models there are, what they need, and how to get them."""

from __future__ import annotations

import argparse
import importlib

# As in cli/main.py, a verb a module.
VERBS = {
    "list": "all models, and which of them are on this machine",
    "show": "all about one model",
    "fetch": "get a model's files from Hugging Face, a mirror or a folder",
    "verify": "compare the SHA-256 of a model's files with the catalogue's",
    "estimate": "how much memory a model takes, and whether it is there",
    "convert": "make glm-4v-9b's GGUF files from its checkpoint",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="models_verb", required=True, metavar="VERB")
    for verb, summary in VERBS.items():
        module = importlib.import_module(f"{__name__}.{verb}")
        verb_parser = verbs.add_parser(verb, help=summary, description=module.__doc__,
                                       formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
        module.add_arguments(verb_parser)
        verb_parser.set_defaults(run=module.run)


def run(args: argparse.Namespace) -> int:
    return args.run(args)

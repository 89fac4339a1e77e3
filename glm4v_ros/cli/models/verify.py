"""Compare the SHA-256 of models' files with the catalogue's. Damaged weights load without a word and answer nonsense.

ok, damaged, missing, or unknown where the catalogue has nothing to compare with; the exit code is 0 when all are ok.
"""

from __future__ import annotations

import argparse

from glm4v_ros.cli.progress import Progress
from glm4v_ros.errors import BadRequest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: every model that is on this machine")


def run(args: argparse.Namespace) -> int:
    from glm4v_ros.catalog.catalog import Catalog
    from glm4v_ros.catalog.verify import Verdict, verify

    catalog = Catalog.load()
    names = args.names or [name for name, entry in catalog.entries.items() if entry.present]
    if not names:
        raise BadRequest("no model is on this machine; `glm4v models list` shows which there are")
    all_ok = True
    for name in names:
        with Progress() as progress:
            show = progress.of
            checks = verify(catalog.entry(name).model, lambda path, *done: show(f"checking {path.name}", *done))  # noqa: B023
        for check in checks:
            print(f"{check.verdict.value:8} {name:22} {check.path}")
            if check.verdict is Verdict.DAMAGED:
                print(f"         SHA-256 is {check.found}, should be {check.expected}")
            elif check.verdict is Verdict.UNKNOWN:
                print(f"         SHA-256 is {check.found}; the catalogue has none to compare with")
            all_ok &= check.verdict is Verdict.OK
    return 0 if all_ok else 1

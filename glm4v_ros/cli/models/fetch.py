"""Fetch a model's files: from Hugging Face, a mirror, or a folder such as a USB stick.

Broken off, it goes on where it was the next time. Every file is checked and gets its name only when it is right.
"""

from __future__ import annotations

import argparse

from glm4v_ros.cli.progress import Progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="+", metavar="NAME", help="name from `glm4v models list`")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--from", dest="folder", default="", metavar="FOLDER", help="copy from here, not the network")
    source.add_argument("--endpoint", default="", metavar="URL", help="mirror of Hugging Face (default: HF_ENDPOINT)")


def run(args: argparse.Namespace) -> int:
    from glm4v_ros.catalog.catalog import Catalog
    from glm4v_ros.catalog.fetch import fetch

    catalog = Catalog.load()
    for entry in [catalog.entry(name) for name in args.names]:
        with Progress() as progress:
            pair = fetch(entry, endpoint=args.endpoint, folder=args.folder, progress=progress.of)
        size = pair.text.weight_bytes + pair.vision.weight_bytes
        print(f"{entry.model.name}: {pair.text.path.parent} ({size / 1e9:.2f} GB)")
    return 0

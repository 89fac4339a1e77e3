"""Bring a model's two files onto this machine. What came stays: an interrupted fetch goes on where it was.

examples:
  glm4v models fetch glm-4.6v-flash
  glm4v models fetch glm-4.6v-flash --endpoint https://hf-mirror.example
  glm4v models fetch glm-4.6v-flash --from /media/usb
"""

from __future__ import annotations

import argparse

from glm4v_ros.cli.progress import Progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--endpoint", default="", metavar="URL", help="a mirror of Hugging Face; default: HF_ENDPOINT, else itself")
    parser.add_argument("--from", default="", metavar="FOLDER", dest="folder", help="copy the files from here, such as a USB stick")


def run(args: argparse.Namespace) -> int:
    from glm4v_ros.catalog.catalog import Catalog
    from glm4v_ros.catalog.fetch import fetch

    entry = Catalog.load().entry(args.name)
    with Progress() as progress:
        fetch(entry, endpoint=args.endpoint, folder=args.folder, progress=progress.of)
    print(entry.model.text_path, entry.model.vision_path, sep="\n")
    return 0

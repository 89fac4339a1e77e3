"""All that the catalogue says about a model, and how to get it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from glm4v_ros.cli import jsonl

if TYPE_CHECKING:
    from glm4v_ros.catalog.catalog import Entry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    from glm4v_ros.catalog.catalog import Catalog

    entry = Catalog.load().entry(args.name)
    if args.json:
        print(jsonl.dump(fields(entry)))
        return 0
    for key, value in fields(entry).items():
        if value not in ("", {}, 0):
            print(f"{key.replace('_', ' '):24} {value}")
    if not entry.present:
        print("\nnot on this machine" + (f"; get it with `glm4v models fetch {args.name}`" if entry.repository else ""))
    return 0


def fields(entry: Entry) -> dict:
    model = entry.model
    return {
        "name": model.name,
        "present": entry.present,
        "about": entry.about,
        "licence": entry.licence,
        "repository": entry.repository,
        "text": str(model.text_path),
        "text_bytes": entry.text_bytes,
        "text_sha256": model.text_sha256,
        "vision": str(model.vision_path),
        "vision_bytes": entry.vision_bytes,
        "vision_sha256": model.vision_sha256,
        "context_tokens": model.context_tokens,
        "image_max_tokens": model.image_max_tokens,
        "images_per_conversation": model.images_per_conversation,
        "template_arguments": model.template_arguments,
        "answer_prefix": model.answer_prefix,
        "demo": model.demo,
        "notes": entry.notes,
    }

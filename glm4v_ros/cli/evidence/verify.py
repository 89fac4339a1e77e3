"""Detect records and pictures of an evidence log that were altered, removed or reordered.

Each record carries the SHA-256 of the one before and of its pictures, so one changed byte shows. Who can write the
directory could still forge all of it from some record on: note the hash that is printed last somewhere else, and
give it with --expect later. The exit code is 0 when all is as it was written, 1 when it is not.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from glm4v_ros.errors import BadRequest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", metavar="DIR", help="the node's parameter evidence.directory")
    parser.add_argument("--expect", default="", metavar="SHA256", help="a hash noted earlier, which must still be there")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    from glm4v_ros.evidence.verify import verify

    try:
        report = verify(args.directory, args.expect)
    except OSError as error:
        raise BadRequest(f"{args.directory} cannot be read: {error.strerror}") from error
    if args.json:
        print(json.dumps(asdict(report), ensure_ascii=False))
        return 1 if report.problems else 0
    for problem in report.problems:
        print(f"damaged: {problem}")
    rotated = f", {report.removed} before them rotated out" if report.removed else ""
    print(f"{report.records} records, {report.pictures} pictures in them{rotated}; newest: {report.number} {report.head}")
    print("damaged" if report.problems else "ok")
    return 1 if report.problems else 0

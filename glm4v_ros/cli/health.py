"""Say how the running node vqa is, for people and for scripts.

exit codes: 0 it answers; 1 something needs looking at (a WARN: a camera that stopped, a hot board), or the model is
still being loaded; 2 it does not answer, or nobody is there. docs/operations.md says what to do about each.

examples:
  glm4v health
  glm4v health --json | jq .parts
  until glm4v health --timeout 2; do sleep 5; done
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from glm4v_ros.errors import BadRequest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--node", default="/vqa", metavar="NAME", help="with its namespace (default: %(default)s)")
    parser.add_argument("--timeout", type=float, default=10.0, metavar="S",
                        help="how long to wait for its word (default: %(default)s)")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON object with every part and its values")


def run(args: argparse.Namespace) -> int:
    try:
        from glm4v_ros.nodes.health import look
    except ImportError as error:
        raise BadRequest(f"glm4v health asks over ROS, which is not here: {error}; source its setup file") from error
    if not 0 < args.timeout < 1e6:
        raise BadRequest(f"--timeout is a number of seconds, not {args.timeout:g}")
    health = look(args.node, args.timeout)
    if args.json:
        print(json.dumps({**asdict(health), "grade": health.grade.name}, ensure_ascii=False))
        return int(health.grade)
    for part in health.parts:
        print(f"{part.level:5} {part.name}: {part.message}")
    print(health.grade.name if health.parts else f"{health.grade.name}: {health.message}")
    return int(health.grade)

"""Measures how fast a model answers on this machine: first tokens, decode, many askers, memory, cancel."""

from __future__ import annotations

import argparse
import json
import os
import sys

from glm4v_ros.cli import engine
from glm4v_ros.cli.engine import at_least


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument(
        "--size", type=_size, default=(448, 336), metavar="WxH", help="of the frames (default: 448x336)"
    )
    parser.add_argument(
        "--askers",
        type=at_least(1),
        nargs="+",
        default=[1, 4, 16],
        metavar="N",
        help="how many ask at once (default: 1 4 16)",
    )
    parser.add_argument(
        "--tokens", type=at_least(1), default=64, metavar="N", help="per answer of many askers (default: 64)"
    )
    parser.add_argument("--repeats", type=at_least(1), default=5, metavar="N", help="of each figure; the median counts")
    engine.add_arguments(parser)


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return at_least(1)(width), at_least(1)(height)


def run(args: argparse.Namespace) -> int:
    from glm4v_ros.catalog.pair import Pair
    from glm4v_ros.cli.benchmark import Benchmark
    from glm4v_ros.cli.floor import Floor, Machine
    from glm4v_ros.machine.memory_watch import MemoryWatch

    config = engine.config(args, parallel=max(args.askers))
    pair = Pair.of(config.model)
    print("what this machine can do", file=sys.stderr)
    floor = Floor(pair.text, pair.vision, Machine.measured(config.gpu_layers != 0, config.threads or len(os.sched_getaffinity(0))))
    with MemoryWatch(processes=False) as memory, engine.running(config) as client:
        benchmark = Benchmark(client, *args.size, lambda line: print(line, file=sys.stderr), memory)
        results = benchmark.run(tuple(args.askers), args.tokens, args.repeats)
    results["share_of_floor"] = floor.shares(results)
    if args.json:
        print(json.dumps(results))
    else:
        for name, value in results.items():
            for key, figure in value.items() if isinstance(value, dict) else [("", value)]:
                print(f"{f'{name} {key}'.rstrip():32} {figure}")
    return 0

#!/usr/bin/env python3
"""Reads many different pictures with the second reader and looks at the memory of its process.

python3 benchmarks/reader.py [--frames 2000] [--most 320] [--seconds S]      the last line of stdout is a JSON object

Pictures of 320x240 to 1280x960 px with one to twelve lines of print. Half way the process is killed, so that the client's own memory
is seen as well as that of a second process.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import time
from operator import itemgetter

import cv2
import numpy as np

from glm4v_ros.errors import NotRead
from glm4v_ros.machine.memory import resident_mib
from glm4v_ros.reader.client import SecondReader
from glm4v_ros.reader.config import ReaderConfig
from glm4v_ros.vision.frame import Frame

SIZES = ((320, 240), (640, 480), (800, 600), (1120, 840), (1280, 960), (480, 640), (240, 320), (320, 200))


def picture(number: int, most: int) -> tuple[Frame, str]:
    """With the frame's number as its first line; no side has over ``most`` px."""
    chance = random.Random(number)
    width, height = chance.choice([size for size in SIZES if max(size) <= most])
    rgb = np.full((height, width, 3), chance.randint(170, 240), np.uint8)
    scale = height / 480
    first = f"FRAME {number:05}"
    for line in range(chance.randint(1, 12)):
        text = first if line == 0 else "".join(chance.choice("ABCDEFGHKLMNPRTXY0123456789-. ") for _ in range(14))
        cv2.putText(rgb, text, (10, round((line + 1) * 36 * scale)), cv2.FONT_HERSHEY_SIMPLEX, 0.8 * scale, (20, 20, 20), 2)
    return Frame(rgb), first


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=2000)
    parser.add_argument("--most", type=int, default=1280, help="px of a side, 320 at the least (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="end after so long, with what was read by then")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    figures: dict[str, list[float]] = {"reader": [], "client": []}
    read = failed = 0
    begun = time.monotonic()
    with SecondReader(ReaderConfig(threads=args.threads)) as reader:
        for number in range(args.frames):
            if time.monotonic() - begun > args.seconds:
                break
            if number == args.frames // 2:
                os.kill(reader.pid, signal.SIGKILL)
            frame, first = picture(number, args.most)
            try:
                read += any(first.replace(" ", "") in line.text.replace(" ", "") for line in reader.read(frame).result())
            except NotRead:
                failed += 1
            if reader.pid:
                figures["reader"].append(resident_mib(reader.pid))
            figures["client"].append(resident_mib())
    half = args.frames // 2
    told = {"frames": len(figures["client"]), "first_line_read": read, "not_read": failed, "seconds": round(time.monotonic() - begun)}
    for name, values in figures.items():
        for part, these in filter(itemgetter(1), (("first_half", values[:half]), ("second_half", values[half:]))):
            tenth = max(1, len(these) // 10)
            told[f"{name}_mib_{part}"] = {
                "first_tenth": round(float(np.median(these[:tenth])), 1), "last_tenth": round(float(np.median(these[-tenth:])), 1),
                "most": round(max(these), 1),
            }  # fmt: skip
    print(json.dumps(told))


if __name__ == "__main__":
    main()

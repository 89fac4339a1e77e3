#!/usr/bin/env python3
"""What a 1920x1080 raw camera costs while nobody asks, and how many of its pictures arrive over Fast DDS.

    python benchmarks/cameras.py idle [--json] [--seconds S] [--rounds N]
    python benchmarks/cameras.py delivery [--json] [--seconds S]

idle: per cent of a core that a process takes, bgr8 at 30 Hz, in turns in one run, medians of the rounds:
    never taken     a subscription whose messages nobody takes
    every one       a subscription whose messages are all taken
    vqa at rest     the node vqa with a camera that sends nothing
    vqa             the node vqa with the camera, nobody asking; and how many pictures a second it took
delivery: how many pictures a second of a reliable publisher (depth 10) arrive at a reader of depth 1, and the 95th
    percentile of their time on the way; with config/fastdds.xml at neither, one or both ends.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from array import array
from itertools import product
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROFILE = ROOT / "config" / "fastdds.xml"
WIDTH, HEIGHT = 1920, 1080
RATES = (5.0, 30.0)
SETTLE = 3.0  # s until discovery is over and caches are warm


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("verb", choices=("idle", "delivery", *ROLES), help="idle or delivery; the rest are their parts")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement (default 10)")
    parser.add_argument("--rounds", type=int, default=3, help="of idle (default 3)")
    parser.add_argument("--rate", type=float, default=30.0, help=argparse.SUPPRESS)
    parser.add_argument("--reliable", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.verb in ROLES:
        return ROLES[options.verb](options)
    from glm4v_ros.machine.dds import stay_on_this_machine

    stay_on_this_machine()
    figures = (idle if options.verb == "idle" else delivery)(options)
    if options.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:48} {value}")
    return 0


# ---- what is measured


def idle(options) -> dict[str, float]:
    """Per cent of a core, by process."""
    vqa = [sys.executable, "-m", "glm4v_ros.nodes.vqa", "--ros-args", "-p", "cameras:=[bench]"]
    readers = {
        "never taken": [sys.executable, __file__, "ignore"],
        "every one": [sys.executable, __file__, "listen", "--reliable", "--seconds", "1e9"],
        "vqa": [*vqa, "-p", "camera.bench.topic:=/bench"],
        "vqa at rest": [*vqa, "-p", "camera.bench.topic:=/nothing"],
    }
    shares: dict[str, list[float]] = {name: [] for name in readers}
    taken: list[float] = []
    for _ in range(options.rounds):
        for name, command in readers.items():
            with Process([*command], True) as reader:
                if name.startswith("vqa"):
                    wait_until_active(reader)
                with Process([sys.executable, __file__, "publish"], True):
                    time.sleep(SETTLE)
                    before, began = reader.cpu, time.monotonic()
                    time.sleep(options.seconds)
                    shares[name].append(100 * (reader.cpu - before) / (time.monotonic() - began))
                    if name == "vqa":
                        taken.append(float(health()["camera bench"]["taken Hz"]))
    medians = {name: round(statistics.median(values), 1) for name, values in shares.items()}
    over = round(medians["vqa"] - medians["never taken"], 1)
    return {**medians, "vqa over never taken": over, "vqa took per s": round(statistics.median(taken), 1)}


def wait_until_active(vqa: "Process") -> None:
    end = time.monotonic() + 120
    while health().get("node", {}).get("lifecycle state") != "active":
        if vqa.process.poll() is not None or time.monotonic() > end:
            sys.exit("the node vqa did not become active")


def health() -> dict[str, dict[str, str]]:
    """What the node vqa tells about itself, by part."""
    command = [sys.executable, "-m", "glm4v_ros.cli.main", "health", "--json"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout
    return {part["name"]: part["values"] for part in json.loads(told)["parts"]}


def delivery(options) -> dict[str, dict[str, float]]:
    """The listeners' figures, by what was set."""
    figures = {}
    for rate, ends, reliable in product(RATES, ("neither", "reader", "driver", "both"), (False, True)):
        publish = [sys.executable, __file__, "publish", "--rate", str(rate)]
        listen = [sys.executable, __file__, "listen", "--seconds", str(options.seconds), *["--reliable"] * reliable]
        with (
            Process(publish, ends in ("driver", "both")),
            Process(listen, ends in ("reader", "both"), stdout=subprocess.PIPE) as listener,
        ):
            told, _ = listener.process.communicate()
        name = f"{rate:g} Hz, {'reliable' if reliable else 'best effort'} reader, profile at {ends}"
        figures[name] = json.loads(told)
        print(name, figures[name], file=sys.stderr)
    return figures


class Process:
    """A process of the benchmark's, with the Fast DDS profile or without."""

    def __init__(self, command: list[str], profile: bool, **arguments):
        environment = {name: value for name, value in os.environ.items() if name != "FASTRTPS_DEFAULT_PROFILES_FILE"}
        if profile:
            environment["FASTRTPS_DEFAULT_PROFILES_FILE"] = str(PROFILE)
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, text=True, stderr=subprocess.DEVNULL, **arguments
        )

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self.process.terminate()
        self.process.wait()

    @property
    def cpu(self) -> float:
        """Seconds of processor time that it has taken so far, without its children."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# ---- the processes


def publish(options) -> int:
    """A camera."""
    import rclpy
    from rclpy.qos import QoSProfile
    from sensor_msgs.msg import Image

    rclpy.init()
    node = rclpy.create_node("camera")
    publisher = node.create_publisher(Image, "/bench", QoSProfile(depth=10))
    message = Image(encoding="bgr8", width=WIDTH, height=HEIGHT, step=3 * WIDTH)
    message.data = array("B", os.urandom(1 << 20) * 6)[: 3 * WIDTH * HEIGHT]
    due = time.monotonic()
    while rclpy.ok():
        message.header.stamp = node.get_clock().now().to_msg()
        publisher.publish(message)
        due += 1 / options.rate
        time.sleep(max(0.0, due - time.monotonic()))
    return 0


def listen(options) -> int:
    """Takes every picture; prints what came in its last seconds."""
    import rclpy
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.qos import QoSProfile, ReliabilityPolicy
    from sensor_msgs.msg import Image

    rclpy.init()
    node = rclpy.create_node("listener")
    reliability = ReliabilityPolicy.RELIABLE if options.reliable else ReliabilityPolicy.BEST_EFFORT
    ways, began = [], time.monotonic() + SETTLE

    def take(message: Image) -> None:
        stamp = message.header.stamp
        if time.monotonic() > began:
            ways.append(node.get_clock().now().nanoseconds / 1e9 - stamp.sec - stamp.nanosec / 1e9)

    node.create_subscription(Image, "/bench", take, QoSProfile(depth=1, reliability=reliability))
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    while rclpy.ok() and time.monotonic() - began < options.seconds:
        executor.spin_once(timeout_sec=0.1)
    p95 = round(1e3 * sorted(ways)[int(0.95 * (len(ways) - 1))]) if ways else None
    print(json.dumps({"arrived per s": round(len(ways) / options.seconds, 1), "p95 ms": p95}))
    return 0


def ignore(options) -> int:
    """Subscribes and takes nothing."""
    import rclpy
    from rclpy.callback_groups import CallbackGroup
    from rclpy.qos import QoSProfile, ReliabilityPolicy
    from sensor_msgs.msg import Image

    class Never(CallbackGroup):
        def can_execute(self, entity) -> bool:
            return False

    rclpy.init()
    node = rclpy.create_node("ignorer")
    qos = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
    node.create_subscription(Image, "/bench", print, qos, callback_group=Never())
    rclpy.spin(node)
    return 0


ROLES = {"publish": publish, "listen": listen, "ignore": ignore}

if __name__ == "__main__":
    sys.exit(main())

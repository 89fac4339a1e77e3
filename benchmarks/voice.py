#!/usr/bin/env python3
"""Measures the node tts in a process of its own, over DDS: first sound, barge-in, a flood.

python3 benchmarks/voice.py [--rounds 50]      the last line of stdout is a JSON object
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import threading
import time

import rclpy
from glm4v_ros.msg import Pcm
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Bool, String
from std_srvs.srv import Trigger

from glm4v_ros.client import TtsClient
from glm4v_ros.machine.dds import stay_on_this_machine
from glm4v_ros.speech.sentence import SentenceSplitter

ANSWERS = (
    "The pump is running and its pressure is 0.6 MPa. The red lamp is off, as it should be. Nothing else is here.",
    "水泵正在运行，压力是0.6MPa。红灯没有亮，一切正常。这里看不到别的东西。",
)
CHARACTERS_PER_SECOND = 30  # about what a 9B model writes on a robot
PATIENCE = 30.0  # s


class Ear(Node):
    def __init__(self):
        super().__init__("ear")
        self.first_sound = threading.Event()
        self.heard_at: list[float] = []
        self.speaking = True
        self.create_subscription(Pcm, "tts/pcm", self._hear, 1000)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.create_subscription(Bool, "tts/speaking", self._see, latched)
        self.text = self.create_publisher(String, "tts/say_text", 1000)
        self.stop = self.create_client(Trigger, "tts/stop")

    def _hear(self, message: Pcm) -> None:
        self.heard_at.append(time.monotonic())
        self.first_sound.set()

    def _see(self, message: Bool) -> None:
        self.speaking = message.data

    def clear(self) -> None:
        self.heard_at.clear()
        self.first_sound.clear()

    def wait(self, condition) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError
            time.sleep(0.002)


def first_sound(ear: Ear, answer: str) -> tuple[float, bool]:
    """Seconds from the end of the first sentence to its first sound, and whether the answer was still being written."""
    ear.clear()
    ear.text.publish(String(data=""))
    splitter, finished, heard = SentenceSplitter(), None, None
    for character in answer:
        for sentence in splitter.push(character):
            ear.text.publish(String(data=sentence))
            finished = finished or time.monotonic()
        if finished and heard is None and ear.first_sound.is_set():
            heard = True
        time.sleep(1 / CHARACTERS_PER_SECOND)
    ear.wait(ear.first_sound.is_set)
    return ear.heard_at[0] - finished, heard is True


def barge_in(ear: Ear, client: TtsClient) -> float:
    """Seconds from the call of ~/stop to the last sound; below zero if that came before."""
    ear.clear()
    goal = client.start(ANSWERS[0])
    ear.wait(ear.first_sound.is_set)
    called = time.monotonic()
    done = threading.Event()
    ear.stop.call_async(Trigger.Request()).add_done_callback(lambda _: done.set())
    if not done.wait(PATIENCE):
        raise TimeoutError
    goal.result(PATIENCE)
    ear.wait(lambda: not ear.speaking)
    return ear.heard_at[-1] - called


def rss(pid: int) -> float:
    """MiB."""
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def flood(ear: Ear, client: TtsClient, pid: int, number: int) -> dict:
    """``number`` texts at once; one more is said after them."""
    before = rss(pid)
    goals = [client.start(f"This is answer {i}.") for i in range(number)]
    highest = before
    while sum(goal.done for goal in goals) < number // 2:
        highest = max(highest, rss(pid))
        time.sleep(0.05)
    refused = sum(bool(goal.done and goal.result()[1].error_msg) for goal in goals)
    client.start("Alive.", interrupt=True).result(PATIENCE)
    outcomes = [goal.result(PATIENCE)[1] for goal in goals]
    return {
        "sayings": number,
        "refused": refused,
        "ended": len(outcomes),
        "rss_mib_before": round(before, 1),
        "rss_mib_highest": round(highest, 1),
        "alive": client.say("Still alive.").spoken,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=50)
    rounds = parser.parse_args().rounds
    stay_on_this_machine()
    words = ["-p", "output:=topic", "-p", "volume:=0.1", "-p", "repeat_window:=0.0"]
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(path for path in sys.path if path))
    process = subprocess.Popen([sys.executable, "-m", "glm4v_ros.nodes.tts", "--ros-args", *words], env=environment)
    rclpy.init()
    ear = Ear()
    executor = SingleThreadedExecutor()
    executor.add_node(ear)
    threading.Thread(target=executor.spin, daemon=True).start()
    client = TtsClient(ear, server_timeout=PATIENCE)
    try:
        ear.wait(lambda: ear.text.get_subscription_count() and ear.stop.service_is_ready() and not ear.speaking)
        client.say("Ready.")
        sounds = [first_sound(ear, ANSWERS[i % 2]) for i in range(rounds // 5)]
        ear.text.publish(String(data=""))
        stops = [barge_in(ear, client) for _ in range(rounds)]
        flooded = flood(ear, client, process.pid, 500)
    finally:
        client.close()
        process.terminate()
        process.wait()
    delays = sorted(delay * 1000 for delay, _ in sounds)
    result = {
        "first_sound_ms": {
            "median": round(statistics.median(delays), 1),
            "max": round(delays[-1], 1),
            "rounds": len(delays),
            "heard_before_the_answer_was_complete": sum(early for _, early in sounds),
        },
        "barge_in_ms": {
            "median": round(statistics.median(stops) * 1000, 1),
            "max": round(max(stops) * 1000, 1),
            "rounds": len(stops),
            "under_200": sum(stop < 0.2 for stop in stops),
        },
        "flood": flooded,
    }
    print(json.dumps(result))
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())

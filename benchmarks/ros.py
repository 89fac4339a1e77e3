#!/usr/bin/env python3
"""What ROS adds: a question's round trip beside the engine's own time, a goal's acceptance under load, frames received.

    python benchmarks/ros.py [--json] [--questions N] [--model NAME]

Starts the node vqa as a process of its own. Prints a table, or with --json one JSON object:
    overhead_ms         (service round trip) - (engine latency of the same question), median, p95; 448x336, same frame
    new_frame_overhead_ms  the same with a new frame for each question
    accept_ms           a goal until its acceptance, while two 1920x1080 cameras stream and another question is answered
    frames_received     share of 1920x1080 bgr8 frames at 30 Hz that reached the node while questions were answered
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from array import array
from pathlib import Path

import numpy as np
import rclpy
from builtin_interfaces.msg import Duration
from diagnostic_msgs.msg import DiagnosticArray
from glm4v_ros.action import AskImage as AskImageAction
from glm4v_ros.msg import AskOptions
from glm4v_ros.srv import AskImage
from rcl_interfaces.srv import SetParameters
from rclpy.action import ActionClient
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image

from glm4v_ros.machine.dds import stay_on_this_machine

ROOT = Path(__file__).resolve().parent.parent
SMALL, FULL_HD, RATE = (448, 336), (1920, 1080), 30.0


class Bench:
    """The node vqa, and a node that publishes and asks."""

    def __init__(self, model: str):
        parameters = {"model": model, "cameras": "[small, one, two]", "diagnostics_period": 0.2, "max_tokens": 16}
        words = [word for name, value in parameters.items() for word in ("-p", f"{name}:={value}")]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "glm4v_ros.nodes.vqa", "--ros-args", *words], cwd=ROOT, stderr=subprocess.DEVNULL
        )
        rclpy.init()
        self.node = rclpy.create_node("bench")
        self.service = self.node.create_client(AskImage, "/vqa/ask_image")
        self.action = ActionClient(self.node, AskImageAction, "/vqa/ask_image_stream")
        self.parameters = self.node.create_client(SetParameters, "/vqa/set_parameters")
        self.statuses: dict[str, dict[str, str]] = {}
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.node)
        self.thread = threading.Thread(target=self._spin, daemon=True)
        self.thread.start()
        end = time.monotonic() + 120
        while self.statuses.get("/vqa: node", {}).get("lifecycle state") != "active":
            if self.process.poll() is not None or time.monotonic() > end:
                sys.exit("the node did not come up")
            time.sleep(0.1)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()
        self.executor.shutdown()
        self.thread.join()
        rclpy.try_shutdown()

    def publisher(self, camera: str):
        publisher = self.node.create_publisher(Image, f"/{camera}/image_raw", qos_profile_sensor_data)
        while not publisher.get_subscription_count():
            time.sleep(0.01)
        return publisher

    def picture(self, size, seed: int = 0) -> Image:
        pixels = (
            np.random.default_rng(seed)
            .integers(0, 255, (size[1] // 8, size[0] // 8, 3), np.uint8)
            .repeat(8, 0)
            .repeat(8, 1)
        )
        message = Image(
            encoding="bgr8",
            width=pixels.shape[1],
            height=pixels.shape[0],
            step=pixels.shape[1] * 3,
            data=array("B", pixels.tobytes()),
        )
        message.header.stamp = self.node.get_clock().now().to_msg()
        return message

    def ask(self, camera: str, **options) -> tuple[float, float]:
        """Seconds of the round trip, and of the engine's part in it."""
        began = time.perf_counter()
        response = wait(
            self.service.call_async(
                AskImage.Request(question="型号是什么?", cameras=[camera], options=AskOptions(**options))
            )
        )
        took = time.perf_counter() - began
        if not response.success:
            sys.exit(f"error {response.error_code}: {response.error_msg}")
        return took, response.answer.latency.sec + response.answer.latency.nanosec / 1e9

    def received(self, camera: str) -> int:
        """Pictures that the node has got from the camera, by a message sent from now on."""
        self.statuses.pop("/vqa: node")
        while "/vqa: node" not in self.statuses:
            time.sleep(0.01)
        return int(self.statuses[f"/vqa: camera {camera}"]["pictures"])

    def stream(self, cameras: list[str], stop: threading.Event) -> dict[str, int]:
        """Publishes 1920x1080 bgr8 at 30 Hz until ``stop``; frames sent by camera."""
        publishers = {camera: self.publisher(camera) for camera in cameras}
        message, sent, due = self.picture(FULL_HD), dict.fromkeys(cameras, 0), time.monotonic()
        while not stop.is_set():
            message.header.stamp = self.node.get_clock().now().to_msg()
            for camera, publisher in publishers.items():
                publisher.publish(message)
                sent[camera] += 1
            due += 1 / RATE
            time.sleep(max(0.0, due - time.monotonic()))
        return sent

    def set(self, **values) -> None:
        wait(
            self.parameters.call_async(
                SetParameters.Request(parameters=[Parameter(n, value=v).to_parameter_msg() for n, v in values.items()])
            )
        )

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            self.statuses[status.name] = {pair.key: pair.value for pair in status.values}

    def _spin(self) -> None:
        try:
            self.executor.spin()
        except ExternalShutdownException:
            pass


def wait(future):
    done = threading.Event()
    future.add_done_callback(lambda _: done.set())
    done.wait()
    return future.result()


def summary(values: list[float]) -> dict[str, float]:
    """Median and 95th percentile of seconds, in milliseconds."""
    ordered = sorted(values)
    return {
        "median": round(1e3 * statistics.median(ordered), 2),
        "p95": round(1e3 * ordered[int(0.95 * (len(ordered) - 1))], 2),
    }


def overhead(bench: Bench, questions: int) -> dict[str, dict[str, float]]:
    publisher, same, new = bench.publisher("small"), [], []
    for index in range(questions):
        message = bench.picture(SMALL, index)
        publisher.publish(message)
        for kind in (new, same):
            took, engine = bench.ask("small", not_before=message.header.stamp, max_image_age=Duration(sec=60))
            kind.append(took - engine)
    return {"overhead_ms": summary(same), "new_frame_overhead_ms": summary(new)}


def acceptance(bench: Bench, goals: int) -> dict[str, dict[str, float]]:
    stop, accepted = threading.Event(), []
    thread = threading.Thread(target=bench.stream, args=(["one", "two"], stop))
    thread.start()
    bench.set(ignore_eos=True)
    for _ in range(goals):
        asked = bench.action.send_goal_async(
            AskImageAction.Goal(question="型号是什么?", cameras=["one"], options=AskOptions(max_tokens=2000))
        )
        other = wait(asked)
        began = time.perf_counter()
        goal = wait(bench.action.send_goal_async(AskImageAction.Goal(question="What is the model?", cameras=["two"])))
        accepted.append(time.perf_counter() - began)
        for handle in (goal, other):
            wait(handle.cancel_goal_async())
            wait(handle.get_result_async())
    bench.set(ignore_eos=False)
    stop.set()
    thread.join()
    return {"accept_ms": summary(accepted)}


def frames(bench: Bench, questions: int) -> dict[str, float]:
    before, stop, sent = bench.received("one"), threading.Event(), {}
    thread = threading.Thread(target=lambda: sent.update(bench.stream(["one"], stop)))
    thread.start()
    began = time.monotonic()
    for _ in range(questions):
        bench.ask("one")
    while time.monotonic() - began < 5.0:
        bench.ask("one")
    stop.set()
    thread.join()
    return {"frames_received": round((bench.received("one") - before) / sent["one"], 3), "frames_sent": sent["one"]}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--questions", type=int, default=30, help="questions a figure (default 30)")
    parser.add_argument("--model", default="glm4v-nano", help="name or path of the model")
    options = parser.parse_args()
    stay_on_this_machine()
    os.environ.setdefault("FASTRTPS_DEFAULT_PROFILES_FILE", str(ROOT / "config" / "fastdds.xml"))
    bench = Bench(options.model)
    try:
        figures = {
            "model": options.model,
            **overhead(bench, options.questions),
            **acceptance(bench, options.questions),
            **frames(bench, options.questions),
        }
    finally:
        bench.close()
    if options.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:24} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

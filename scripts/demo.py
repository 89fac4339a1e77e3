#!/usr/bin/env python3
"""Three questions about a picture through the real nodes: one publishes it as a camera, vqa answers over its service.

Exits 0 only if all three answers are right.
"""

import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import rclpy
import yaml
from glm4v_ros.machine.dds import stay_on_this_machine
from glm4v_ros.msg import AskOptions
from glm4v_ros.srv import AskImage

ROOT = Path(__file__).resolve().parent.parent
NODES = Path(sys.prefix) / "lib" / "glm4v_ros"
PATIENCE = 60.0  # s for the node to come up and load its model


def main() -> int:
    stay_on_this_machine()
    demo = yaml.safe_load((ROOT / "scripts" / "demo.yaml").read_text(encoding="utf-8"))
    began = time.monotonic()
    with ExitStack() as stack:
        log = stack.enter_context(tempfile.TemporaryFile("w+"))
        camera = stack.enter_context(process(log, "demo_camera", picture=ROOT / demo["picture"]))
        vqa = stack.enter_context(process(log, "vqa", model="glm4v-nano"))
        stack.callback(lambda: [p.terminate() for p in (camera, vqa)])
        rclpy.init()
        stack.callback(rclpy.try_shutdown)
        node = rclpy.create_node("demo")
        client = node.create_client(AskImage, "/vqa/ask_image")
        right = 0
        if not wait_until_active(node, client, vqa, camera):
            log.seek(0)
            print(log.read(), "The node did not come up; its log is above.", sep="\n", file=sys.stderr)
            return 1
        print(f"node vqa ready after {time.monotonic() - began:.1f} s\n")
        for case in demo["questions"]:
            right += ask(node, client, **case)
    print(f"{right} of {len(demo['questions'])} right, {time.monotonic() - began:.1f} s in all")
    return 0 if right == len(demo["questions"]) else 1


def process(log, name: str, **parameters) -> subprocess.Popen:
    """One of the package's installed nodes."""
    words = [word for key, value in parameters.items() for word in ("-p", f"{key}:={value}")]
    return subprocess.Popen([NODES / name, "--ros-args", *words], stdout=log, stderr=log, cwd="/")


def wait_until_active(node, client, *processes) -> bool:
    """Asks something empty until the node no longer says that it is not active."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and all(p.poll() is None for p in processes):
        if client.wait_for_service(0.2):
            response = call(node, client, AskImage.Request())
            if response.error_code == response.answer.BAD_REQUEST:
                return True
        time.sleep(0.1)
    return False


def ask(node, client, question: str, expected: str, choices: tuple = ()) -> bool:
    began = time.monotonic()
    response = call(node, client, AskImage.Request(question=question, options=AskOptions(choices=list(choices))))
    took, answer = time.monotonic() - began, response.answer
    right = response.success and answer.text.strip() == expected
    first = answer.time_to_first_token.sec + answer.time_to_first_token.nanosec / 1e9
    print(f"question  {question}" + (f"  (choices: {', '.join(choices)})" if choices else ""))
    print(
        f"answer    {answer.text or response.error_msg}"
        + (f"  (confidence {answer.confidence:.2f})" if choices else "")
    )
    print(
        f"          {'right' if right else f'WRONG, it is {expected}'}; {took:.2f} s, first token at {first:.2f} s\n",
        flush=True,
    )
    return right


def call(node, client, request: AskImage.Request) -> AskImage.Response:
    future = client.call_async(request)
    rclpy.spin_until_future_complete(node, future)
    return future.result()


if __name__ == "__main__":
    sys.exit(main())

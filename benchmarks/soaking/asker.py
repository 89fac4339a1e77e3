"""A client process: asks at a steady pace through service and action, and tells on stdout how each request ended.

Commands on stdin, one JSON object a line: {"pace": {"first", "step", "end", "at", "interval"}}: asks requests number
first, first + step, ... below end, number i due at ``at + i * interval`` (steady time); {"flood": [numbers]};
{"garbage": [numbers]}; {"again": [serials]}; {"end": true}. Each line of stdout is an Outcome. With --vanish N it sends N goals and
kills itself in the middle of them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import queue
import signal
import sys
import threading
import time
from dataclasses import asdict, dataclass

import rclpy
from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration
from glm4v_ros.action import AskImage as AskImageAction
from glm4v_ros.msg import AskOptions
from glm4v_ros.srv import AskImage
from rclpy.action import ActionClient
from rclpy.clock import Clock, ClockType
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy

from soaking import pictures

TIMEOUT = 20  # s, of each request
LOST = 15.0  # s after its deadline from which a request without an outcome counts as lost
WINDOW = 6  # requests that one process has under way; a flood does not ask
MAX_AGE = 2.0  # s; max_image_age of the node
SLACK = 1.0  # s that a picture may be older, for messages take time
HASTE = 2.0  # times the pace: what is late is not asked all at once, least of all while the node refuses everything
SETTLES = 1.0  # s after which both sides should know of each other
VANISHES_AFTER = 5.0  # s; sooner if all of its goals were accepted
KEEP_ALL = QoSProfile(history=HistoryPolicy.KEEP_ALL, reliability=ReliabilityPolicy.RELIABLE)
# How request number i asks.
WAYS = ("action image", "service image", "action camera", "service camera", "action png", "service image session")


@dataclass
class Outcome:
    """How a request ended. ``fault`` says what is wrong with it: empty, "text", "crossed", "stale", "picture", "garbage",
    "lost" or "twice"."""

    number: int
    way: str
    sent: float  # steady time, s
    ended: float
    code: int = 0
    serial: str = ""  # of the picture that it was about
    text: str = ""
    request_id: str = ""
    fault: str = ""
    message: str = ""  # with an unexpected error

    @property
    def right(self) -> bool:
        return self.code == 0 and not self.fault


class Asker:
    """One node with a service client and an action client, all in one thread."""

    def __init__(self, name: str):
        self.node = rclpy.create_node(name)
        self.service = self.node.create_client(AskImage, "/vqa/ask_image", qos_profile=KEEP_ALL)
        self.action = ActionClient(
            self.node,
            AskImageAction,
            "/vqa/ask_image_stream",
            goal_service_qos_profile=KEEP_ALL,
            result_service_qos_profile=KEEP_ALL,
            cancel_service_qos_profile=KEEP_ALL,
            feedback_sub_qos_profile=KEEP_ALL,
        )
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.node)
        self._serials = pictures.serials()
        self._under_way: dict[int, Outcome] = {}
        self._hashes: dict[int, str] = {}
        self._paced: list[tuple[int, float]] = []  # latest first
        self._interval = self._next = 0.0  # s; steady time before which none of them is asked
        self._commands: queue.SimpleQueue = queue.SimpleQueue()
        self._ends = False

    def wait_for_node(self) -> None:
        if not (self.service.wait_for_service(60.0) and self.action.wait_for_server(60.0)):
            sys.exit("the node vqa is not there")

    def run(self) -> None:
        threading.Thread(target=self._read, daemon=True).start()
        self.node.create_timer(0.02, self._step, clock=Clock(clock_type=ClockType.STEADY_TIME))
        while not (self._ends and not self._under_way and not self._paced):
            self.executor.spin_once(0.1)

    def _read(self) -> None:
        for line in sys.stdin:
            self._commands.put(json.loads(line))
        self._commands.put({"end": True})

    def _step(self) -> None:
        now = time.monotonic()
        while not self._commands.empty():
            command = self._commands.get()
            if pace := command.get("pace"):
                numbers = range(pace["first"], pace["end"], pace["step"])
                self._paced = [(i, pace["at"] + i * pace["interval"]) for i in reversed(numbers)]
                self._interval = pace["step"] * pace["interval"]
            for serial in command.get("again", ()):
                self._ask(-1, "service image", serial)
            for number in command.get("flood", ()):
                self._ask(number, "action image" if number % 2 else "service image")
            for number in command.get("garbage", ()):
                self._ask(number, "action garbage" if number % 2 else "service garbage")
            self._ends = self._ends or "end" in command
        while self._paced and max(self._paced[-1][1], self._next) <= now and len(self._under_way) < WINDOW:
            number, _ = self._paced.pop()
            self._next = now + self._interval / HASTE
            self._ask(number, WAYS[number % len(WAYS)])
        for number, outcome in list(self._under_way.items()):
            if now - outcome.sent > TIMEOUT + LOST:
                self._end(number, fault="lost")

    def _ask(self, number: int, way: str, serial: str = "") -> None:
        request = AskImageAction.Goal() if way.startswith("action") else AskImage.Request()
        outcome = Outcome(number, way, 0.0, 0.0)
        request.question = pictures.QUESTION
        request.options = AskOptions(max_tokens=12, retry_on_crash=number % 2 == 0, priority=number % 3 == 0)
        request.options.timeout = Duration(sec=TIMEOUT)
        if "garbage" in way:
            picture = pictures.garbage(number)
        elif "camera" in way:
            request.cameras = ["front"]
            picture = None
        else:
            outcome.serial = serial or self._serials[number]
            picture = (pictures.compressed if "png" in way else pictures.image)(outcome.serial)
            picture.header.frame_id = f"request {number}"
        if picture is not None:
            self._hashes[number] = hashlib.sha256(picture.data).hexdigest()
            (request.compressed_images if hasattr(picture, "format") else request.images).append(picture)
        if "session" in way:
            request.session_id = f"session-{number}"
        self._under_way[number] = outcome
        outcome.sent = time.monotonic()
        if way.startswith("action"):
            self.action.send_goal_async(request).add_done_callback(lambda done: self._accepted(number, done.result()))
        else:
            self.service.call_async(request).add_done_callback(lambda done: self._answered(number, done.result()))

    def _accepted(self, number: int, goal) -> None:
        if not goal.accepted:
            self._end(number, fault="refused")
            return
        goal.get_result_async().add_done_callback(lambda done: self._ended(number, done.result()))

    def _ended(self, number: int, response) -> None:
        if response.status == GoalStatus.STATUS_UNKNOWN:  # asked for too late: it comes with an empty result
            self._end(number, fault="lost")
        else:
            self._answered(number, response.result)

    def _answered(self, number: int, response) -> None:
        answer, code = response.answer, response.error_code
        fields = dict(code=code, request_id=answer.request_id, message=response.error_msg[:160])
        outcome = self._under_way.get(number)
        if outcome is not None and code == 0:
            fields.update(self._judge(number, outcome, answer))
        elif outcome is not None and "garbage" in outcome.way and code not in (10002, 10006, 10007, 10008, 10001):
            fields["fault"] = "garbage"
        self._end(number, **fields)

    def _judge(self, number: int, outcome: Outcome, answer) -> dict:
        """What an answer is worth."""
        serial, fault = outcome.serial, ""
        if "garbage" in outcome.way:
            return {"fault": "garbage", "text": answer.text}
        if "camera" in outcome.way:
            serial, taken = answer.header.frame_id.split()
            if outcome.sent - float(taken) > MAX_AGE + SLACK:
                fault = "stale"
        elif answer.image_sha256[0] != self._hashes[number] or answer.header.frame_id != f"request {number}":
            fault = "picture"
        text = answer.text.strip()
        if text != serial:
            fault = "crossed" if pictures.is_serial(text) else "text"
        return {"serial": serial, "text": text, "fault": fault}

    def _end(self, number: int, **fields) -> None:
        outcome = self._under_way.pop(number, None)
        self._hashes.pop(number, None)
        if outcome is None:
            outcome, fields = Outcome(number, "", 0.0, 0.0), {"fault": "twice"}
        outcome.ended = time.monotonic()
        for name, value in fields.items():
            setattr(outcome, name, value)
        print(json.dumps(asdict(outcome)), flush=True)

    def vanish(self, goals: int) -> None:
        """Sends goals, and is killed when the node has begun to work on them."""
        accepted, begun = [], threading.Event()
        time.sleep(SETTLES)
        for number in range(goals):
            goal = AskImageAction.Goal(question="Describe what you see.", images=[pictures.image(self._serials[-1 - number])])
            goal.options.timeout = Duration(sec=TIMEOUT)
            future = self.action.send_goal_async(goal, feedback_callback=lambda _: begun.set())
            future.add_done_callback(lambda done: accepted.append(done.result().accepted))
        end = time.monotonic() + VANISHES_AFTER
        while (len(accepted) < goals or not begun.is_set()) and time.monotonic() < end:
            self.executor.spin_once(0.1)
        print(json.dumps({"sent": goals, "accepted": len(accepted)}), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--vanish", type=int, default=0)
    options = parser.parse_args()
    # The node's and the camera's, with large segments; a client has Fast DDS as any ROS program has it.
    os.environ.pop("FASTRTPS_DEFAULT_PROFILES_FILE", None)
    rclpy.init()
    asker = Asker(options.name)
    asker.wait_for_node()
    if options.vanish:
        asker.vanish(options.vanish)
    print(json.dumps({"ready": True}), flush=True)
    asker.run()
    rclpy.shutdown()


if __name__ == "__main__":
    main()

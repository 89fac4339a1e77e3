#!/usr/bin/env python3
"""An inspection round as a behaviour tree: at each stop the checklist is asked, and a JSON report is written.

  python3 examples/inspection_round.py --demo            with two demo cameras and the embedded model
  python3 examples/inspection_round.py my_round.yaml     with the robot's own nodes

Beside REPORT/report.json lie the pictures that the answers are about. The report is advice: a person decides what
passes.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections import OrderedDict
from contextlib import nullcontext
from datetime import datetime, timezone
from pathlib import Path
from threading import Thread

import py_trees
import rclpy
import yaml
from glm4v_ros.msg import Answer
from processes import PICTURES, robot
from py_trees.common import Access, Status
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage

from glm4v_ros.behaviours import AnswerIs, AskImage
from glm4v_ros.client import VqaClient
from glm4v_ros.errors import ErrorCode

TICK_PERIOD = 0.05  # s
#: What the second reader says of an answer's print; docs/verification.md.
VERDICTS = {
    Answer.NOT_CHECKED: "not checked", Answer.CONFIRMED: "confirmed",
    Answer.CONTRADICTED: "read otherwise", Answer.NOT_FOUND: "not found",
}  # fmt: skip
PICTURE_PATIENCE = 2.0  # s that the picture of an answer may come after the answer


class DriveTo(py_trees.behaviour.Behaviour):
    """Where a robot has its navigation leaf. Notes when it arrived: a picture taken while driving is no answer."""

    def __init__(self, stop: str, node: Node):
        super().__init__(f"drive to {stop}")
        self._node = node
        self._blackboard = self.attach_blackboard_client(self.name)
        self._blackboard.register_key("arrived", access=Access.WRITE)

    def update(self) -> Status:
        self._blackboard.arrived = self._node.get_clock().now().to_msg()
        return Status.SUCCESS


class Evidence:
    """The newest pictures that the node vqa answered about, by their stamps."""

    def __init__(self, node: Node, vqa: str):
        self._pictures: OrderedDict[tuple[int, int], CompressedImage] = OrderedDict()
        node.create_subscription(CompressedImage, f"{vqa}/answer_image/compressed", self._take, 10)

    def _take(self, picture: CompressedImage) -> None:
        self._pictures[picture.header.stamp.sec, picture.header.stamp.nanosec] = picture
        while len(self._pictures) > 20:
            self._pictures.popitem(last=False)

    def find(self, stamp) -> CompressedImage | None:
        return self._pictures.get((stamp.sec, stamp.nanosec))


class Record(py_trees.behaviour.Behaviour):
    """Writes down what came of an item, with its picture. Succeeds whatever came of it: the round goes on."""

    def __init__(
        self, stop: dict, item: dict, check: AnswerIs | None, evidence: Evidence, folder: Path, entries: list[dict]
    ):
        super().__init__(f"record {stop['name']} {item['key']}")
        self._stop, self._item, self._check = stop, item, check
        self._evidence, self._folder, self._entries = evidence, folder, entries
        self._blackboard = self.attach_blackboard_client(self.name)
        for key in ("answer", "answer_error"):
            self._blackboard.register_key(key, access=Access.READ)

    def initialise(self) -> None:
        self._deadline = time.monotonic() + PICTURE_PATIENCE

    def update(self) -> Status:
        code = ErrorCode(self._blackboard.answer_error)
        entry = {
            "key": self._item["key"],
            "question": self._item["question"],
            "error": None if code == ErrorCode.NONE else code.name,
        }
        if code == ErrorCode.NONE:
            answer = self._blackboard.answer
            picture = self._evidence.find(answer.header.stamp)
            if picture is None and time.monotonic() < self._deadline:
                return Status.RUNNING
            entry |= {
                "answer": answer.text,
                "abstained": answer.abstained,
                "verification": VERDICTS[answer.verification],
                "verification_reason": answer.verification_reason,
                "evidence": [
                    {"text": text, "region": [roi.x_offset, roi.y_offset, roi.width, roi.height]}
                    for text, roi in zip(answer.evidence_texts, answer.evidence_regions)
                ],
                "confidence": None if math.isnan(answer.confidence) else round(answer.confidence, 3),
                "as_expected": None if self._check is None else self._check.status == Status.SUCCESS,
                "why": self._check.feedback_message if self._check else "",
                "picture": self._save(picture) if picture else None,
                "picture_sha256": list(answer.image_sha256),
                "picture_stamp": answer.header.stamp.sec + answer.header.stamp.nanosec / 1e9,
                "model": answer.model,
                "model_sha256": answer.model_sha256,
            }
        self._entries.append(entry)
        return Status.SUCCESS

    def _save(self, picture: CompressedImage) -> str:
        ending = "png" if "png" in picture.format else "jpg"
        name = f"{self._stop['name']}-{self._item['key']}.{ending}"
        (self._folder / name).write_bytes(bytes(picture.data))
        return name


def check_of(item: dict) -> AnswerIs | None:
    """The comparison that an item asks for; None if it only wants to know."""
    name, confirmed = f"check {item['key']}", item.get("confirmed", False)
    if "minimum" in item or "maximum" in item:
        return AnswerIs(name, minimum=item.get("minimum"), maximum=item.get("maximum"), confirmed=confirmed)
    if "expected" in item:
        expected = item["expected"]
        texts = tuple(map(str, expected)) if isinstance(expected, list) else str(expected)
        return AnswerIs(name, texts, confirmed=confirmed)
    return AnswerIs(name, confirmed=True) if confirmed else None


def tree_of(
    plan: dict, client: VqaClient, node: Node, evidence: Evidence, folder: Path, report: dict
) -> py_trees.behaviour.Behaviour:
    """One sequence for each stop: drive there, then for each item ask, compare, record."""
    stops = []
    for stop in plan["stops"]:
        entries: list[dict] = []
        report["stops"].append({"name": stop["name"], "camera": stop["camera"], "answers": entries})
        steps: list[py_trees.behaviour.Behaviour] = [DriveTo(stop["name"], node)]
        for item in stop["checklist"]:
            ask = AskImage(
                f"ask {item['key']}",
                item["question"],
                cameras=[stop["camera"]],
                choices=item.get("choices", ()),
                client=client,
                preset="inspection",
                deterministic=True,
                not_before="{arrived}",
            )
            check = check_of(item)
            question = py_trees.composites.Sequence(
                item["key"], memory=True, children=[ask] + ([check] if check else [])
            )
            steps.append(py_trees.decorators.FailureIsSuccess(f"{item['key']}, whatever it is", question))
            steps.append(Record(stop, item, check, evidence, folder, entries))
        stops.append(py_trees.composites.Sequence(stop["name"], memory=True, children=steps))
    return py_trees.composites.Sequence("round", memory=True, children=stops)


def inspect(plan: dict, folder: Path, vqa: str = "vqa") -> dict:
    """Walks the round and returns the report, which then lies in ``folder`` too."""
    folder.mkdir(parents=True, exist_ok=True)
    context = Context()
    rclpy.init(context=context)
    node = Node("inspection_round", context=context)
    evidence = Evidence(node, vqa)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    spinning = Thread(target=_spin, args=[executor], daemon=True)
    spinning.start()
    report: dict = {"started": _now(), "note": "Advice only: a person decides what passes.", "stops": []}
    try:
        with VqaClient(node, vqa) as client:
            root = tree_of(plan, client, node, evidence, folder, report)
            tree = py_trees.trees.BehaviourTree(root)
            tree.setup(node=node)
            while root.status in (Status.INVALID, Status.RUNNING):
                tree.tick()
                time.sleep(TICK_PERIOD)
    finally:
        executor.shutdown()
        spinning.join()
        node.destroy_node()
        rclpy.shutdown(context=context)
    report["finished"] = _now()
    (folder / "report.json").write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return report


def _spin(executor: SingleThreadedExecutor) -> None:
    try:
        executor.spin()
    except ExternalShutdownException:
        pass


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def main() -> int:
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "plan", nargs="?", type=Path, default=here / "round.yaml", help="the round (default: %(default)s)"
    )
    parser.add_argument(
        "--report", type=Path, default=Path("report"), help="folder for the report (default: %(default)s)"
    )
    parser.add_argument("--vqa", default="vqa", help="name of the node (default: %(default)s)")
    parser.add_argument(
        "--demo", action="store_true", help="start demo cameras and the node vqa with the embedded model"
    )
    args = parser.parse_args()
    plan = yaml.safe_load(args.plan.read_text(encoding="utf-8"))
    cameras = {stop["camera"]: PICTURES / f"{stop['camera']}.png" for stop in plan["stops"]}
    with robot(cameras) if args.demo else nullcontext():
        report = inspect(plan, args.report, args.vqa)
    for stop in report["stops"]:
        for entry in stop["answers"]:
            mark = {True: "as expected", False: f"NOT as expected: {entry.get('why')}", None: ""}[
                entry.get("as_expected")
            ]
            answer = entry.get("answer") or entry["error"]
            print(f"{stop['name']:10} {entry['key']:10} {answer:20} {entry.get('verification', ''):15} {mark}")
    print(f"report: {args.report / 'report.json'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Serves the action of the node vqa without a model, for tests of those who call it."""

from __future__ import annotations

import sys
import threading
import time

import rclpy
from builtin_interfaces.msg import Duration
from glm4v_ros.action import AskImage
from glm4v_ros.msg import Answer
from rclpy.action import ActionServer, CancelResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.context import Context
from rclpy.executors import MultiThreadedExecutor
from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy

from glm4v_ros.errors import ErrorCode

KEEP_ALL = QoSProfile(history=HistoryPolicy.KEEP_ALL, reliability=ReliabilityPolicy.RELIABLE)


class VqaDouble:
    """Answers by the question: "slow" goes on until it is canceled or out of time, "mute" until it is canceled, a number is
    an error code, "withheld" is answered by none of the choices, and whatever else is looked up in ``answers``, {question: text}, or said again. ``asked`` holds the goals, ``canceled``
    counts."""

    def __init__(self, answers: dict[str, str] | None = None, name: str = "vqa"):
        self.answers = answers or {}
        self.asked: list[AskImage.Goal] = []
        self.canceled = 0
        self.slow_began = threading.Event()
        self.context = Context()
        rclpy.init(context=self.context)
        self.node = Node(name, context=self.context)
        self.action = ActionServer(
            self.node,
            AskImage,
            "~/ask_image_stream",
            self._on_goal,
            cancel_callback=lambda goal: CancelResponse.ACCEPT,
            callback_group=ReentrantCallbackGroup(),
            goal_service_qos_profile=KEEP_ALL,
            cancel_service_qos_profile=KEEP_ALL,
            result_service_qos_profile=KEEP_ALL,
        )
        self.executor = MultiThreadedExecutor(8, context=self.context)
        self.executor.add_node(self.node)
        self._thread = threading.Thread(target=self.executor.spin, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.executor.shutdown()
        self._thread.join()
        self.action.destroy()
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)

    def _on_goal(self, goal) -> AskImage.Result:
        request = goal.request
        self.asked.append(request)
        if request.question.isdigit():
            goal.abort()
            retry_after = Duration(sec=1, nanosec=500_000_000)
            return AskImage.Result(error_code=int(request.question), error_msg="as you wish", retry_after=retry_after)
        if request.question == "mute":
            while self.context.ok() and not goal.is_cancel_requested:
                time.sleep(0.01)
            return AskImage.Result()  # too late for anybody
        if request.question.startswith("slow"):
            return self._write_slowly(goal)
        answer = Answer(
            question=request.question, text=self.answers.get(request.question, request.question), choice_index=-1
        )
        if request.question == "withheld":
            answer.text, answer.confidence = "I cannot see it with certainty.", float("nan")
        elif request.options.choices:
            answer.text, answer.choice_index, answer.confidence = (
                request.options.choices[-1],
                len(request.options.choices) - 1,
                0.75,
            )
        answer.abstained = answer.text.startswith("I cannot see")
        for start in range(0, len(answer.text), 4):
            goal.publish_feedback(
                AskImage.Feedback(stage=AskImage.Feedback.ANSWERING, delta=answer.text[start : start + 4])
            )
        goal.succeed()
        return AskImage.Result(success=True, answer=answer)

    def _write_slowly(self, goal) -> AskImage.Result:
        timeout = goal.request.options.timeout
        deadline = time.monotonic() + (timeout.sec + timeout.nanosec / 1e9 or 30.0)
        text = ""
        while self.context.ok() and not goal.is_cancel_requested and time.monotonic() < deadline:
            text += "word "
            goal.publish_feedback(AskImage.Feedback(stage=AskImage.Feedback.ANSWERING, delta="word "))
            self.slow_began.set()
            time.sleep(0.01)
        code, reason = ErrorCode.TIMEOUT, Answer.FINISH_TIMEOUT
        if goal.is_cancel_requested:
            code, reason = ErrorCode.CANCELED, Answer.FINISH_CANCELED
            self.canceled += 1
            goal.canceled()
        else:
            goal.abort()
        return AskImage.Result(
            error_code=int(code), error_msg="stopped", answer=Answer(text=text, finish_reason=reason)
        )


if __name__ == "__main__":
    double = VqaDouble(name=sys.argv[1])
    sys.stdin.read()  # until the parent closes it
    double.executor.shutdown(0.0)
    double.action.destroy()
    double.node.destroy_node()
    rclpy.shutdown(context=double.context)

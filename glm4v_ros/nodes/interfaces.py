"""The service, the action and the topics by which the node vqa is asked: adapters over Questions."""

from __future__ import annotations

import math
import time

from rclpy.action import ActionServer, CancelResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import String

from glm4v_ros.action import AskImage as AskImageAction
from glm4v_ros.asking.ticket import Ticket
from glm4v_ros.errors import Canceled
from glm4v_ros.msg import Question
from glm4v_ros.nodes.awaiting import awaitable
from glm4v_ros.nodes.feedback import Feedback
from glm4v_ros.nodes.guard import guarded, subscribe
from glm4v_ros.nodes.questions import RELIABLE_QOS, Questions
from glm4v_ros.nodes.responses import fill_response
from glm4v_ros.srv import AskImage

# A flood of requests is refused one by one as BUSY; a shorter history would lose them without a word.
REQUEST_QOS = QoSProfile(history=HistoryPolicy.KEEP_ALL, reliability=ReliabilityPolicy.RELIABLE)
RESULT_TIMEOUT = 10  # s that a goal's result is kept at least for a client that has not asked for it yet


class QuestionService:
    """``~/ask_image``"""

    def __init__(self, node: Node, questions: Questions):
        self._node = node
        self._questions = questions
        node.create_service(AskImage, "~/ask_image", guarded(node, self._on_request), qos_profile=REQUEST_QOS)

    async def _on_request(self, request: AskImage.Request, response: AskImage.Response) -> AskImage.Response:
        told = await awaitable(self._questions.ask(request, Ticket()), self._node.executor)
        return fill_response(response, *told.result())


class QuestionTopics:
    """``~/question`` and ``~/question_text``"""

    def __init__(self, node: Node, questions: Questions):
        self._questions = questions
        subscribe(node, Question, "~/question", self._on_question, RELIABLE_QOS)
        subscribe(node, String, "~/question_text", lambda text: self._on_question(Question(text=text.data)), RELIABLE_QOS)

    def _on_question(self, question: Question) -> None:
        told = self._questions.ask(question, Ticket())
        told.add_done_callback(lambda done: self._questions.publish_failed(done.result()))


class QuestionAction:
    """``~/ask_image_stream``. Every goal is accepted, for one that is rejected could not be told why."""

    def __init__(self, node: Node, questions: Questions, timeout: float):
        """``timeout`` is a question's, in seconds: where ROS keeps results from their goal's acceptance on, as on Humble,
        one that took so long is there all the same."""
        self._node = node
        self._questions = questions
        self._tickets: dict[bytes, Ticket] = {}  # of goals; a cancel may come before its goal begins
        self._canceled: set[bytes] = set()  # goals whose client asked for it
        self._server = ActionServer(
            node,
            AskImageAction,
            "~/ask_image_stream",
            self._on_goal,
            cancel_callback=guarded(node, self._on_cancel),
            goal_service_qos_profile=REQUEST_QOS,
            cancel_service_qos_profile=REQUEST_QOS,
            result_service_qos_profile=REQUEST_QOS,
            result_timeout=math.ceil(timeout) + RESULT_TIMEOUT,
        )

    def destroy(self) -> None:
        self._server.destroy()

    async def _on_goal(self, goal: ServerGoalHandle) -> AskImageAction.Result:
        goal_id = bytes(goal.goal_id.uuid)
        ticket = self._tickets.setdefault(goal_id, Ticket())
        told = await awaitable(self._questions.ask(goal.request, ticket, Feedback(goal)), self._node.executor)
        goal.request.images, goal.request.compressed_images = [], []  # rclpy keeps the goal as long as its result
        answer, error = told.result()
        if error is None:
            goal.succeed()
        elif isinstance(error, Canceled) and goal_id in self._canceled and _becomes_canceling(goal):
            goal.canceled()
        else:
            goal.abort()
        self._tickets.pop(goal_id)
        self._canceled.discard(goal_id)
        return fill_response(AskImageAction.Result(), answer, error)

    def _on_cancel(self, goal: ServerGoalHandle) -> CancelResponse:
        goal_id = bytes(goal.goal_id.uuid)
        self._canceled.add(goal_id)
        self._tickets.setdefault(goal_id, Ticket()).cancel()
        return CancelResponse.ACCEPT


def _becomes_canceling(goal: ServerGoalHandle) -> bool:
    """rclpy changes the goal's state just after the cancel callback, which has already ended the question."""
    deadline = time.monotonic() + 1.0
    while not goal.is_cancel_requested and time.monotonic() < deadline:
        time.sleep(0.001)
    return goal.is_cancel_requested

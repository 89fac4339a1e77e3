"""Questions in the node: asked in threads of their own, published when they are answered."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import String

from glm4v_ros.asking.activation import Activation
from glm4v_ros.asking.ask import ask, unforeseen
from glm4v_ros.asking.ports import Listener
from glm4v_ros.asking.reply import Reply
from glm4v_ros.asking.ticket import Ticket
from glm4v_ros.errors import ErrorCode, VqaError
from glm4v_ros.msg import Answer
from glm4v_ros.nodes.evidence_topics import EvidenceTopics
from glm4v_ros.nodes.requests import AskedByMessage, Message
from glm4v_ros.nodes.responses import answer_message
from glm4v_ros.nodes.spoken import Spoken
from glm4v_ros.nodes.tally import Tally
from glm4v_ros.nodes.voice import Voice

RELIABLE_QOS = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=10, reliability=ReliabilityPolicy.RELIABLE)
Told = tuple[Answer, VqaError | None]


class Questions:
    """Asks on behalf of the service, the action and the topics. ``activation`` says with what, or raises NotActive."""

    def __init__(self, node: Node, tally: Tally, activation: Callable[[], Activation]):
        self._node = node
        self._tally = tally
        self._activation = activation
        self.voice = Voice(node)
        self._answers = node.create_publisher(Answer, "~/answers", RELIABLE_QOS)
        self._answer_text = node.create_publisher(String, "~/answer_text", RELIABLE_QOS)
        self._evidence = EvidenceTopics(node, RELIABLE_QOS)
        self._answer_image = node.create_publisher(CompressedImage, "~/answer_image/compressed", RELIABLE_QOS)

    def ask(self, message: Message, ticket: Ticket, listener: Listener | None = None) -> Future[Told]:
        """The answer, with the error if there was one. Never blocks, never raises."""
        asked = AskedByMessage(message)
        try:
            activation = self._activation()
            return activation.desk.submit(self._answer, asked, ticket, activation, listener)
        except VqaError as error:
            told: Future[Told] = Future()
            told.set_result(self._told(Reply(ticket.request_id, asked.text, asked.session_id, error=error), None))
            return told

    def publish_failed(self, told: Told) -> None:
        """For who asked by topic and has no other way to hear of it."""
        answer, error = told
        if error:
            self._node.get_logger().warning(f"{error.code.name}: {error}")
            self._answers.publish(answer)

    def _answer(self, asked: AskedByMessage, ticket: Ticket, activation: Activation, listener: Listener | None) -> Told:
        listeners = [*filter(None, [listener]), Spoken(self.voice, ticket)]
        try:
            return self._told(ask(asked, ticket, activation, listeners), activation)
        except Exception as error:  # of publishing: ROS shuts down, for instance
            return self._told(Reply(ticket.request_id, asked.text, asked.session_id, error=unforeseen(error)), None)

    def _told(self, reply: Reply, activation: Activation | None) -> Told:
        answer = answer_message(reply, activation and activation.model, activation.endpoint if activation else "")
        if reply.error is None:
            self._publish(reply, answer)
            self._tally.add_answer(reply.answer)
        else:
            self._tally.add_error(reply.error)
            if reply.error.code is ErrorCode.UNKNOWN:
                self._node.get_logger().error(f"a question failed for a reason that nobody foresaw: {reply.error}")
        return answer, reply.error

    def _publish(self, reply: Reply, answer: Answer) -> None:
        self._answers.publish(answer)
        self._answer_text.publish(String(data=answer.text))
        if self._answer_image.get_subscription_count():
            for picture in reply.pictures:
                self._answer_image.publish(picture.compressed())
        self._evidence.publish(reply)

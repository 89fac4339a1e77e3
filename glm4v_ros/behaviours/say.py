"""Speaks."""

from __future__ import annotations

from typing import Any

from py_trees.behaviour import Behaviour
from py_trees.common import Status

from glm4v_ros.behaviours.port import Ports
from glm4v_ros.behaviours.shared_client import borrow, give_back
from glm4v_ros.client import TtsClient
from glm4v_ros.errors import VqaError
from glm4v_ros.goal import Goal


class Say(Behaviour):
    """Lets the node tts speak: RUNNING while it does, SUCCESS when all is said, FAILURE when interrupted or not heard.

    ``text`` may contain "{key}" or "{key.field}" for a value of the blackboard, e.g. "I read {answer.text}.". Being
    terminated silences it. Leaves share one client; one that is given is the caller's to close.
    """

    def __init__(
        self,
        name: str,
        text: str,
        *,
        language: str = "",
        priority: int = 0,
        interrupt: bool = False,
        tts: str = "tts",
        client: TtsClient | None = None,
    ):
        super().__init__(name)
        self._how = {"language": language, "priority": priority, "interrupt": interrupt}
        self._tts = tts
        self._client = client
        self._borrows = client is None
        self._goal: Goal | None = None
        self._refusal = ""
        self._ports = Ports(self.attach_blackboard_client(name), text=text)

    def setup(self, **arguments: Any) -> None:
        """``node``: whose namespace and context are used; may be left out."""
        if self._client is None:
            self._client = borrow(TtsClient, arguments.get("node"), self._tts)

    def initialise(self) -> None:
        self._goal = None
        if self._client is None:
            self._refusal = "call setup() of the tree first"
            return
        try:
            self._goal = self._client.start(str(self._ports["text"]), **self._how)
        except KeyError as error:
            self._refusal = error.args[0]

    def update(self) -> Status:
        if self._goal is None:
            return self._fail(self._refusal)
        if not self._goal.done:
            return Status.RUNNING
        try:
            _, result = self._goal.result()
        except VqaError as error:
            return self._fail(str(error))
        if not result.spoken:
            return self._fail(result.error_msg or "interrupted")
        self.feedback_message = "said"
        return Status.SUCCESS

    def terminate(self, new_status: Status) -> None:
        if self._goal and not self._goal.done:
            self._goal.cancel()

    def shutdown(self) -> None:
        if self._client and self._borrows:
            give_back(self._client)
            self._client = None

    def _fail(self, message: str) -> Status:
        self.feedback_message = message
        return Status.FAILURE

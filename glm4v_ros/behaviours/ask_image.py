"""Asks what a camera sees."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from py_trees.behaviour import Behaviour
from py_trees.common import Access, Status

from glm4v_ros.behaviours.port import Ports
from glm4v_ros.behaviours.shared_client import borrow, give_back
from glm4v_ros.client import PendingAnswer, VqaClient
from glm4v_ros.engine.answer import Stage
from glm4v_ros.errors import ErrorCode, VqaError


class AskImage(Behaviour):
    """Asks the node vqa through its action.

    RUNNING until there is an answer. SUCCESS puts the Answer message under ``answer_key`` on the blackboard and, with
    ``json_schema``, the parsed object under ``<answer_key>_json``. FAILURE puts the error code under
    ``<answer_key>_error`` (0 after a success) and the message into ``feedback_message``. Being terminated
    cancels the question.

    Arguments may be "{key}" for a value of the blackboard, texts may contain it. ``options`` are the fields of
    AskOptions.msg, e.g. ``not_before="{arrived}"``. Leaves share one client; one that is
    given is the caller's to close.
    """

    def __init__(
        self,
        name: str,
        question: str,
        *,
        cameras: Sequence[str] | str = (),
        images: Sequence | str = (),
        choices: Sequence[str] | str = (),
        json_schema: str | dict = "",
        session_id: str = "",
        answer_key: str = "answer",
        vqa: str = "vqa",
        client: VqaClient | None = None,
        **options: Any,
    ):
        super().__init__(name)
        self._answer_key = answer_key
        self._vqa = vqa
        self._client = client
        self._borrows = client is None
        self._options = tuple(options)
        self._pending: PendingAnswer | None = None
        self._refusal = ""
        self._blackboard = self.attach_blackboard_client(name)
        for key in (answer_key, f"{answer_key}_json", f"{answer_key}_error"):
            self._blackboard.register_key(key, access=Access.WRITE)
        schema = json_schema if isinstance(json_schema, str) else json.dumps(json_schema)
        self._has_schema = bool(schema)
        self._ports = Ports(
            self._blackboard,
            question=question,
            cameras=cameras,
            images=images,
            choices=choices,
            json_schema=schema,
            session_id=session_id,
            **options,
        )

    def setup(self, **arguments: Any) -> None:
        """``node``: whose namespace and context are used; may be left out."""
        if self._client is None:
            self._client = borrow(VqaClient, arguments.get("node"), self._vqa)

    def initialise(self) -> None:
        self._refusal = ""
        self._pending = None
        if self._client is None:
            self._refusal = "call setup() of the tree first"
            return
        try:
            cameras = self._ports["cameras"]
            self._pending = self._client.start(
                self._ports["question"],
                cameras=[cameras] if isinstance(cameras, str) and cameras else cameras,
                images=self._ports["images"],
                choices=list(self._ports["choices"]),
                json_schema=self._ports["json_schema"],
                session_id=self._ports["session_id"],
                **{name: self._ports[name] for name in self._options},
            )
        except (KeyError, ValueError, AssertionError) as error:
            self._refusal = str(error.args[0] if error.args else error)

    def update(self) -> Status:
        if self._pending is None:
            return self._fail(ErrorCode.BAD_REQUEST, self._refusal)
        if not self._pending.done:
            self.feedback_message = Stage(self._pending.stage).name.lower()
            return Status.RUNNING
        try:
            answer = self._pending.result()
            if self._has_schema:
                self._blackboard.set(f"{self._answer_key}_json", json.loads(answer.text))
        except VqaError as error:
            return self._fail(error.code, str(error))
        except json.JSONDecodeError:
            return self._fail(
                ErrorCode.ENGINE_FAILED, "the answer was cut off before its JSON was complete: give more max_tokens"
            )
        self._blackboard.set(self._answer_key, answer)
        self._blackboard.set(f"{self._answer_key}_error", int(ErrorCode.NONE))
        self.feedback_message = answer.text
        return Status.SUCCESS

    def terminate(self, new_status: Status) -> None:
        if self._pending and not self._pending.done:
            self._pending.cancel()

    def shutdown(self) -> None:
        if self._client and self._borrows:
            give_back(self._client)
            self._client = None

    def _fail(self, code: ErrorCode, message: str) -> Status:
        self._blackboard.set(f"{self._answer_key}_error", int(code))
        self.feedback_message = f"{ErrorCode(code).name}: {message}"
        return Status.FAILURE

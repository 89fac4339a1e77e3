"""The action Say of the node tts."""

from __future__ import annotations

import concurrent.futures
import threading
import time

from rclpy.action import ActionServer, CancelResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node

from glm4v_ros.action import Say
from glm4v_ros.nodes.awaiting import awaitable
from glm4v_ros.nodes.voice import SENTENCE_QOS
from glm4v_ros.speech.owners import Owners
from glm4v_ros.speech.speaker import Speaker
from glm4v_ros.speech.utterance import Utterance
from glm4v_ros.speech.voice import SpeechError


class SayAction:
    """Has each goal's text said; the result tells whether all of it was."""

    def __init__(self, node: Node, speaker: Speaker, owners: Owners):
        self._node, self._speaker, self._owners = node, speaker, owners
        self._utterances: dict[bytes, Utterance | SpeechError] = {}
        self._canceled: set[bytes] = set()
        self._server = ActionServer(
            node,
            Say,
            "~/say",
            self._on_say,
            handle_accepted_callback=self._on_accepted,
            cancel_callback=self._on_cancel,
            # One at a time, so that texts are said in the order in which they came; nothing here waits.
            callback_group=MutuallyExclusiveCallbackGroup(),
            goal_service_qos_profile=SENTENCE_QOS,
            result_service_qos_profile=SENTENCE_QOS,
            cancel_service_qos_profile=SENTENCE_QOS,
        )

    def destroy(self) -> None:
        """destroy_node leaves it to the garbage collector, and until then others still see this node."""
        self._server.destroy()

    def _on_accepted(self, goal: ServerGoalHandle) -> None:
        request = goal.request
        key = bytes(goal.goal_id.uuid)
        try:
            if request.interrupt:
                self._owners.silence_all()
            self._utterances[key] = self._speaker.say(
                request.text,
                request.language,
                request.priority,
                request.interrupt,
                on_sentence=lambda sentence: goal.publish_feedback(Say.Feedback(sentence=sentence)),
            )
        except SpeechError as error:
            self._utterances[key] = error
        except Exception as error:  # a goal that is not executed never ends
            self._utterances[key] = SpeechError(f"cannot say it: {error!r}")
        goal.execute()

    async def _on_say(self, goal: ServerGoalHandle) -> Say.Result:
        key = bytes(goal.goal_id.uuid)
        utterance = self._utterances[key]
        result = Say.Result()
        try:
            if isinstance(utterance, SpeechError):
                raise utterance
            done = await awaitable(utterance.future, self._node.executor)
            result.spoken = done.result()
            result.interrupted = not result.spoken
        except SpeechError as error:
            result.error_msg = str(error)
        del self._utterances[key]
        if result.spoken:
            goal.succeed()
        elif key in self._canceled and await self._becomes_canceling(goal):
            goal.canceled()
        else:
            goal.abort()
        self._canceled.discard(key)
        return result

    def _on_cancel(self, goal: ServerGoalHandle) -> CancelResponse:
        key = bytes(goal.goal_id.uuid)
        utterance = self._utterances.get(key)
        if not isinstance(utterance, Utterance) or utterance.done:
            return CancelResponse.REJECT  # it ends at this moment
        self._canceled.add(key)
        self._speaker.cancel(utterance)
        return CancelResponse.ACCEPT

    async def _becomes_canceling(self, goal: ServerGoalHandle) -> bool:
        """rclpy changes the goal's state just after the cancel callback, which has already ended the speech."""
        deadline = time.monotonic() + 1.0
        while not goal.is_cancel_requested and time.monotonic() < deadline:
            moment: concurrent.futures.Future = concurrent.futures.Future()
            threading.Timer(0.001, moment.set_result, [None]).start()
            await awaitable(moment, self._node.executor)
        return goal.is_cancel_requested

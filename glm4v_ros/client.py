"""Ask the running node vqa, and let the node tts speak, from Python."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from builtin_interfaces.msg import Duration
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image

from glm4v_ros import errors
from glm4v_ros.action import AskImage, Say
from glm4v_ros.action_caller import ActionCaller
from glm4v_ros.errors import ErrorCode, VqaError
from glm4v_ros.goal import Goal
from glm4v_ros.msg import Answer, AskOptions, Exchange, Sampling

GRACE = 5.0  # seconds after a question's own deadline until its node counts as hanging
HUNG_AFTER = 10.0  # seconds without a word from a node at work; both nodes answer while they work
_ERRORS = {error.code: error for error in VqaError.__subclasses__()}


class Choice(NamedTuple):
    """One of the choices, as ``ask_choice`` found it; none of them where the answer was withheld."""

    text: str  # empty: none
    index: int  # -1: none
    confidence: float  # its probability among the choices, 0 to 1; NaN: none
    answer: Answer


class PendingAnswer:
    """A question that was asked. Iterating gives the answer's text as it is written; leaving the loop early cancels."""

    def __init__(self, goal: Goal):
        self._goal = goal
        self._stage = AskImage.Feedback.QUEUED

    @property
    def done(self) -> bool:
        return self._goal.done

    @property
    def stage(self) -> int:
        """How far it has come, a constant of AskImage.Feedback; not while somebody iterates."""
        for feedback in self._goal.feedback_now():
            self._stage = feedback.stage
        return self._stage

    def cancel(self) -> None:
        """Returns at once; ``result`` then raises Canceled, with what was written."""
        self._goal.cancel()

    def result(self) -> Answer:
        """Waits for the answer; raises the VqaError that the node's error code stands for.

        A node that is gone or hangs is noticed too: NotActive, or DeadlineExceeded 5 s after the question's timeout.
        """
        _, result = self._goal.result()
        if result.success:
            return result.answer
        retry_after = result.retry_after.sec + result.retry_after.nanosec / 1e9
        error = _ERRORS.get(result.error_code, VqaError)
        partial = result.answer if result.error_code in (ErrorCode.TIMEOUT, ErrorCode.CANCELED) else None
        raise error(result.error_msg, answer=partial, retry_after=retry_after)

    def __iter__(self) -> Iterator[str]:
        steps = self.steps()
        try:
            for _, text in steps:
                if text:
                    yield text
        finally:
            steps.close()

    def steps(self) -> Iterator[tuple[int, str]]:
        """The answer's text as it is written, each piece with its stage, a constant of AskImage.Feedback; without text
        where only the stage is news. Leaving the loop early cancels, as with iterating."""
        written = ""
        try:
            for feedback in self._goal.feedback():
                self._stage = feedback.stage
                written += feedback.delta
                yield feedback.stage, feedback.delta
            answer = self.result()
            # Feedback may be lost or come after the result, which has all of the text.
            if answer.text.startswith(written) and len(answer.text) > len(written):
                yield self._stage, answer.text[len(written) :]
        finally:
            if not self.done:
                self.cancel()


class VqaClient:
    """Asks the node ``vqa`` through its action.

    May be used in any thread and in any callback, whatever executor the caller's node has: results come through a node
    and thread that all clients of the process share (see CallerThread). A call that waits holds up the callback it is
    made in, nothing else; ``start`` does not wait. The one thing that cannot work is to wait in a single-threaded
    executor that runs the node vqa too.

    Without ``node`` it serves a plain script. ``name`` is the node's name, resolved in the namespace of ``node``.
    Errors are those of glm4v_ros.errors; NotActive also means that no such node was found within ``server_timeout``.
    """

    def __init__(self, node: Node | None = None, name: str = "vqa", server_timeout: float = 10.0):
        self._caller = ActionCaller(AskImage, f"{name}/ask_image_stream", node, server_timeout, HUNG_AFTER)

    def start(
        self,
        question: str,
        *,
        cameras: Sequence[str] = (),
        images: Sequence[Image | CompressedImage] = (),
        session_id: str = "",
        resend: bool | None = None,
        **options: Any,
    ) -> PendingAnswer:
        """Asks and returns at once.

        ``options`` are the fields of AskOptions.msg (preset, language, timeout, speak, ...); ``timeout`` and
        ``max_image_age`` are seconds; ``past`` may have (question, answer) pairs, with the number of pictures as a third;
        ``sampling`` may be one Sampling, or a dict of its fields. ``images`` replace the cameras, raw ones first. ``resend``: the question may be
        asked twice (see ActionCaller.start); None: unless it is spoken or belongs to a session.
        ValueError for an option that does not exist.
        """
        given = _options(options)
        goal = AskImage.Goal(
            question=question,
            cameras=list(cameras),
            images=[image for image in images if isinstance(image, Image)],
            compressed_images=[image for image in images if isinstance(image, CompressedImage)],
            session_id=session_id,
            options=given,
        )
        timeout = given.timeout.sec + given.timeout.nanosec / 1e9
        if resend is None:
            resend = not (session_id or given.speak)
        return PendingAnswer(self._caller.start(goal, timeout + GRACE if timeout else None, resend))

    def ask(self, question: str, **arguments: Any) -> Answer:
        """Asks and waits for the answer. Arguments as for ``start``."""
        return self.start(question, **arguments).result()

    def ask_stream(self, question: str, **arguments: Any) -> PendingAnswer:
        """Asks; iterate over what it returns to get the text as it is written. Arguments as for ``start``."""
        return self.start(question, **arguments)

    def ask_choice(self, question: str, choices: Sequence[str], **arguments: Any) -> Choice:
        """Asks for one of ``choices``. What the answer says in place of one, as with ``verify="required"``, is in its text."""
        answer = self.ask(question, choices=list(choices), **arguments)
        index = answer.choice_index
        return Choice(choices[index] if index >= 0 else "", index, answer.confidence, answer)

    def ask_json(self, question: str, schema: dict | str, **arguments: Any) -> Any:
        """Asks for JSON that ``schema`` accepts and gives it parsed; EngineFailed if it was cut off or is none."""
        text = schema if isinstance(schema, str) else json.dumps(schema)
        answer = self.ask(question, json_schema=text, **arguments)
        try:
            return json.loads(answer.text)
        except json.JSONDecodeError as error:
            cut = " (max_tokens was reached: give more)" if answer.finish_reason == Answer.LENGTH else ""
            raise errors.EngineFailed(f"the answer is no JSON{cut}: {answer.text!r}", answer=answer) from error

    def cancel(self) -> None:
        """Cancels every question of this client that is not answered yet; returns at once."""
        self._caller.cancel()

    @property
    def closed(self) -> bool:
        """It was closed, or the ROS that it lived in was shut down."""
        return self._caller.closed

    def wait_for_server(self, timeout: float) -> bool:
        """Whether the node is there within ``timeout`` seconds."""
        return self._caller.wait_for_server(timeout)

    def close(self) -> None:
        """Cancels what is not answered; the last client of the process ends the shared node."""
        self._caller.close()

    def __enter__(self) -> VqaClient:
        return self

    def __exit__(self, *exception) -> None:
        self.close()


class TtsClient:
    """Lets the node ``tts`` speak; threads, ``node``, ``name`` and ``server_timeout`` as for VqaClient."""

    def __init__(self, node: Node | None = None, name: str = "tts", server_timeout: float = 10.0):
        self._caller = ActionCaller(Say, f"{name}/say", node, server_timeout, HUNG_AFTER)

    def start(self, text: str, *, language: str = "", priority: int = 0, interrupt: bool = False) -> Goal:
        """Speaks and returns at once. The goal's result is that of Say.action; it is never said twice."""
        return self._caller.start(Say.Goal(text=text, language=language, priority=priority, interrupt=interrupt))

    def say(self, text: str, **arguments: Any) -> Say.Result:
        """Speaks and waits until it is said or interrupted. Arguments as for ``start``."""
        return self.start(text, **arguments).result()[1]

    @property
    def closed(self) -> bool:
        """It was closed, or the ROS that it lived in was shut down."""
        return self._caller.closed

    def wait_for_server(self, timeout: float) -> bool:
        """Whether the node is there within ``timeout`` seconds."""
        return self._caller.wait_for_server(timeout)

    def close(self) -> None:
        """Silences what this client says; the last client of the process ends the shared node."""
        self._caller.close()

    def __enter__(self) -> TtsClient:
        return self

    def __exit__(self, *exception) -> None:
        self.close()


def _options(fields: dict[str, Any]) -> AskOptions:
    known = AskOptions.get_fields_and_field_types()
    unknown = sorted(set(fields) - set(known))
    if unknown:
        raise ValueError(f"AskOptions has no {', '.join(unknown)}; it has {', '.join(known)}")
    values = dict(fields)
    for name in ("timeout", "max_image_age"):
        if isinstance(values.get(name), (int, float)):
            nanoseconds = round(values[name] * 1e9)
            values[name] = Duration(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)
    values["past"] = [_exchange(one) for one in values.get("past", ())]
    sampling = values.get("sampling", ())
    if isinstance(sampling, dict):
        values["sampling"] = [Sampling(**sampling)]
    elif isinstance(sampling, Sampling):
        values["sampling"] = [sampling]
    return AskOptions(**values)


def _exchange(given: Exchange | Sequence) -> Exchange:
    if isinstance(given, Exchange):
        return given
    question, answer, *pictures = given
    return Exchange(question=question, answer=answer, pictures=pictures[0] if pictures else 0)

"""What the node tts says about itself on /diagnostics. docs/operations.md says what to do about each."""

from __future__ import annotations

from collections.abc import Iterable

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from glm4v_ros.errors import BadRequest
from glm4v_ros.nodes.parameter import Declared
from glm4v_ros.speech.owners import Owners
from glm4v_ros.speech.speaker import Speaker

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR


def speech_statuses(name: str, speaker: Speaker, owners: Owners, parameters: Declared) -> list[DiagnosticStatus]:
    """Those of node, voice, sound and queue; ``name`` is the node's."""
    return [
        _status(
            f"{name}: node",
            *((WARN, wrong) if (wrong := wrong_parameters(parameters)) else (OK, "runs")),
            [("owners", " ".join(owners.there))],
        ),
        _status(
            f"{name}: voice",
            *_level(speaker.voice_trouble.text, "speaks" if speaker.speaking else "is ready"),
            [("voice", parameters["voice"]), ("said", speaker.said), ("restarts", speaker.voice_restarts)],
        ),
        _status(
            f"{name}: sound",
            *_level(speaker.output_trouble.text, f"goes to {parameters['output']}"),
            [("output", parameters["output"]), ("device", parameters["device"]), ("speaking", speaker.speaking)],
        ),
        _status(
            f"{name}: queue",
            *_queue(speaker.queued, speaker.max_queue),
            [("queue", speaker.queued), ("max_queue", speaker.max_queue)],
        ),
    ]


def wrong_parameters(parameters: Declared) -> str:
    """What was given wrongly at start; empty: nothing. A robot without a voice could not say it."""
    try:
        parameters.check()
    except BadRequest as error:
        return f"the defaults are used in place of what cannot be: {error}"
    return ""


def _level(trouble: str, well: str) -> tuple[bytes, str]:
    return (ERROR, trouble) if trouble else (OK, well)


def _queue(queued: int, limit: int) -> tuple[bytes, str]:
    if queued >= limit:
        return WARN, f"{queued} sentences wait, and one more is refused: ~/stop drops them, or raise max_queue"
    return OK, f"{queued} sentences wait"


def _status(name: str, level: bytes, text: str, values: Iterable[tuple[str, object]]) -> DiagnosticStatus:
    return DiagnosticStatus(
        level=level, name=name, message=text, values=[KeyValue(key=k, value=str(v)) for k, v in values]
    )

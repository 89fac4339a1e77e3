"""What the node says about itself on /diagnostics."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from glm4v_ros.engine.status import EngineStatus
from glm4v_ros.errors import VqaError
from glm4v_ros.nodes.camera import Camera

OK, WARN, ERROR, STALE = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR, DiagnosticStatus.STALE


@dataclass(frozen=True)
class Tally:
    """How the questions of this node ended, since it started."""

    answered: int = 0
    refused: int = 0  # with an error code
    last_error: str = ""

    def with_one_more(self, error: VqaError | None) -> Tally:
        """``error`` is what the question ended with; None: it was answered."""
        if error is None:
            return replace(self, answered=self.answered + 1)
        return replace(self, refused=self.refused + 1, last_error=f"{error.code.name}: {error}")


def node_status(name: str, state: str, trouble: str, tally: Tally, in_flight: int) -> DiagnosticStatus:
    """``trouble`` is why the node is not active although it should be; empty: all is well."""
    level, text = (ERROR, trouble) if trouble else (OK, state)
    return _status(
        f"{name}: node",
        level,
        text,
        [
            ("lifecycle state", state),
            ("questions in flight", in_flight),
            ("answered", tally.answered),
            ("ended with an error code", tally.refused),
            ("last error", tally.last_error),
        ],
    )


def engine_status(name: str, status: EngineStatus, wants_gpu: bool) -> DiagnosticStatus:
    if status.failed:
        level, text = ERROR, status.failed
    elif not status.loaded:
        level, text = WARN, "the model is being loaded"
    elif wants_gpu and not status.gpu_offload:
        level, text = WARN, "runs on the CPU although there is a GPU, or gpu_layers asks for one"
    else:
        level, text = OK, status.stage or "idle"
    return _status(
        f"{name}: engine",
        level,
        text,
        [
            ("model", status.model),
            ("device", status.device),
            ("gpu offload", status.gpu_offload),
            ("stage", status.stage),
            ("queue", status.queue_length),
            ("running", status.running),
            ("tokens/s", f"{status.tokens_per_second:.1f}"),
            ("context tokens", status.context_tokens),
            ("context tokens used", status.used_tokens),
            ("context tokens of frames and sessions", status.prefix_tokens),
            ("image embeddings MiB", f"{status.embedding_mib:.1f}"),
            ("worker pid", status.worker_pid),
            ("worker restarts", status.worker_restarts),
            ("worker memory MiB", f"{status.resident_mib:.0f}"),
            ("heartbeat age s", f"{status.heartbeat_age:.1f}"),
        ],
    )


def camera_status(name: str, camera: Camera, max_age: float) -> DiagnosticStatus:
    age = camera.age
    if age is None:
        level, text = WARN, f"no picture on {camera.topic} yet"
    elif age > max_age:
        level, text = WARN, f"the newest picture is {age:.1f} s old"
    else:
        level, text = OK, f"{camera.rate:.1f} pictures/s"
    return _status(
        f"{name}: camera {camera.name}",
        level,
        text,
        [
            ("topic", camera.topic),
            ("pictures", camera.received),
            ("rate Hz", f"{camera.rate:.1f}"),
            ("last image age s", "" if age is None else f"{age:.3f}"),
        ],
    )


def _status(name: str, level: bytes, text: str, values: Iterable[tuple[str, object]]) -> DiagnosticStatus:
    return DiagnosticStatus(
        level=level, name=name, message=text, values=[KeyValue(key=k, value=str(v)) for k, v in values]
    )
